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
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from noxline.testing.blocks import Source
from noxline.testing.facts import Facts, facts_of
from noxline.testing.moves import Moved

_MAKING = frozenset({"__init__", "__new__", "__post_init__", "__setstate__"})
_PROPERTY = re.compile(r"property|attribute|descriptor|reify", re.IGNORECASE)
_PLAIN = frozenset({"overload", "staticmethod", "classmethod", "abstractmethod", "override", "t", "typing", "abc"})
_MEMO = re.compile(r"cache|memo|lazy|once|singleton|reify", re.IGNORECASE)


class Lasting:
    """All that the sources of a project say about what lasts, by (file, number of the block)."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, int], Facts] = {}
        self.aliases: dict[str, set[str]] = {}
        self.bases: dict[str, set[str]] = {}
        self.places: dict[frozenset[str], set[str]] = {}  # with the files of the modules in which they are
        self.stored: dict[str, set[str]] = {}  # by file: attributes that functions store, constructors left out
        self._file = ""
        self.strings: set[str] = set()
        self._decorated: set[str] = set()  # functions for which a decorator may have put something else
        self._given: set[str] = set()  # parameters, those of lambdas included
        self.properties: set[str] = set()  # functions that run when an attribute is asked for

    def add(self, file: str, source: Source) -> None:
        """Take one file into account."""
        self._file = file
        outside = frozenset(_module_names(source.nodes[0]))
        for number, nodes in enumerate(source.nodes):
            facts = facts_of(nodes, source.parameters[number], outside if number else frozenset())
            self.facts[file, number] = facts
            if source.blocks[number].name.rpartition(".")[2] not in _MAKING:
                self.stored.setdefault(file, set()).update(_stored_in(nodes))
            for name in facts.shared:
                self._note({name})
            for statement in nodes:
                for node in ast.walk(statement):
                    self._take(node)
                    if not number and isinstance(node, ast.Assign | ast.AnnAssign):
                        self._take_assignment(node)

    def _take(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._take_function(node)
        elif isinstance(node, ast.ClassDef):
            self.bases.setdefault(node.name, set()).update(name for base in node.bases for name in _names(base))
        elif isinstance(node, ast.Constant):
            self._take_constant(node)
        elif isinstance(node, ast.alias):
            self._take_alias(node)
        elif isinstance(node, ast.arg):
            self._given.add(node.arg)

    def _take_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [name for decorator in node.decorator_list for name in _names(_caller(decorator))]
        if not _PLAIN.issuperset(decorators):
            self._decorated.add(node.name)
        if any(map(_PROPERTY.search, decorators)):
            self.properties.add(node.name)
        if any(map(_MEMO.search, decorators)):
            self._note({node.name})

    def _take_constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            name = node.value.rpartition(".")[2]  # of what is found, or patched, by a dotted name
            if name.isidentifier() and " " not in node.value:
                self.strings.add(name)

    def _take_alias(self, node: ast.alias) -> None:
        if node.asname:
            self.aliases.setdefault(node.asname, set()).add(node.name.rpartition(".")[2])

    def _take_assignment(self, node: ast.Assign | ast.AnnAssign) -> None:
        left, value = node.targets if isinstance(node, ast.Assign) else [node.target], node.value
        if value is None:
            return
        named = set(_names(value))
        targets = [target.id for target in left if isinstance(target, ast.Name)]
        for target in targets:
            self.aliases.setdefault(target, set()).update(named)
        if any(map(_MEMO.search, named)):
            self._note({*targets, *_arguments(value)})

    def _note(self, place: Iterable[str]) -> None:
        self.places.setdefault(frozenset(place), set()).add(self._file)

    def stored_by_file(self) -> dict[str, tuple[str, ...]]:
        """Return by file the attributes that its functions store."""
        return {file: tuple(sorted(names)) for file, names in sorted(self.stored.items())}

    def by_file(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """Return the places by the file in which they are."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for place, files in self.places.items():
            for file in files:
                found.setdefault(file, []).append(tuple(sorted(place)))
        return {file: tuple(sorted(places)) for file, places in sorted(found.items())}

    def heed(self, moved: Iterable[Moved]) -> dict[frozenset[str], tuple[str, ...]]:
        """Leave out the places that never moved; return in which tests the others did, as far as that is known."""
        known: dict[frozenset[str], dict[str, tuple[str, ...]]] = {}
        for one in moved:
            known.setdefault(frozenset(one.names), {})[one.file] = one.moves
        found = {}
        for place, moves in known.items():
            still = {file for file, tests in moves.items() if not tests}
            files = self.places.pop(place, set()) - still
            if files:
                self.places[place] = files
                if files <= moves.keys():
                    found[place] = tuple(sorted(set[str]().union(*map(moves.__getitem__, files))))
        return found

    def unsettled(self) -> frozenset[str]:
        """Return the names that may call more than the functions of the project that are written down under them."""
        return frozenset(self.bases).union(self._decorated, self._given)

    def is_replaced(self, name: str) -> bool:
        """Tell whether code may put something else in the place of a function: as an attribute, or by a text."""
        return name in self.strings or name in self._replaced

    @cached_property
    def _replaced(self) -> frozenset[str]:
        return frozenset().union(*self.stored.values())

    def meant(self, names: Iterable[str]) -> set[str]:
        """Return the names with what they stand for."""
        found = set(names)
        for name in list(found):
            found |= self.aliases.get(name, set())
        return found


def said_in(file: str, source: Source) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Return the places of one file, and the attributes that its functions store."""
    lasting = Lasting()
    lasting.add(file, source)
    return lasting.by_file().get(file, ()), lasting.stored_by_file().get(file, ())


def _stored_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for statement in nodes:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                yield node.attr


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _caller(decorator: ast.expr) -> ast.expr:
    """Return what decorates, without its arguments."""
    while isinstance(decorator, ast.Call):
        decorator = decorator.func
    return decorator


def _arguments(node: ast.AST) -> set[str]:
    """Return the variables that are arguments of calls."""
    calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {part.id for call in calls for part in call.args if isinstance(part, ast.Name)}


def _module_names(nodes: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in nodes:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name
