"""Make the record of a suite from the traces of its processes: what ran in each context, and what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from noxline.testing.blocks import Source
from noxline.testing.impact_record import Datum, Entry, File, Kept, Record, Unit
from noxline.testing.import_graph import Imports, closure, edges, imports_of
from noxline.testing.lasting import Lasting
from noxline.testing.provenance import Provenance, left_before

CARRIED, CARRIED_TEST = "u:", "u:t:"  # contexts of tests that did not run this time, and of what such tests share
CARRIED_CHILD = "u:p:"
CHILD = "p:"  # contexts of processes that a test started (injected/_noxline_child.py)
_OWNED = ("t:", "f:", "i:", "c:", CARRIED, CHILD)
Lines = Mapping[str, frozenset[int]]
Arcs = Mapping[str, frozenset[tuple[int, int]]]


class ProcessTrace(msgspec.Struct, frozen=True):
    """What one process left: its tests with their contexts, what was read, who imported whom, what was not followed.

    `child` is the context that started it, `started` how many processes that trace themselves each context started.
    """

    refused: str = ""
    edges: tuple[tuple[str, str], ...] = ()
    reads: tuple[tuple[str, str, str, str, int], ...] = ()
    open: dict[str, str] = {}
    native: tuple[str, ...] = ()
    tests: dict[str, dict[str, Any]] = {}
    fixtures: dict[str, tuple[str, ...]] = {}
    reused: dict[str, int | None] = {}
    order: tuple[str, ...] = ()
    started: dict[str, int] = {}
    child: str = ""
    changed: tuple[str, ...] = ()
    sought: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """Everything that a run left. `lines` and `arcs` are by context and file, paths as seen from the root.

    `digest` tells what a file (R) or a folder (L) holds now, `events` are the tests' lines in the records.
    """

    processes: Sequence[ProcessTrace]
    lines: Mapping[str, Lines]
    arcs: Mapping[str, Arcs]
    sources: Mapping[str, tuple[str, Source]]
    digest: Callable[[str, str], str]
    events: Mapping[str, dict[str, Any]]
    environment: str
    branch: bool
    watched: Mapping[str, str]


def why_not(traced: Traced) -> str:
    """Return why nothing can be concluded from a trace; empty when it can."""
    for process in traced.processes:
        if process.refused and not process.child:
            return process.refused
        if process.native:
            return f"compiled code belongs to the project: {process.native[0]}"
        shared = [(c, why) for c, why in process.open.items() if not c.startswith(_OWNED)]
        if shared:
            return f"something that all tests share {shared[0][1]} ({shared[0][0]})"
    tests = {name: test for process in traced.processes for name, test in process.tests.items()}
    if not tests:
        return "no test was traced"
    empty = sum(not traced.lines.get(test["units"][0]) for test in tests.values())
    if empty * 2 > len(tests):
        return f"{empty} of {len(tests)} tests executed nothing"
    return ""


def build(traced: Traced) -> Record:
    """Return the record."""
    return _Builder(traced).record()


@dataclass
class _Builder:
    traced: Traced
    files: list[str] = field(init=False)
    numbers: dict[tuple[int, int], int] = field(default_factory=dict)
    data: dict[tuple[str, str], int] = field(default_factory=dict)
    units: dict[tuple[object, ...], int] = field(default_factory=dict)
    made: list[Unit] = field(default_factory=list)
    contexts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = sorted(self.traced.sources)
        self.file_numbers = {name: number for number, name in enumerate(self.files)}
        for name, (_, source) in sorted(self.traced.sources.items()):
            for inner in range(len(source.blocks)):
                self.numbers[self.file_numbers[name], inner] = len(self.numbers)
        self.reads: dict[str, dict[int, set[int]]] = {}
        self.readers: dict[int, set[int]] = {}  # block: what it read
        for process in self.traced.processes:
            for context, kind, path, file, line in process.reads:
                self._read(context, (kind, path), self._blocks(file, line))
        self.open, self.children = _children(self.traced.processes, {*self.traced.lines, *self.reads})

    def _blocks(self, file: str, line: int) -> tuple[int, ...]:
        if file not in self.file_numbers:
            return ()
        source = self.traced.sources[file][1]
        return tuple(self.numbers[self.file_numbers[file], inner] for inner in source.owners(line))

    def _read(self, context: str, what: tuple[str, str], readers: Iterable[int]) -> None:
        datum = self.data.setdefault(what, len(self.data))
        self.reads.setdefault(context, {}).setdefault(datum, set()).update(readers)
        for block in readers:
            self.readers.setdefault(block, set()).add(datum)

    def unit(self, context: str) -> int:
        """Return the number of the unit of a context."""
        if context not in self.contexts:
            lines = {self.file_numbers[f]: tuple(sorted(found)) for f, found in self._lines(context) if found}
            arcs = {
                self.file_numbers[f]: tuple(sorted(found))
                for f, found in self.traced.arcs.get(context, {}).items()
                if f in self.file_numbers
            }
            blocks = {b for f, found in lines.items() for line in found for b in self._blocks(self.files[f], line)}
            reads = self.reads.get(context, {})
            readers = {datum: tuple(sorted(found)) for datum, found in reads.items()}
            apart = context.startswith((CHILD, CARRIED_CHILD))
            made = Unit(tuple(sorted(blocks)), tuple(sorted(reads)), lines, arcs, readers, apart)
            self.contexts[context] = self._number(made)
        return self.contexts[context]

    def _lines(self, context: str) -> Iterable[tuple[str, frozenset[int]]]:
        found = self.traced.lines.get(context, {})
        return [(file, lines) for file, lines in found.items() if file in self.file_numbers]

    def _number(self, unit: Unit) -> int:
        key = (
            unit.blocks,
            unit.data,
            tuple(unit.lines.items()),
            tuple(unit.arcs.items()),
            tuple(unit.readers.items()),
            unit.apart,
        )
        if key not in self.units:
            self.units[key] = len(self.made)
            self.made.append(unit)
        return self.units[key]

    def record(self) -> Record:
        """Return the whole record."""
        traced = self.traced
        every = sorted(c for c in {*traced.lines, *self.reads} if not c.startswith(_OWNED))
        everyone = [self.unit(context) for context in every]
        imports = {c[2:]: self.unit(c) for c in {*traced.lines, *self.reads} if c[:2] == "i:"}
        for context in sorted({*traced.lines, *self.reads}):
            self.unit(context)
        self._prepare()
        seen = {name: imports_of(name, source.nodes[0]) for name, (_, source) in traced.sources.items()}
        seen = {name: _with_functions(name, one, traced.sources[name][1]) for name, one in seen.items()}
        graph = edges(seen, [edge for process in traced.processes for edge in process.edges])
        base = {target for p in traced.processes for importer, target in p.edges if not importer and not p.child}
        self.unfollowed = {c[2:]: why for c, why in self.open.items() if c[:2] in ("i:", "c:")}
        self.graph, self.base = graph, base
        self.import_reasons: dict[str, str] = {}
        tests = tuple(self._entry(*found) for found in self._tests())
        return Record(
            environment=traced.environment,
            branch=traced.branch,
            names=tuple(self.files),
            files={name: self._file(name, graph.get(name, ())) for name in self.files},
            blocks=tuple(self.numbers),
            data=tuple(Datum(kind, path, traced.digest(kind, path)) for kind, path in self.data),
            watched=dict(traced.watched),
            sought=_sought(traced, seen),
            units=tuple(self.made),
            imports=imports,
            everyone=tuple(everyone),
            base=tuple(sorted(base)),
            changed=tuple(sorted({name for process in traced.processes for name in process.changed})),
            observed=tuple(sorted({edge for process in traced.processes for edge in process.edges})),
            tests=tests,
        )

    def _file(self, name: str, imports: Iterable[str]) -> File:
        digest, source = self.traced.sources[name]
        return File(digest, tuple(Kept(b.name, b.digest, b.places) for b in source.blocks), tuple(sorted(imports)))

    def _tests(self) -> Iterable[tuple[str, str, list[str], str]]:
        for process in self.traced.processes:
            for name, test in process.tests.items():
                units = [*test["units"], f"c:{test.get('file', '')}"]
                for unit in units:
                    units += [more for more in process.fixtures.get(unit, ()) if more not in units]
                    units += [child for child in self.children.get(unit, ()) if child not in units]
                why = test.get("open") or next((self.open[unit] for unit in units if unit in self.open), "")
                yield name, test.get("file", ""), units, why or self._imports_unfollowed(test.get("file", ""))

    def _imports_unfollowed(self, file: str) -> str:
        """Return why the import of something that a test's file imports cannot be followed; empty where it can."""
        if self.unfollowed and file not in self.import_reasons:
            found = closure([file, *self.base], self.graph) & self.unfollowed.keys()
            self.import_reasons[file] = f"{min(found)} {self.unfollowed[min(found)]}" if found else ""
        return self.import_reasons.get(file, "")

    def _entry(self, name: str, file: str, contexts: Sequence[str], why: str) -> Entry:
        units = tuple(dict.fromkeys(self.unit(context) for context in contexts))
        left = self._number(self._left_before(units))
        return Entry(name, file, units, left, why, dict(self.traced.events.get(name, {})))

    def _prepare(self) -> None:
        """Learn what tests may have left for others."""
        lasting = Lasting()
        for name, (_, source) in self.traced.sources.items():
            lasting.add(name, source)
        places = [(self.files[f], inner) for f, inner in self.numbers]
        sources = self.traced.sources
        kinds = ("t:", "f:", CARRIED, CHILD)
        numbers = {self.contexts[context] for context in self.contexts if context.startswith(kinds)}
        found = Provenance(
            places,
            [sources[f][1].blocks[i].name for f, i in places],
            lasting,
            together=[frozenset(self.made[number].blocks) for number in numbers],
            changed={name for process in self.traced.processes for name in process.changed},
            called=self._called_by_pytest(),
        )
        self.left = found.left

    def _called_by_pytest(self) -> set[str]:
        """Return the names of tests, and those of parameters, which are the names of fixtures."""
        ids = (name for process in self.traced.processes for name in process.tests)
        tests = {name.partition("[")[0].rpartition("::")[2] for name in ids}
        return tests.union(*(names for _, source in self.traced.sources.values() for names in source.parameters))

    def _left_before(self, numbers: Sequence[int]) -> Unit:
        """Return the unit of what earlier tests may have left for one that consists of these units."""
        blocks = {block for number in numbers for block in self.made[number].blocks}
        more = left_before(blocks, self.left)
        data = {datum for block in more for datum in self.readers.get(block, ())}
        return Unit(tuple(sorted(more)), tuple(sorted(data)))


def _sought(traced: Traced, seen: Mapping[str, Imports]) -> frozenset[str]:
    """Return all parts of names that are imported, as the source says and as was seen."""
    read = {part for one in seen.values() for name in one.names for part in name.split(".")}
    return frozenset(read.union(*(process.sought for process in traced.processes)))


def _children(
    processes: Sequence[ProcessTrace], contexts: Iterable[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return which contexts cannot be followed, and why; and the contexts of the processes that each one started."""
    unfollowed = {context: why for process in processes for context, why in process.open.items()}
    expected: Counter[str] = Counter()
    for process in processes:
        expected.update(process.started)
    expected.subtract(process.child for process in processes if process.child and not process.refused)
    for context, missing in expected.items():
        if missing > 0:
            unfollowed.setdefault(context, "starts a process that left no trace")
    children: dict[str, list[str]] = {}
    for context in sorted(contexts):
        if context.startswith(CHILD):
            children.setdefault(context.split(":", 2)[2], []).append(context)
    # What could not be followed in a child could not be followed for the one who started it.
    for context in [c for c in unfollowed if c.startswith(CHILD)]:
        unfollowed.setdefault(context.split(":", 2)[2], unfollowed[context])
    return unfollowed, children


def _with_functions(name: str, module: Imports, source: Source) -> Imports:
    """Return the imports of a file with those that stand in its functions."""
    inner = [imports_of(name, nodes) for nodes in source.nodes[1:]]
    return Imports(
        names=module.names.union(*(one.names for one in inner)),
        dynamic=module.dynamic or any(one.dynamic for one in inner),
    )
