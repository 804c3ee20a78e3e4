"""What counts of coverage data: which lines or branches of which file ran, in which context, over all data files."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from noxline.inputs.normal_text import Places

SIDE_FILES = ("-journal", "-wal", "-shm")  # of SQLite


class Measured:
    """The union of data files, which processes share out among themselves differently every time."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._marks: set[tuple[str, ...]] = set()
        self._lines: dict[tuple[str, str], int] = {}
        self._arcs: dict[tuple[str, str], set[tuple[int, int]]] = {}

    def add(self, path: str) -> None:
        """Take in one data file; raise ValueError when it is none."""
        import sqlite3
        from contextlib import closing
        from urllib.request import pathname2url

        try:
            with closing(sqlite3.connect(f"file:{pathname2url(path)}?mode=ro", uri=True)) as data:
                rows = list(self._rows(data))
        except (sqlite3.Error, TypeError) as error:
            raise ValueError(str(error)) from error
        # Only now: a file that breaks off half way counts by its bytes alone.
        for kind, place, value in rows:
            self._take(kind, place, value)

    def _rows(self, data: Any) -> Iterator[tuple[str, tuple[str, ...], Any]]:
        files = {number: self._places.words(path) for number, path in data.execute("SELECT id, path FROM file")}
        contexts = dict(data.execute("SELECT id, context FROM context"))
        yield from (("mark", ("file", path), None) for path in files.values())
        for (value,) in data.execute("SELECT value FROM meta WHERE key = 'has_arcs'"):
            yield "mark", ("has_arcs", str(value)), None
        for number, tracer in data.execute("SELECT file_id, tracer FROM tracer"):
            yield "mark", ("tracer", files.get(number, ""), str(tracer)), None
        for number, context, bits in data.execute("SELECT file_id, context_id, numbits FROM line_bits"):
            yield "lines", (files.get(number, ""), contexts.get(context, "")), int.from_bytes(bits, "little")
        for number, context, start, end in data.execute("SELECT file_id, context_id, fromno, tono FROM arc"):
            yield "arcs", (files.get(number, ""), contexts.get(context, "")), (int(start), int(end))

    def _take(self, kind: str, place: Any, value: Any) -> None:
        if kind == "mark":
            self._marks.add(place)
        elif kind == "lines":
            self._lines[place] = self._lines.get(place, 0) | value
        else:
            self._arcs.setdefault(place, set()).add(value)

    def plain(self) -> object:
        """Return all of it as plain data, sorted."""
        return {
            "marks": sorted(self._marks),
            "lines": sorted((*place, f"{bits:x}") for place, bits in self._lines.items()),
            "arcs": sorted(
                (*place, " ".join(f"{a},{b}" for a, b in sorted(arcs))) for place, arcs in self._arcs.items()
            ),
        }
