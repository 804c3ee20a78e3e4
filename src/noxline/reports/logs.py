"""Read the logs that tasks left, bounded: a log of gigabytes must not fill the memory."""

from __future__ import annotations

from pathlib import Path

_LIMIT = 4_000_000


def read_log(path: Path | None, *, limit: int = _LIMIT) -> list[str]:
    """Return the lines of a log, of a very long one the last `limit` bytes; nothing when there is no log."""
    if path is None or not path.is_file():
        return []
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - limit))
        text = stream.read().decode("utf-8", "replace")
    return text.splitlines()
