"""Names that code makes up, and names that it takes from a text that is written there."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from noxline.testing.altering import callee

_COMPUTING = frozenset({"getattr", "setattr", "methodcaller", "attrgetter", "eval", "exec", "globals", "vars"})
_BY_NAME = frozenset({"getattr", "setattr", "delattr", "hasattr"})
_LOOKING_UP = frozenset({"get", "setdefault", "pop"})
_DICT = "__dict__"


def meant_attribute(node: ast.AST) -> ast.Attribute | None:
    """Return the attribute that a text names: in `getattr(it, "name")`, `it.__dict__["name"]`, and their like."""
    if isinstance(node, ast.Subscript):
        return _attribute(_dict_owner(node.value), node.slice)
    if not isinstance(node, ast.Call):
        return None
    if callee(node) in _BY_NAME:
        return _attribute(*node.args[:2]) if len(node.args) > 1 else None
    if isinstance(node.func, ast.Attribute) and node.func.attr in _LOOKING_UP and node.args:
        return _attribute(_dict_owner(node.func.value), node.args[0])
    return None


def _attribute(value: ast.expr | None, name: ast.expr) -> ast.Attribute | None:
    if value is None or not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return None
    return ast.Attribute(value=value, attr=name.value, ctx=ast.Load())


def _dict_owner(node: ast.expr) -> ast.expr | None:
    """Return whose dictionary of attributes this is."""
    return node.value if isinstance(node, ast.Attribute) and node.attr == _DICT else None


def computing_in(nodes: Sequence[ast.AST]) -> list[ast.AST]:
    """Return what asks for names that are not written down."""
    written = {id(_looked_into(node)) for node in nodes if meant_attribute(node)}
    return [node for node in nodes if _computes(node) and id(node) not in written]


def _looked_into(node: ast.AST) -> ast.AST:
    """Return the dictionary in which something is looked up; for a function that does so, the call itself."""
    if isinstance(node, ast.Subscript):
        return node.value
    return node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else node


def _computes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.Attribute) and node.attr == _DICT
    return callee(node) in _COMPUTING and not (len(node.args) > 1 and isinstance(node.args[1], ast.Constant))


def only_compared(computing: Iterable[ast.AST], everything: Sequence[ast.AST]) -> list[ast.Call]:
    """Return those calls of `getattr` of whose results nothing is done but to compare them."""
    compared = set(map(id, _compared_in(everything)))
    calls = [node for node in computing if isinstance(node, ast.Call) and callee(node) == "getattr"]
    return [call for call in calls if _is_only(call, compared, everything)]


def _compared_in(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        if isinstance(node, ast.Compare):
            yield node.left
            yield from node.comparators


def _is_only(call: ast.AST, places: set[int], everything: Sequence[ast.AST]) -> bool:
    """Tell whether a value is nowhere but in these places, itself or as a variable that keeps it."""
    targets = [target for node in everything for target in _keeping(node, call)]
    if not all(isinstance(target, ast.Name) for target in targets):
        return False
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return all(id(use) in places for use in (_loads(names, everything) if targets else [call]))


def _keeping(node: ast.AST, value: ast.AST) -> list[ast.expr]:
    """Return what an assignment gives this value to."""
    return node.targets if isinstance(node, ast.Assign) and node.value is value else []


def _loads(names: set[str], nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            yield node
