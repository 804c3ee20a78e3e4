"""Whether a function may change what it is given, or keep it: by what its source does with its parameters."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

MUTATING = frozenset(
    {"append", "add", "update", "setdefault", "insert", "extend", "pop", "clear", "remove", "discard", "popitem"}
    | {"__setitem__", "__delitem__", "appendleft", "register", "move_to_end"}
)
_ASKING = frozenset(
    {"isinstance", "issubclass", "len", "bool", "str", "repr", "type", "id", "hash", "hasattr", "getattr", "callable"}
    | {"startswith", "endswith", "lower", "upper", "strip"}
)
_ANYTHING = frozenset({"eval", "exec", "locals", "vars", "globals", "setattr", "delattr", "next"})
# What a function inside does with a variable is not seen, nor what goes on while a value waits outside.
_UNCLEAR = (ast.Global, ast.Nonlocal, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Match)
# Entries may be made by asking for them, iterators used up by looking into them; an operator may do anything.
_USING = (ast.AugAssign, ast.BinOp, ast.Subscript, ast.Starred, ast.For, ast.AsyncFor, ast.comprehension)
_USING_TOO = (ast.withitem, ast.Yield, ast.YieldFrom, ast.Await, ast.Delete, ast.Raise)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alters:
    """What one block does with its parameters, and with what it makes of them.

    `itself`: it may change or keep them; `hands_on` names the functions that get them, `asks` attributes that it reads.
    """

    itself: bool = False
    hands_on: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()


NOTHING = Alters()


def altered(nodes: Sequence[ast.AST], parameters: frozenset[str], bound: frozenset[str]) -> Alters:
    """Return what becomes of the parameters of one block; `bound` are all variables of its own.

    `nodes` are all of the block, each before what is inside it.
    """
    if not parameters:
        return NOTHING
    said = _saying(nodes, _derived(nodes, parameters))
    if any(_changes(node, said, bound) for node in nodes):
        return Alters(itself=True)
    return _told(node for node in nodes if id(node) in said)


def _told(said: Iterable[ast.AST]) -> Alters:
    hands_on, asks = set[str](), set[str]()
    for node in said:
        if isinstance(node, ast.Call):
            hands_on.add(callee(node))
        elif isinstance(node, ast.Attribute):
            asks.add(node.attr)
    return Alters(hands_on=frozenset(hands_on), asks=frozenset(asks))


def callee(call: ast.Call) -> str:
    """Return the name that a call calls; empty for a function that is computed."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _derived(nodes: Sequence[ast.AST], parameters: frozenset[str]) -> frozenset[str]:
    """Return the variables that hold parameters, or something made of them."""
    made_of: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            names = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
            made = {name.id for name in names if _is_set(name)}
            for name in names:
                made_of.setdefault(name.id, set()).update(made)
    found, waiting = set(parameters), [*parameters]
    while waiting:
        new = made_of.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return frozenset(found)


def _is_set(node: ast.Name | ast.Attribute | ast.Subscript) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _saying(nodes: Sequence[ast.AST], names: frozenset[str]) -> set[int]:
    """Return the nodes, by identity, that say any of these names somewhere inside them."""
    found: set[int] = set()
    for node in reversed(nodes):
        if isinstance(node, ast.Name):
            says = node.id in names
        else:
            says = any(id(inner) in found for inner in ast.iter_child_nodes(node))
        if says:
            found.add(id(node))
    return found


def _changes(node: ast.AST, said: set[int], bound: frozenset[str]) -> bool:
    """Tell whether a piece of code may itself change, or keep, what these variables hold."""
    if isinstance(node, _UNCLEAR):
        return True
    if isinstance(node, ast.Call):
        return _calls_unclear(node, said, bound)
    return id(node) in said and _uses(node)


def _uses(node: ast.AST) -> bool:
    """Tell whether whatever a piece of code speaks of may be another afterwards, or lie elsewhere, too."""
    if isinstance(node, ast.Attribute):
        return _is_set(node)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return _keeps(node)
    if isinstance(node, ast.Compare):
        return any(isinstance(op, ast.In | ast.NotIn) for op in node.ops)
    return isinstance(node, _USING + _USING_TOO)


def _keeps(node: ast.Assign | ast.AnnAssign) -> bool:
    """Tell whether an assignment sets anything but variables."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = (part for target in targets for part in ast.walk(target))
    return any(isinstance(part, ast.Attribute | ast.Subscript) and _is_set(part) for part in parts)


def _calls_unclear(call: ast.Call, said: set[int], bound: frozenset[str]) -> bool:
    """Tell whether a call may do anything with these variables: through a method that takes something, for one."""
    name, func = callee(call), call.func
    if name in _ANYTHING:
        return True
    if id(call) not in said:
        return False
    if isinstance(func, ast.Attribute):
        takes = bool(call.args or call.keywords) and name not in _ASKING
        return name in MUTATING or (takes and id(func.value) in said)
    return not name or name in bound


class Altering:
    """Answers which functions may change or keep what they are given, with all that they hand it on to.

    `of` tells of each block what it does itself; `functions` which blocks a name may mean, `unsettled` are names of
    which more may run than is written down, `unasked` the blocks that run without being called.
    """

    def __init__(
        self,
        of: Sequence[Alters],
        functions: Callable[[Iterable[str]], set[int]],
        *,
        unsettled: Container[str],
        unasked: Iterable[int],
    ) -> None:
        self._of = of
        self._functions = functions
        self._unsettled = unsettled
        self._meant: dict[str, frozenset[int]] = {}
        self._restless = frozenset(number for number in unasked if of[number].itself)
        self._among = frozenset[int]()
        self._known: dict[tuple[str, bool], bool] = {}

    def may(self, name: str, among: frozenset[int], *, sure: bool = False) -> bool:
        """Tell whether a function of this name may, as far as those ran that have it among these blocks.

        Where none of them ran another one was called, unless it is `sure` that the name means nothing else. Any may
        where a special method ran that changes its object or what it is compared with.
        """
        if among is not self._among:
            self._among, self._known = among, {}
        if (name, sure) not in self._known:
            self._known[name, sure] = self._may(name, among, sure=sure)
        return self._known[name, sure]

    def _may(self, name: str, among: frozenset[int], *, sure: bool) -> bool:
        if not self._restless.isdisjoint(among):
            return True
        if sure and name not in self._unsettled and self._all(name) and not self._ran(name, among):
            return False
        return any(self._found(name, among))

    def _found(self, name: str, among: frozenset[int]) -> Iterator[bool]:
        """Yield for each function that gets hold of it whether that one may, until one does."""
        known, waiting = {name}, [name]
        while waiting:
            name = waiting.pop()
            ran = self._ran(name, among)
            yield name in self._unsettled or not ran
            for alters in map(self._of.__getitem__, ran):
                yield alters.itself
                inner = {one for one in alters.hands_on if one not in _ASKING or self._ran(one, among)}
                inner |= {one for one in alters.asks if self._ran(one, among)}
                waiting += inner - known
                known |= inner

    def _ran(self, name: str, among: frozenset[int]) -> frozenset[int]:
        return self._all(name) & among

    def _all(self, name: str) -> frozenset[int]:
        if name not in self._meant:
            self._meant[name] = frozenset(self._functions({name}))
        return self._meant[name]
