"""What outlives a test: caches, and states of modules, classes and their objects.

Only the first caller of such code is seen executing it. The others depend on it through the names that they say:
whoever ran code that names a lasting place depends on what may have made that which lies there.

A place is known by names: that of a variable of a module, of an attribute, of a function with a cache before it. Which
places last is read from the source (caches by their decorators, variables of modules that functions change) and seen
while the tests ran (`changed`): whatever names of the project held something else afterwards than before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from noxline.testing.blocks import Source

_MEMO = re.compile(r"cache|memo|lazy|once|singleton|reify", re.IGNORECASE)
_MUTATING = frozenset(
    {"append", "add", "update", "setdefault", "insert", "extend", "pop", "clear", "remove", "discard", "popitem"}
    | {"__setitem__", "__delitem__", "appendleft", "register", "move_to_end"}
)
_SELF = frozenset({"self", "cls", "mcs"})
_CHANGING = frozenset({"setattr", "delattr", "next", "heappush", "heappop", "heapify", "insort", "shuffle", "update"})
_COMPUTING = frozenset({"getattr", "setattr", "methodcaller", "attrgetter", "eval", "exec", "globals", "vars"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What one block says.

    `names` are those it mentions and does not bind itself, `calls` the names handed to each function that it calls,
    `passes` the functions that get its own parameters,
    `writes` those whose content it may change, `through` functions that give it what it changes, `lends` the names lent
    to each function that it calls, `shared` variables of the module that it changes;
    `computes`: it calls by names that are not written down.
    """

    names: frozenset[str] = frozenset()
    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    passes: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    through: frozenset[str] = frozenset()
    lends: Mapping[str, frozenset[str]] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    computes: bool = False


def facts_of(nodes: Sequence[ast.stmt], parameters: frozenset[str], outside: frozenset[str]) -> Facts:
    """Return what a block says; `outside` are the variables of its module, what it imports left out."""
    everything = [node for statement in nodes for node in ast.walk(statement)]
    shared = {n for node in everything if isinstance(node, ast.Global) for n in node.names}
    declared = shared | {n for node in everything if isinstance(node, ast.Nonlocal) for n in node.names}
    stored = {n.id for n in everything if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound = frozenset((stored | parameters) - declared)
    sources = _sources(everything, bound)
    calls: dict[str, frozenset[str]] = {}
    lends: dict[str, frozenset[str]] = {}
    passes: set[str] = set()
    for call in everything:
        if isinstance(call, ast.Call):
            name, handed = _called(call), (*call.args, *(keyword.value for keyword in call.keywords))
            calls[name] = calls.get(name, frozenset()).union(*(_mentioned(part, bound, sources) for part in handed))
            own = {inner.id for part in handed for inner in ast.walk(part) if isinstance(inner, ast.Name)} & parameters
            if own - _SELF:
                passes.add(name)
            lent = [part for part in handed if isinstance(part, ast.Name | ast.Attribute | ast.Starred)]
            lends[name] = lends.get(name, frozenset()).union(*(_mentioned(part, bound, sources) for part in lent))
    changed = list(_changed(everything))
    roots = {root for root in map(_root, changed) if root in outside and root not in bound}
    return Facts(
        names=frozenset(name for node in nodes for name in _mentioned(node, bound, {})),
        calls=calls,
        passes=frozenset(passes),
        writes=frozenset({name for node in changed for name in _mentioned(node, bound, sources)} | (declared & stored)),
        through=frozenset(_called(inner) for node in changed for inner in ast.walk(node)) - {""},
        lends=lends,
        shared=frozenset(roots | (shared & stored)),
        computes=any(_computes(node) for node in everything),
    )


def _mentioned(node: ast.AST, bound: frozenset[str], sources: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield the names in a piece of code: attributes, and variables that are not its own; for those, `sources`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute):
            yield inner.attr
        elif isinstance(inner, ast.Name):
            yield from (sources.get(inner.id, ()) if inner.id in bound else (inner.id,))


def _sources(nodes: Sequence[ast.AST], bound: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return the names from which each local variable is made."""
    found: dict[str, frozenset[str]] = {}
    for _ in range(2):  # a variable made from one that is made later in the text
        for node in nodes:
            value = getattr(node, "value", None) or getattr(node, "iter", None) or getattr(node, "context_expr", None)
            targets = getattr(node, "targets", None) or [getattr(node, "target", getattr(node, "optional_vars", None))]
            if not isinstance(value, ast.AST):
                continue
            names = frozenset(_mentioned(value, bound, found))
            for target in targets:
                for inner in ast.walk(target) if isinstance(target, ast.AST) else ():
                    if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                        found[inner.id] = found.get(inner.id, frozenset()) | names
    return found


def _called(node: ast.AST) -> str:
    """Return the name that a call calls; empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _computes(node: ast.AST) -> bool:
    name = _called(node)
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return True
    if name not in _COMPUTING:
        return False
    return not (isinstance(node, ast.Call) and len(node.args) > 1 and isinstance(node.args[1], ast.Constant))


def _changed(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield what is written to: attributes, and objects of which an item or an attribute is."""
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield node if isinstance(node, ast.Attribute) else node.value
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATING:
                yield node.func.value
            if _called(node) in _CHANGING:
                yield from node.args[:1]


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


class Lasting:
    """All that the sources of a project say about what lasts, by (file, number of the block)."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, int], Facts] = {}
        self.aliases: dict[str, set[str]] = {}
        self.bases: dict[str, set[str]] = {}
        self.places: set[frozenset[str]] = set()
        self.strings: set[str] = set()

    def add(self, file: str, source: Source) -> None:
        """Take one file into account."""
        outside = frozenset(_module_names(source.nodes[0]))
        for number, nodes in enumerate(source.nodes):
            facts = facts_of(nodes, source.parameters[number], outside if number else frozenset())
            self.facts[file, number] = facts
            self.places |= {frozenset({name}) for name in facts.shared}
            for statement in nodes:
                for node in ast.walk(statement):
                    self._take(node, local=bool(number))

    def _take(self, node: ast.AST, *, local: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(_MEMO.search(name) for decorator in node.decorator_list for name in _names(decorator)):
                self.places.add(frozenset({node.name}))
        elif isinstance(node, ast.ClassDef):
            self.bases.setdefault(node.name, set()).update(name for base in node.bases for name in _names(base))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            self.strings.add(node.value)
        elif isinstance(node, ast.alias) and node.asname:
            self.aliases.setdefault(node.asname, set()).add(node.name.rpartition(".")[2])
        elif isinstance(node, ast.Assign) and not local:
            self._take_assignment(node)

    def _take_assignment(self, node: ast.Assign) -> None:
        named = set(_names(node.value))
        targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
        for target in targets:
            self.aliases.setdefault(target, set()).update(named)
        if any(map(_MEMO.search, named)):
            self.places.add(frozenset({*targets, *named}))

    def meant(self, names: Iterable[str]) -> set[str]:
        """Return the names with what they stand for."""
        found = set(names)
        for name in list(found):
            found |= self.aliases.get(name, set())
        return found


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _module_names(nodes: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in nodes:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name
