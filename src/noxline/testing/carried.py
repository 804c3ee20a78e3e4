"""Carry what is known of reused tests into the trace of a new run, their lines moved with their unchanged blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from noxline.testing.impact import Moves, Selection
from noxline.testing.impact_record import Entry, Record, Unit
from noxline.testing.traces import CARRIED, CARRIED_CHILD, CARRIED_TEST, ProcessTrace, Traced


def carry(traced: Traced, record: Record, selection: Selection, *, reused: frozenset[str]) -> Traced:
    """Return the trace with the reused tests added as if they had run."""
    tests = [test for test in record.tests if test.id in reused]
    contexts = {name: record.units[number] for test in tests for name, number in _contexts(record, test)}
    seen = {*traced.lines}
    for file, number in record.imports.items():
        if f"i:{file}" not in seen and file in traced.sources:
            contexts[f"i:{file}"] = record.units[number]
    lines = {context: lines_of(record, unit, selection) for context, unit in contexts.items()}
    arcs = {context: arcs_of(record, unit, selection) for context, unit in contexts.items() if unit.arcs}
    reads = [read for context, unit in contexts.items() for read in _reads(context, unit, record, selection)]
    known = ProcessTrace(
        edges=tuple(edge for edge in record.observed if edge[1] in traced.sources),
        reads=tuple(reads),
        tests={test.id: _test(record, test) for test in tests},
        changed=record.changed,
        sought=tuple(record.sought),
    )
    return replace(
        traced,
        processes=(*traced.processes, known),
        lines={**lines, **traced.lines},
        arcs={**arcs, **traced.arcs},
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


def _reads(context: str, unit: Unit, record: Record, selection: Selection) -> Iterator[tuple[str, str, str, str, int]]:
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
