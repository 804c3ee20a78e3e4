"""Dictionaries with weak keys in which things are looked up by their keys, and nothing else.

Whoever has no key finds nothing there: an entry whose key is gone but for the entry itself carries nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

_KIND = "WeakKeyDictionary"
_ANY_NAME = frozenset({"vars", "globals", "__dict__"})
_BY_ANY_NAME = (b"vars(", b"globals(", b"__dict__", b"match ")
_LOOKING_UP = frozenset({"get", "setdefault", "pop"})


def looked_up(texts: Mapping[str, bytes]) -> list[str]:
    """Return the names of such dictionaries; `texts` are all sources by file.

    One that is gone through, handed on or counted anywhere, under its name, is none; nor is any where a file that says
    such a name cannot be read.
    """
    made = {found for text in texts.values() if _KIND.encode() in text for found in _made_in(_parsed(text))}
    names = {name for name, _ in made}
    sayable = {name for name, hidden in made if not hidden}
    for text in texts.values():
        names -= _said_otherwise(text, names, sayable)
    return sorted(names)


def _said_otherwise(text: bytes, names: set[str], sayable: set[str]) -> set[str]:
    """Return those of the names that a file says for anything but a look-up; all where it cannot be read."""
    said = {name for name in names if name.encode() in text}
    if any(mark in text for mark in _BY_ANY_NAME):
        said |= sayable
    tree = _parsed(text) if said else None
    if tree is None:
        return said
    any_name = any(map(_reaches_any_name, ast.walk(tree)))
    return {*_mentioned_otherwise(tree), *(sayable if any_name else sayable & _texts_in(tree))}


def _reaches_any_name(node: ast.AST) -> bool:
    """Tell whether a piece of code gets at variables or attributes without saying their names in the usual way."""
    return isinstance(node, ast.MatchClass) or _name_of(node) in _ANY_NAME


def _parsed(text: bytes) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _made_in(tree: ast.Module | None) -> Iterator[tuple[str, bool]]:
    """Yield the names under which something keeps a dictionary with weak keys that it makes.

    With each comes whether it is a variable of a function alone, which no text can name.
    """
    everything = list(ast.walk(tree)) if tree else []
    inside, shared = set[int](), set[str]()
    for node in everything:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside.update(map(id, ast.walk(node)))
        elif isinstance(node, ast.Global):
            shared.update(node.names)
    for target in filter(_name_of, _targets(everything)):
        name = _name_of(target)
        yield name, isinstance(target, ast.Name) and id(target) in inside and name not in shared


def _targets(everything: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """Yield what is assigned to when such a dictionary is made."""
    for node in everything:
        if isinstance(node, ast.Assign) and _makes(node.value):
            yield from node.targets
        elif isinstance(node, ast.AnnAssign) and _makes(node.value):
            yield node.target


def _makes(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and _name_of(node.func) == _KIND


def _texts_in(tree: ast.Module) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _mentioned_otherwise(tree: ast.Module) -> Iterator[str]:
    """Yield the names that are mentioned for anything but a look-up, those that are set or deleted left out."""
    looking = {id(node) for parent in ast.walk(tree) for node in _looked_up_in(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.asname:
            yield node.name.rpartition(".")[2]
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in looking:
            yield _name_of(node)


def _looked_up_in(node: ast.AST) -> Iterable[ast.AST]:
    """Return the dictionaries in which a piece of code looks something up."""
    if isinstance(node, ast.Subscript):
        return [node.value]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOOKING_UP:
        return [node.func.value] if node.args else []
    if isinstance(node, ast.Compare):
        pairs = zip(node.ops, node.comparators, strict=True)
        return [side for op, side in pairs if isinstance(op, ast.In | ast.NotIn)]
    return []
