"""Coverage data by context: taken apart for the record, and put together again for the report."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from noxline.sessions.coverage_data import find_data
from noxline.testing.carried import arcs_of, lines_of
from noxline.testing.impact import Selection
from noxline.testing.impact_record import Record

if TYPE_CHECKING:
    from coverage import CoverageData

_WIDTHS = (28, 20)  # of new versions of coverage, and of those before 7.14
_Seen = TypeVar("_Seen", int, tuple[int, int])
_TRACED = ("t:", "f:", "i:", "c:", "p:")  # contexts as the plugin names them (injected/_noxline_trace.py)


@dataclass
class ContextLines:
    """Lines and branches by context and file. `outside`: a measured file that is not in the project."""

    lines: dict[str, dict[str, frozenset[int]]] = field(default_factory=dict)
    arcs: dict[str, dict[str, frozenset[tuple[int, int]]]] = field(default_factory=dict)
    branch: bool = False
    outside: str = ""
    unclear: str = ""

    def take(self, path: Path, root: Path) -> None:
        """Take into account what the plugin took out of coverage's collector (injected/_noxline_lines.py)."""
        try:
            width = _width(chunk for chunk in _chunks(path) if chunk.branch)
        except msgspec.DecodeError:  # it was not written to its end
            self.unclear = f"{path.name} is damaged"
            return
        for chunk in _chunks(path):
            if chunk.branch and not width:
                self.unclear = f"this version of coverage packs branches in an unknown way ({path.name})"
                return
            self._take_chunk(chunk, width, root)

    def _take_chunk(self, chunk: _Chunk, width: int, root: Path) -> None:
        self.branch = self.branch or chunk.branch
        names = [self._inside(file, root) for file in chunk.files]
        seen = [(names[file], *_lines_and_arcs(numbers, width if chunk.branch else 0)) for file, numbers in chunk.sets]
        for context, numbers in chunk.contexts.items():
            for name, lines, arcs in (seen[number] for number in numbers):
                _join(self.lines.setdefault(context, {}), name, lines)
                if chunk.branch:
                    _join(self.arcs.setdefault(context, {}), name, arcs)

    def add(self, path: Path, root: Path) -> None:
        """Take one data file into account, unless it is that of a process that was not traced: a test's child."""
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            contexts = dict(connection.execute("select id, context from context"))
            if not any(context == "s" or context[:2] in _TRACED for context in contexts.values()):
                return
            files = dict(connection.execute("select id, path from file"))
            names = {number: self._inside(file, root) for number, file in files.items()}
            self._take(connection, contexts, names)

    def _inside(self, file: str, root: Path) -> str:
        path = Path(file)
        if not path.is_relative_to(root):
            self.outside = file
            return ""
        return path.relative_to(root).as_posix()

    def _take(self, connection: sqlite3.Connection, contexts: Mapping[int, str], names: Mapping[int, str]) -> None:
        from coverage.numbits import numbits_to_nums

        for file, context, bits in connection.execute("select file_id, context_id, numbits from line_bits"):
            self._add_lines(contexts[context], names[file], numbits_to_nums(bits))
        arcs: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for file, context, start, end in connection.execute("select file_id, context_id, fromno, tono from arc"):
            arcs.setdefault((context, file), []).append((start, end))
        for (context, file), pairs in arcs.items():
            self.branch = True
            self._add_lines(contexts[context], names[file], [n for pair in pairs for n in pair if n > 0])
            _join(self.arcs.setdefault(contexts[context], {}), names[file], frozenset(pairs))

    def _add_lines(self, context: str, file: str, lines: Sequence[int]) -> None:
        _join(self.lines.setdefault(context, {}), file, frozenset(lines))


def _join(known: dict[str, frozenset[_Seen]], file: str, seen: frozenset[_Seen]) -> None:
    known[file] = known[file] | seen if file in known else seen


class _Chunk(msgspec.Struct, frozen=True):
    """A part of what a process left: sets of lines, or of packed pairs of lines, and which of them each context saw."""

    branch: bool
    files: list[str]
    sets: list[tuple[int, list[int]]]
    contexts: dict[str, list[int]]


def _chunks(path: Path) -> Iterator[_Chunk]:
    with path.open("rb") as stream:
        for line in stream:
            yield msgspec.json.decode(line, type=_Chunk)


def _width(chunks: Iterable[_Chunk]) -> int:
    """Return in how many bits coverage packs the number of a line; 0 where that does not show.

    Above the two numbers stands a bit for each that is negative, as one of them is wherever a function is entered.
    """
    most = max((max(numbers, default=0) for chunk in chunks for _, numbers in chunk.sets), default=0)
    return next((width for width in _WIDTHS if most >> 2 * width), 0)


def _lines_and_arcs(numbers: Sequence[int], width: int) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """Return the lines that were seen, and the pairs; without a width these are lines."""
    if not width:
        return frozenset(numbers), frozenset()
    pairs = [_unpacked(number, width) for number in numbers]
    return frozenset(n for pair in pairs for n in pair if n > 0), frozenset(pairs)


def _unpacked(number: int, width: int) -> tuple[int, int]:
    most = (1 << width) - 1
    first, second = number & most, number >> width & most
    return -first if number >> 2 * width & 1 else first, -second if number >> 2 * width & 2 else second


def context_lines(output: Path, root: Path) -> ContextLines:
    """Return what the traced processes measured, by context."""
    found = ContextLines()
    for path in sorted((output / "trace").glob("*.lines")):
        found.take(path, root)
    for path in [*find_data([output]), *sorted((output / "trace").glob("child.data.*"))]:
        found.add(path, root)
    return found


def without_contexts(output: Path) -> CoverageData:
    """Put all data files of a run into one that holds no contexts, and return it."""
    from coverage import CoverageData

    parts = find_data([output])
    whole = CoverageData(basename=str(output / "coverage.data.whole"))
    read = []
    for path in parts:
        data = CoverageData(basename=str(path))
        data.read()
        read.append(data)
    branch = any(data.has_arcs() for data in read)
    for data in read:
        for file in sorted(data.measured_files()):
            if branch:
                whole.add_arcs({file: data.arcs(file) or ()})
            else:
                whole.add_lines({file: data.lines(file) or ()})
        data.close()
    for path in parts:
        path.unlink()
    return whole


def add_reused(whole: CoverageData, record: Record, selection: Selection, root: Path, units: Iterable[int]) -> None:
    """Add what these units of reused tests and of their imports covered, each line where its unchanged block is now."""
    for unit in (record.units[number] for number in units):
        if unit.apart:
            continue
        if record.branch:
            found = arcs_of(record, unit, selection)
            whole.add_arcs({str(root / name): sorted(pairs) for name, pairs in found.items()})
        else:
            lines = lines_of(record, unit, selection)
            whole.add_lines({str(root / name): sorted(numbers) for name, numbers in lines.items()})
