"""Make the record of a suite from the traces of its processes: what ran in each context, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from noxline.testing.blocks import Source
from noxline.testing.impact_record import Datum, Entry, File, Kept, Record, Unit
from noxline.testing.import_graph import Imports, closure, edges, imports_of
from noxline.testing.lasting import Lasting
from noxline.testing.moves import Change, changed_in, moved_in
from noxline.testing.provenance import Provenance, Together, left_before
from noxline.testing.traces import (
    CARRIED,
    CARRIED_CHILD,
    CHILD,
    Traced,
    children_of,
    is_for_everyone,
    unfollowed_contexts,
)

_Seen = TypeVar("_Seen", int, tuple[int, int])


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
    ran: dict[tuple[str, frozenset[int]], frozenset[int]] = field(default_factory=dict)
    orders: dict[frozenset[Any], tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = sorted(self.traced.sources)
        self.file_numbers = {name: number for number, name in enumerate(self.files)}
        for name, (_, source) in sorted(self.traced.sources.items()):
            for inner in range(len(source.blocks)):
                self.numbers[self.file_numbers[name], inner] = len(self.numbers)
        self.reads: dict[str, dict[int, set[int]]] = {}
        self.readers: dict[int, set[int]] = {}  # block: what it read
        self.file_of = [self.files[file] for file, _ in self.numbers]
        self.reached: dict[frozenset[str], frozenset[str]] = {}
        for process in self.traced.processes:
            for context, kind, path, file, line in process.reads:
                self._read(context, (kind, path), self._blocks(file, line))
        self.open = unfollowed_contexts(self.traced.processes)
        self.children = children_of({*self.traced.lines, *self.reads})

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
            self.contexts[context] = self._number(self._made_from(context))
        return self.contexts[context]

    def _made_from(self, context: str) -> Unit:
        seen = self.traced.lines.get(context, {})
        lines = self._by_file(seen)
        blocks = {block for file, found in seen.items() for block in self._ran(file, found)}
        reads = self.reads.get(context, {})
        return Unit(
            blocks=tuple(sorted(blocks)),
            data=tuple(sorted(reads)),
            lines={file: found for file, found in lines.items() if found},
            arcs=self._by_file(self.traced.arcs.get(context, {})),
            readers={datum: tuple(sorted(found)) for datum, found in reads.items()},
            apart=context.startswith((CHILD, CARRIED_CHILD)),
        )

    def _ran(self, file: str, lines: frozenset[int]) -> frozenset[int]:
        """Return the blocks to which lines belong; many tests share the very same lines."""
        key = file, lines
        if key not in self.ran:
            self.ran[key] = frozenset(block for line in lines for block in self._blocks(file, line))
        return self.ran[key]

    def _by_file(self, seen: Mapping[str, frozenset[_Seen]]) -> dict[int, tuple[_Seen, ...]]:
        """Return what was seen, in order, by the number of the file; for files of the project only."""
        numbers = self.file_numbers
        return {numbers[file]: self._in_order(found) for file, found in seen.items() if file in numbers}

    def _in_order(self, seen: frozenset[_Seen]) -> tuple[_Seen, ...]:
        if seen not in self.orders:
            self.orders[seen] = tuple(sorted(seen))
        return cast("tuple[_Seen, ...]", self.orders[seen])

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
        everyone, imports = self._number_units()
        seen = {name: _imports_in(name, source) for name, (_, source) in traced.sources.items()}
        self._prepare_imports(seen)
        self._prepare()
        tests = tuple(self._entry(*found) for found in self._tests())
        return Record(
            environment=traced.environment,
            branch=traced.branch,
            names=tuple(self.files),
            files={name: self._file(name, self.graph.get(name, ())) for name in self.files},
            blocks=tuple(self.numbers),
            data=tuple(Datum(kind, path, traced.digest(kind, path)) for kind, path in self.data),
            watched=dict(traced.watched),
            sought=_sought(traced, seen),
            units=tuple(self.made),
            imports=imports,
            everyone=everyone,
            base=tuple(sorted(self.base)),
            changed=dict(sorted(self._changed().items())),
            places=self.places,
            moves=self.moves,
            stored=self.stored,
            observed=tuple(sorted(set(self._observed()))),
            tests=tests,
        )

    def _number_units(self) -> tuple[tuple[int, ...], dict[str, int]]:
        """Give all contexts their units; return those that all tests share, and those of imports by file."""
        contexts = sorted({*self.traced.lines, *self.reads})
        everyone = tuple(self.unit(context) for context in contexts if is_for_everyone(context))
        imports = {c[2:]: self.unit(c) for c in contexts if c[:2] == "i:"}
        for context in contexts:
            self.unit(context)
        return everyone, imports

    def _prepare_imports(self, seen: Mapping[str, Imports]) -> None:
        """Learn who imports whom, and which imports cannot be followed."""
        processes = self.traced.processes
        self.graph = edges(seen, self._observed())
        self.base = {target for p in processes for importer, target in p.edges if not importer and not p.child}
        self.unfollowed = {c[2:]: why for c, why in self.open.items() if c[:2] in ("i:", "c:")}
        self.import_reasons: dict[str, str] = {}

    def _observed(self) -> list[tuple[str, str]]:
        """Return who was seen to import whom."""
        return [edge for process in self.traced.processes for edge in process.edges]

    def _changed(self) -> dict[str, Change]:
        """Return the names that held something else after tests than before."""
        return changed_in([process.changed for process in self.traced.processes])

    def _file(self, name: str, imports: Iterable[str]) -> File:
        digest, source = self.traced.sources[name]
        return File(digest, tuple(Kept(b.name, b.digest, b.places) for b in source.blocks), tuple(sorted(imports)))

    def _tests(self) -> Iterator[tuple[str, str, list[str], str]]:
        """Yield each test with its file, its contexts, and why it cannot be followed."""
        for process in self.traced.processes:
            for name, test in process.tests.items():
                file = test.get("file", "")
                contexts = self._contexts([*test["units"], f"c:{file}"], process.fixtures)
                why = test.get("open") or next((self.open[c] for c in contexts if c in self.open), "")
                yield name, file, contexts, why or self._imports_unfollowed(file)

    def _contexts(self, own: Iterable[str], fixtures: Mapping[str, Iterable[str]]) -> list[str]:
        """Return these contexts, those of the fixtures behind them, and of the processes that any of them started."""
        found = [*own]
        for context in found:  # which grows meanwhile
            found += [more for more in fixtures.get(context, ()) if more not in found]
            found += [child for child in self.children.get(context, ()) if child not in found]
        return found

    def _imports_unfollowed(self, file: str) -> str:
        """Return why the import of something that a test's file imports cannot be followed; empty where it can."""
        if self.unfollowed and file not in self.import_reasons:
            found = closure([file, *self.base], self.graph) & self.unfollowed.keys()
            self.import_reasons[file] = f"{min(found)} {self.unfollowed[min(found)]}" if found else ""
        return self.import_reasons.get(file, "")

    def _entry(self, name: str, file: str, contexts: Sequence[str], why: str) -> Entry:
        units = tuple(dict.fromkeys(self.unit(context) for context in contexts))
        left = self._number(self._left_before(units, file))
        return Entry(name, file, units, left, why, dict(self.traced.events.get(name, {})))

    def _prepare(self) -> None:
        """Learn what tests may have left for others."""
        lasting = Lasting()
        for name, (_, source) in self.traced.sources.items():
            lasting.add(name, source)
        self.places, self.stored = lasting.by_file(), lasting.stored_by_file()
        self.moves = moved_in([process.moves for process in self.traced.processes if process.tests])
        moves = lasting.heed(self.moves)
        places = [(self.files[f], inner) for f, inner in self.numbers]
        sources = self.traced.sources
        found = Provenance(
            places,
            [sources[f][1].blocks[i].name for f, i in places],
            lasting,
            together=self._together(),
            changed=self._changed(),
            moves=moves,
            called=self._called_by_pytest(),
        )
        self.left = found.left

    def _together(self) -> list[Together]:
        """Return what ran in one context; of tests, with the files that they may reach: nobody knows that of others."""
        kinds = ("t:", "f:", CARRIED, CHILD)
        own = self._own_contexts()
        found: dict[tuple[frozenset[int], frozenset[str] | None], set[str]] = {}
        for context, number in self.contexts.items():
            if context.startswith(kinds):
                tests = own.get(context, ())
                reach = self._reach([number], {file for _, file in tests}) if tests else None
                found.setdefault((frozenset(self.made[number].blocks), reach), set()).update(name for name, _ in tests)
        return [
            Together(blocks, reach, None if reach is None else frozenset(t)) for (blocks, reach), t in found.items()
        ]

    def _own_contexts(self) -> dict[str, list[tuple[str, str]]]:
        """Return the tests with their files by the context that is theirs alone."""
        own: dict[str, list[tuple[str, str]]] = {}
        for process in self.traced.processes:
            for name, test in process.tests.items():
                own.setdefault(test["units"][0], []).append((name, test.get("file", "")))
        return own

    def _reach(self, units: Iterable[int], files: Iterable[str]) -> frozenset[str]:
        """Return the files that are imported where these units ran, directly or by others."""
        ran = (self.file_of[block] for unit in units for block in self.made[unit].blocks)
        starts = frozenset([*files, *ran, *self.base])
        if starts not in self.reached:
            self.reached[starts] = frozenset(closure(starts, self.graph))
        return self.reached[starts]

    def _called_by_pytest(self) -> set[str]:
        """Return the names of tests, and those of parameters, which are the names of fixtures."""
        ids = (name for process in self.traced.processes for name in process.tests)
        tests = {name.partition("[")[0].rpartition("::")[2] for name in ids}
        return tests.union(*(names for _, source in self.traced.sources.values() for names in source.parameters))

    def _left_before(self, numbers: Sequence[int], file: str) -> Unit:
        """Return the unit of what earlier tests may have left for one of a file that consists of these units."""
        blocks = {block for number in numbers for block in self.made[number].blocks}
        more = left_before(blocks, self.left, self._reach(numbers, [file]))
        data = {datum for block in more for datum in self.readers.get(block, ())}
        return Unit(tuple(sorted(more)), tuple(sorted(data)))


def _sought(traced: Traced, seen: Mapping[str, Imports]) -> frozenset[str]:
    """Return all parts of names that are imported, as the source says and as was seen."""
    read = {part for one in seen.values() for name in one.names for part in name.split(".")}
    return frozenset(read.union(*(process.sought for process in traced.processes)))


def _imports_in(name: str, source: Source) -> Imports:
    """Return the imports of a file, those that stand in its functions included."""
    found = [imports_of(name, nodes) for nodes in source.nodes]
    return Imports(
        names=frozenset[str]().union(*(one.names for one in found)),
        dynamic=any(one.dynamic for one in found),
    )
