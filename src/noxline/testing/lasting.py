"""What outlives a test: caches, lazily set attributes, states of modules and classes.

Only the first caller of such code is seen executing it. The others depend on it through the callers that they did
execute: whoever runs code that names a function with lasting results depends on all that this function may have run.
Names stand for what they may mean: every function of that name that ran in the same context.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from noxline.testing.blocks import Source

_MEMO = re.compile(r"cache|memo|lazy|once|singleton|reify", re.IGNORECASE)
_HARMLESS = frozenset(
    {"property", "staticmethod", "classmethod", "abstractmethod", "overload", "override", "final", "wraps"}
    | {"contextmanager", "asynccontextmanager", "setter", "getter", "deleter", "fixture", "total_ordering"}
    | {"typing", "abc", "functools", "contextlib", "pytest", "builtins", "mark", "skipif", "parametrize", "patch"}
)
_MUTATING = frozenset(
    {"append", "add", "update", "setdefault", "insert", "extend", "pop", "clear", "remove", "discard", "popitem"}
    | {"__setitem__", "__delitem__", "appendleft", "register", "move_to_end"}
)
_COMPUTING = frozenset({"getattr", "methodcaller", "attrgetter", "eval", "exec", "globals", "locals", "vars"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What one block says: names it mentions, names it passes on, whether it writes what lasts, lines that may.

    `computes`: it calls by names that are not written down.
    """

    names: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    writes: bool = False
    stores: tuple[int, ...] = ()
    computes: bool = False


@dataclass(slots=True)
class Lasting:
    """All that the sources of a project say about lasting results, by (file, number of the block)."""

    facts: dict[tuple[str, int], Facts] = field(default_factory=dict)
    memo: set[str] = field(default_factory=set)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    _decorated: list[tuple[str, str]] = field(default_factory=list)

    def add(self, file: str, source: Source) -> None:
        """Take one file into account."""
        outside = _module_names(source.nodes[0])
        self.own |= outside
        for number, nodes in enumerate(source.nodes):
            constructor = source.blocks[number].name.rpartition(".")[2].partition("#")[0] in ("__init__", "__new__")
            self.facts[file, number] = _facts(nodes, outside, constructor=constructor or not number)
            for node in _walk(nodes):
                self._take_definition(node)

    def _take_definition(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.own.add(node.name)
            for decorator in node.decorator_list:
                names = list(_names(decorator))
                self._decorated += [(node.name, names[0])] if names else []
                if any(map(_MEMO.search, names)):
                    self.memo.add(node.name)
        elif isinstance(node, ast.ClassDef):
            self.own.add(node.name)
        elif isinstance(node, ast.Assign):
            named = {name for name in _names(node.value)}
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.aliases.setdefault(target.id, set()).update(named)
            if any(map(_MEMO.search, named)):
                self.memo |= named

    def is_lasting(self, block: tuple[str, int], name: str) -> bool:
        """Tell whether what a function comes to may outlive the test that called it."""
        return name in self._memo() or self.facts.get(block, Facts()).writes

    def _memo(self) -> set[str]:
        """Return the functions that a cache stands before, as far as decorators that nobody knows may be one."""
        for function, decorator in self._decorated:
            if decorator not in self.own and decorator not in _HARMLESS:
                self.memo.add(function)
        self._decorated.clear()
        return self.memo


def _walk(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield from ast.walk(node)


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names in an expression, the outermost attribute first."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _module_names(nodes: Sequence[ast.stmt]) -> set[str]:
    found: set[str] = set()
    for node in _walk(nodes):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def _facts(nodes: Sequence[ast.stmt], outside: set[str], *, constructor: bool) -> Facts:
    everything = list(_walk(nodes))
    calls = [node for node in everything if isinstance(node, ast.Call)]
    passed = {n for call in calls for arg in (*call.args, *(k.value for k in call.keywords)) for n in _names(arg)}
    declared = {n for node in everything if isinstance(node, ast.Global | ast.Nonlocal) for n in node.names}
    fresh = _fresh(everything) - declared
    bound = {n.id for n in everything if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - declared
    writes, stores = bool(declared & {n.id for n in everything if isinstance(n, ast.Name)}), []
    for root, line in _stored(everything):
        if root in fresh:
            continue
        if root == "cls" or root == "" or (root in outside and root not in bound):
            writes = True
        elif not constructor:
            stores.append(line)
    return Facts(
        names=frozenset(name for node in nodes for name in _names(node)),
        passed=frozenset(passed),
        writes=writes,
        stores=tuple(sorted(set(stores))),
        computes=any(_computes(call) for call in calls),
    )


def _computes(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name not in _COMPUTING:
        return False
    return not (name == "getattr" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant))


def _fresh(nodes: Sequence[ast.AST]) -> set[str]:
    """Return the local names that only ever hold new containers."""
    found: dict[str, bool] = {}
    new = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Constant, ast.JoinedStr)
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    builtin = isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)
                    made = isinstance(node.value, new) or (
                        builtin and getattr(node.value.func, "id", "") in ("list", "dict", "set", "defaultdict")
                    )
                    found[target.id] = made and found.get(target.id, True)
    return {name for name, made in found.items() if made}


def _stored(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """Yield the root name and the line of each write to an attribute or an item; "" where the root is no name."""
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield _root(node), node.lineno
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in _MUTATING:
                yield _root(called.value), node.lineno
            elif isinstance(called, ast.Name) and called.id in ("setattr", "delattr") and node.args:
                yield _root(node.args[0]), node.lineno


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr == "__class__":
            return ""
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type":
        return ""
    return node.id if isinstance(node, ast.Name) else "self"


class Reach:
    """Follows names from block to block among those that ran; `names` are the blocks' own, by their number."""

    def __init__(self, blocks: Sequence[tuple[str, int]], names: Sequence[str], lasting: Lasting) -> None:
        self._blocks = blocks
        self._lasting = lasting
        self._by_name: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            if name:
                self._by_name.setdefault(name, []).append(number)
        self._dunder = {n for name, ns in self._by_name.items() if name.startswith("__") for n in ns}
        self.lasting = {n for n, name in enumerate(names) if name and lasting.is_lasting(blocks[n], name)}

    def facts(self, number: int) -> Facts:
        """Return what a block says."""
        return self._lasting.facts.get(self._blocks[number], Facts())

    def named(self, names: Iterable[str]) -> set[int]:
        """Return the functions that these names may mean."""
        meant = set(names)
        for name in list(meant):
            meant |= self._lasting.aliases.get(name, set())
        return {number for name in meant for number in self._by_name.get(name, ())}

    def of(self, starts: Iterable[int], among: set[int]) -> set[int]:
        """Return what these blocks may have run of the blocks that ran with them."""
        reached: set[int] = set()
        waiting = [*starts, *(self._dunder & among)]
        while waiting:
            number = waiting.pop()
            if number in reached or number not in among:
                continue
            reached.add(number)
            facts = self.facts(number)
            if facts.computes:
                return set(among)
            waiting += self.named(facts.names)
        return reached


def called_before(blocks: Iterable[int], reach: Reach, together: Mapping[int, set[int]]) -> set[int]:
    """Return what a test depends on that ran these blocks, beyond them: what earlier tests may have left for it."""
    found: set[int] = set()
    for number in blocks:
        facts = reach.facts(number)
        for other in reach.named(facts.names) & reach.lasting & together.keys():
            found |= reach.of({other, *reach.named(facts.passed)}, together[other])
        if number in reach.lasting and number in together:
            found |= reach.of({number}, together[number])
    return found
