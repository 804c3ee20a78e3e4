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
    """What one block says: names it mentions, names it passes on, whether it writes what lasts.

    `stores` are lines that write to the object of the method, `fills` those that write to another argument, `lends`
    names of functions that it calls with something that may outlive the call. `computes`: it calls by names that are
    not written down.
    """

    names: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    writes: bool = False
    stores: tuple[int, ...] = ()
    fills: tuple[int, ...] = ()
    lends: frozenset[str] = frozenset()
    computes: bool = False


@dataclass(slots=True)
class Lasting:
    """All that the sources of a project say about lasting results, by (file, number of the block)."""

    facts: dict[tuple[str, int], Facts] = field(default_factory=dict)
    memo: set[str] = field(default_factory=set)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    bases: dict[str, set[str]] = field(default_factory=dict)
    lent: set[str] = field(default_factory=set)
    _decorated: list[tuple[str, str]] = field(default_factory=list)

    def add(self, file: str, source: Source) -> None:
        """Take one file into account."""
        outside = _module_names(source.nodes[0])
        self.own |= outside
        for number, nodes in enumerate(source.nodes):
            constructor = source.blocks[number].name.rpartition(".")[2].partition("#")[0] in ("__init__", "__new__")
            facts = self.facts[file, number] = _facts(nodes, outside, constructor=constructor or not number)
            self.lent |= facts.lends
            for node in _walk(nodes):
                self._take_definition(node, local=bool(number))

    def _take_definition(self, node: ast.AST, *, local: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.own.add(node.name)
            for decorator in node.decorator_list:
                names = list(_names(decorator))
                self._decorated += [(node.name, names[0])] if names else []
                if any(map(_MEMO.search, names)):
                    self.memo.add(node.name)
        elif isinstance(node, ast.ClassDef):
            self.own.add(node.name)
            self.bases.setdefault(node.name, set()).update(name for base in node.bases for name in _names(base))
        elif isinstance(node, ast.Assign) and not local:
            named = set(_names(node.value))
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
    writes = bool(declared & {n.id for n in everything if isinstance(n, ast.Name)})
    stores: set[int] = set()
    fills: set[int] = set()
    for root, line in _stored(everything):
        if root in fresh:
            continue
        if root == "cls" or root == "" or (root in outside and root not in bound):
            writes = True
        elif not constructor:
            (stores if root == "self" else fills).add(line)
    return Facts(
        names=frozenset(name for node in nodes for name in _names(node)),
        passed=frozenset(passed),
        writes=writes,
        stores=tuple(sorted(stores)),
        fills=tuple(sorted(fills)),
        lends=frozenset(name for call in calls for name in _lends(call, outside)),
        computes=any(_computes(call) for call in calls),
    )


def _lends(call: ast.Call, outside: set[str]) -> Iterator[str]:
    """Yield the name of a function that is called with a variable of the module, or with an attribute."""
    name = _called(call)
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(argument, ast.Attribute | ast.Starred) or getattr(argument, "id", "") in outside:
            yield name


def _called(node: ast.AST) -> str:
    """Return the name that a call calls; empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _computes(call: ast.Call) -> bool:
    name = _called(call)
    if name not in _COMPUTING:
        return False
    return not (name == "getattr" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant))


def _fresh(nodes: Sequence[ast.AST]) -> set[str]:
    """Return the local names that only ever hold new containers."""
    found: dict[str, bool] = {}
    new = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Constant, ast.JoinedStr)
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            made = isinstance(node.value, new) or _called(node.value) in ("list", "dict", "set", "defaultdict")
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
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
    """Follows names from block to block among those that ran; `qualified` are the names of the blocks, by number."""

    def __init__(self, blocks: Sequence[tuple[str, int]], qualified: Sequence[str], lasting: Lasting) -> None:
        names = [name.rpartition(".")[2].partition("#")[0] for name in qualified]
        classes = self.classes = [name.rpartition(".")[0].rpartition(".")[2] for name in qualified]
        self._blocks = blocks
        self._lasting = lasting
        self.names = names
        self._special: dict[str, set[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            if name:
                self._by_name.setdefault(name, []).append(number)
        dunder = [name for name in self._by_name if name.startswith("__")]
        self._classes: dict[str, set[int]] = {}
        for name in dunder:
            for number in self._by_name.pop(name):
                self._classes.setdefault(classes[number], set()).add(number)
        self.fills = {n for n, name in enumerate(names) if name in lasting.lent}
        self.lasting = {n for n, name in enumerate(names) if name and lasting.is_lasting(blocks[n], name)}

    def facts(self, number: int) -> Facts:
        """Return what a block says."""
        return self._lasting.facts.get(self._blocks[number], Facts())

    def named(self, names: Iterable[str]) -> set[int]:
        """Return the functions that these names may mean."""
        meant = set(names)
        for name in list(meant):
            meant |= self._lasting.aliases.get(name, set())
        found = {number for name in meant for number in self._by_name.get(name, ())}
        for name in meant & self._lasting.bases.keys():
            found |= self.special(name)
        return found

    def special(self, name: str) -> set[int]:
        """Return the special methods of a class, those of its bases included: whoever names it may make one."""
        if name not in self._special:
            self._special[name] = set(self._classes.get(name, ()))
            for base in self._lasting.bases.get(name, ()):
                self._special[name] |= self.special(base)
        return self._special[name]

    def may_be_shared(self, number: int, shared: set[int]) -> bool:
        """Tell whether the object of a method may be one that outlives a test: something shared makes its kind."""
        name = self.classes[number]
        makers = {n for n in self._classes.get(name, ()) if self.names[n] in ("__init__", "__new__")}
        return not makers or not makers.isdisjoint(shared)

    def of(self, starts: Iterable[int], among: set[int]) -> set[int]:
        """Return what these blocks may have run of the blocks that ran with them."""
        reached: set[int] = set()
        waiting = [*starts]
        while waiting:
            number = waiting.pop()
            if number in reached or number not in among:
                continue
            reached.add(number)
            facts = self.facts(number)
            if facts.computes:
                return set(among)
            waiting += self.named(facts.names)
            waiting += self.special(self.classes[number])
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
