"""Which modules the reused tests would have imported while they ran: these lines count as covered, and no others."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from noxline.testing.blocks import Source
from noxline.testing.carried import lines_of
from noxline.testing.impact import Selection
from noxline.testing.impact_record import Record
from noxline.testing.import_graph import Finder, imported_by, imports_of


@dataclass(frozen=True, slots=True)
class _Statements:
    """The files that one file imports, by the line of the statement, and what it imports by computed names."""

    by_line: Mapping[int, frozenset[str]]
    computed: frozenset[str]


class LazyImports:
    """Follows the import statements on lines that ran; `source` gives the blocks that a file has now."""

    def __init__(self, record: Record, selection: Selection, source: Callable[[str], Source | None]) -> None:
        self._record = record
        self._selection = selection
        self._source = source
        self._finder = Finder(record.imports)
        self._known: dict[str, _Statements] = {}

    def reached_by(self, units: Iterable[int]) -> set[str]:
        """Return the files whose imports these units led to, and what code outside of the project imports."""
        found = {name for name in self._record.base if name in self._record.imports}
        waiting = [*units, *(self._record.imports[name] for name in found)]
        while waiting:
            unit = self._record.units[waiting.pop()]
            for name, lines in lines_of(self._record, unit, self._selection).items():
                new = self._imported(name, lines) - found
                found |= new
                waiting += [self._record.imports[file] for file in new]
        return found

    def _imported(self, name: str, lines: frozenset[int]) -> set[str]:
        if name not in self._known:
            self._known[name] = self._statements(name)
        statements = self._known[name]
        return set(statements.computed).union(*(files for line, files in statements.by_line.items() if line in lines))

    def _statements(self, name: str) -> _Statements:
        source = self._source(name)
        if source is None:  # it was there when the record was made: what it ran is measured anew
            return _Statements({}, frozenset())
        statements = [statement for nodes in source.nodes for statement in nodes]
        by_line: dict[int, frozenset[str]] = {}
        for node in (inner for statement in statements for inner in ast.walk(statement)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                by_line[node.lineno] = by_line.get(node.lineno, frozenset()) | self._files(name, node)
        computed = self._seen(name, dynamic=imports_of(name, statements).dynamic)
        return _Statements(by_line, computed.difference(*by_line.values()))

    def _files(self, name: str, node: ast.AST) -> set[str]:
        return {file for dotted in imported_by(name, node) for file in self._finder.files(dotted)}

    def _seen(self, name: str, *, dynamic: bool) -> frozenset[str]:
        """Return what a file was seen to import; for one that computes names, what any was."""
        seen = {target for importer, target in self._record.observed if dynamic or importer == name}
        return frozenset(seen & self._record.imports.keys())


def reused_units(
    record: Record, selection: Selection, reused: Collection[str], source: Callable[[str], Source | None]
) -> list[int]:
    """Return the units of reused tests, with those of the imports that these would have been the first to make."""
    units = {unit for test in record.tests if test.id in reused for unit in test.units}
    imports = LazyImports(record, selection, source).reached_by(units)
    return sorted(units.union(record.imports[name] for name in imports))
