"""Carry what is known of reused tests into the trace of a new run, their lines moved with their unchanged blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from noxline.testing.impact import Moves, Selection
from noxline.testing.impact_record import Entry, Record, Unit
from noxline.testing.moves import (
    changed_in,
    changes_seen_alone,
    changes_still_known,
    moved_in,
    seen_alone,
    still_known,
)
from noxline.testing.traces import CARRIED, CARRIED_CHILD, CARRIED_TEST, ProcessTrace, Traced

_Read = tuple[str, str, str, str, int]


def carry(traced: Traced, record: Record, selection: Selection, *, reused: frozenset[str]) -> Traced:
    """Return the trace with the reused tests added as if they had run."""
    tests = [test for test in record.tests if test.id in reused]
    units = {**_units_of(record, tests), **_units_of_imports(record, traced)}
    lines = {context: lines_of(record, unit, selection) for context, unit in units.items()}
    arcs = {context: arcs_of(record, unit, selection) for context, unit in units.items() if unit.arcs}
    ran = tuple(_beside_reused(process, record) for process in traced.processes)
    return replace(
        traced,
        processes=(*ran, _as_a_process(traced, record, tests, _all_reads(units, record, selection))),
        lines={**lines, **traced.lines},
        arcs={**arcs, **traced.arcs},
    )


def _beside_reused(process: ProcessTrace, record: Record) -> ProcessTrace:
    """Return what a process left that ran only some of the tests."""
    return msgspec.structs.replace(
        process,
        moves=seen_alone(process.moves, record.moves),
        changed=changes_seen_alone(process.changed, record.changed),
    )


def _units_of(record: Record, tests: Iterable[Entry]) -> dict[str, Unit]:
    """Return the units of tests by the names of their contexts now."""
    return {name: record.units[number] for test in tests for name, number in _contexts(record, test)}


def _units_of_imports(record: Record, traced: Traced) -> dict[str, Unit]:
    """Return by context the units of imports that did not happen this time, of files that are still there."""
    imports = {f"i:{file}": number for file, number in record.imports.items() if file in traced.sources}
    return {context: record.units[number] for context, number in imports.items() if context not in traced.lines}


def _as_a_process(traced: Traced, record: Record, tests: Sequence[Entry], reads: Iterable[_Read]) -> ProcessTrace:
    """Return what a process would have left that ran these tests."""
    reused, ran = frozenset(test.id for test in tests), [process for process in traced.processes if process.tests]
    return ProcessTrace(
        edges=tuple(edge for edge in record.observed if edge[1] in traced.sources),
        reads=tuple(reads),
        tests={test.id: _test(record, test) for test in tests},
        changed=changes_still_known(record.changed, reused, changed_in([p.changed for p in ran])),
        moves=still_known(record.moves, reused, moved_in([p.moves for p in ran])),
        sought=tuple(record.sought),
    )


def _test(record: Record, test: Entry) -> dict[str, object]:
    return {"units": [name for name, _ in _contexts(record, test)], "file": test.file, "open": test.open}


def _contexts(record: Record, test: Entry) -> Iterator[tuple[str, int]]:
    """Yield the units of a test with the names of their contexts now; the first is what only the test itself ran."""
    for place, number in enumerate(test.units):
        kind = CARRIED_TEST if not place else CARRIED_CHILD if record.units[number].apart else CARRIED
        yield f"{kind}{number}", number


def lines_of(record: Record, unit: Unit, selection: Selection) -> dict[str, frozenset[int]]:
    """Return the lines of a unit by file, where they are now."""
    names = {file: record.names[file] for file in unit.lines}
    return {name: frozenset(_moved(unit.lines[file], selection.moves.get(name))) for file, name in names.items()}


def arcs_of(record: Record, unit: Unit, selection: Selection) -> dict[str, frozenset[tuple[int, int]]]:
    """Return the branches of a unit by file, where they are now."""
    names = {file: record.names[file] for file in unit.arcs}
    return {
        name: frozenset(_moved_arc(pair, selection.moves.get(name)) for pair in unit.arcs[file])
        for file, name in names.items()
    }


def _all_reads(units: Mapping[str, Unit], record: Record, selection: Selection) -> Iterator[_Read]:
    for context, unit in units.items():
        yield from _reads(context, unit, record, selection)


def _reads(context: str, unit: Unit, record: Record, selection: Selection) -> Iterator[_Read]:
    for number in unit.data:
        datum = record.data[number]
        readers: Sequence[int] = unit.readers.get(number, ())
        if not readers:
            yield context, datum.kind, datum.path, "", 0
        for reader in readers:
            file, inner = record.blocks[reader]
            name = record.names[file]
            yield context, datum.kind, datum.path, name, _line_of(record, name, inner, selection.moves.get(name))


def _line_of(record: Record, name: str, inner: int, moves: Moves | None) -> int:
    """Return a line that a block has now; 0, which is the module's, for one that has none of its own."""
    places = record.files[name].blocks[inner].places
    return next(iter(_moved([abs(places[0])], moves)), 0) if places and inner else 0


def _moved(lines: Iterable[int], moves: Mapping[int, tuple[int, ...]] | None) -> Iterator[int]:
    for line in lines:
        yield from (line,) if moves is None else moves.get(line, ())


def _moved_arc(pair: tuple[int, int], moves: Moves | None) -> tuple[int, int]:
    start, end = (_moved_end(number, moves) for number in pair)
    return start, end


def _moved_end(number: int, moves: Moves | None) -> int:
    if moves is None:
        return number
    lines = moves.get(abs(number), (abs(number),))
    return min(lines) if number > 0 else -min(lines)
