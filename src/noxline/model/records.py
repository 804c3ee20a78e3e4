"""Records: knowledge that changes, of which several may be found, and how they become one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

# Makes one value of two, the older one first.
Merge = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
AHEAD = 24 * 3600.0  # seconds that another machine's clock may be before ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record as it was written; `at` is when, in seconds since the epoch."""

    value: Mapping[str, Any]
    at: float


def newest(_older: Mapping[str, Any], newer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the newer of two values: the last writer wins.

    >>> newest({"a": 1}, {"b": 2})
    {'b': 2}
    """
    return newer


def joined(older: Mapping[str, Any], newer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take what either of two values has; what both have is taken from the newer.

    >>> joined({"a": 1, "b": 1}, {"b": 2})
    {'a': 1, 'b': 2}
    """
    return {**older, **newer}


def merged(records: Iterable[Record], merge: Merge = newest, *, now: float) -> Record | None:
    """Return one record made of all, from the oldest to the newest; None of none.

    A time that lies more than a day ahead is that of a broken clock, and would win for ever: it counts as the oldest.
    """
    dated = (record if record.at <= now + AHEAD else Record(value=record.value, at=0.0) for record in records)
    ordered = sorted(dated, key=lambda record: record.at)
    return reduce(lambda older, newer: _both(older, newer, merge), ordered) if ordered else None


def _both(older: Record, newer: Record, merge: Merge) -> Record:
    try:
        return Record(value=merge(older.value, newer.value), at=newer.at)
    except (TypeError, ValueError, LookupError, AttributeError):
        return newer  # another version of noxline gave one of them another form: they cannot be merged
