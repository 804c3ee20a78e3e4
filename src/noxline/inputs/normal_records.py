"""What counts of the records of test processes (`tests/*.jsonl`): which tests there were and how each came out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from noxline.inputs.normal_text import Places

# The command line holds the number of workers, and places; what it leads to stands in the other lines.
_NOISE = frozenset({"seconds", "pid", "worker", "args", "version", "phases", "cost", "shared", "uses"})


class Recorded:
    """The union of records: which process ran which test means nothing."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._rows: set[str] = set()

    def add(self, path: str) -> None:
        """Take in one record; raise ValueError when it is none, or breaks off within a line."""
        with open(path, "rb") as stream:
            content = stream.read()
        self._rows.update(list(self._kept(content)))

    def _kept(self, content: bytes) -> Iterator[str]:
        """Yield the lines of one process as they count: of `collected` and `end` only the last does."""
        import json

        if content and not content.endswith(b"\n"):
            raise ValueError("a torn line")
        last: dict[str, Any] = {}
        begun: dict[str, Any] = {}
        for event in map(json.loads, content.splitlines()):
            kind, row = str(event["event"]), self._plain(event)
            if kind == "begin":
                begun[str(event["id"])] = row
            elif kind in ("collected", "end"):
                last[kind] = row
            else:
                begun.pop(str(event.get("id")), None)
                yield json.dumps(row, sort_keys=True)
        yield from (json.dumps(row, sort_keys=True) for row in (*last.values(), *begun.values()))

    def _plain(self, event: dict[str, Any]) -> dict[str, Any]:
        row = {name: self._value(value) for name, value in event.items() if name not in _NOISE}
        if event["event"] == "start":  # as the matrix names it: the figures are kept for each `3.12`
            row["python"] = ".".join(str(event.get("python", "")).split(".")[:2])
        return row

    def _value(self, value: object) -> object:
        if isinstance(value, list):
            return sorted(self._places.words(str(part)) for part in value)
        return self._places.words(value) if isinstance(value, str) else value

    def plain(self) -> object:
        """Return all of it as plain data, sorted."""
        return sorted(self._rows)
