"""Assign tests to shards: contiguous blocks of the sorted ids, of about equal duration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from statistics import median

# No test is free: setting it up costs about a millisecond even where its own time rounds to nothing.
_LEAST_SECONDS = 0.001


def assign(
    ids: list[str], durations: dict[str, float], count: int, groups: dict[str, str] | None = None
) -> list[list[str]]:
    """Return `count` disjoint lists that together hold all ids; none is empty when there are enough to go round.

    `durations` are seconds; an id without any gets the median of those that are known. `groups` maps an id to the
    name of a group that is never torn; then a group counts as one.

    >>> assign(["a", "b", "c"], {"a": 2.0, "b": 1.0, "c": 1.0}, 2)
    [['a'], ['b', 'c']]
    """
    units = _units(sorted(set(ids)), groups or {})
    ends = _ends(_weights(units, durations), count)
    blocks = [units[start:end] for start, end in zip([0, *ends[:-1]], ends)]
    return [[name for unit in block for name in unit] for block in blocks]


def _units(ids: list[str], groups: dict[str, str]) -> list[list[str]]:
    """Return the ids as units that stay whole, each at the place of its first member."""
    units: dict[tuple[bool, str], list[str]] = {}
    for name in ids:
        key = (True, groups[name]) if name in groups else (False, name)
        units.setdefault(key, []).append(name)
    return list(units.values())


def _weights(units: list[list[str]], durations: dict[str, float]) -> list[float]:
    """Return the seconds of each unit."""
    known = [durations[name] for unit in units for name in unit if name in durations]
    typical = median(known) if known else 1.0
    return [sum(max(durations.get(name, typical), _LEAST_SECONDS) for name in unit) for unit in units]


def _ends(weights: list[float], count: int) -> list[int]:
    """Return where each block ends: a unit belongs to the block that its middle falls into."""
    total, passed, ends = sum(weights), 0.0, [0] * count
    for weight in weights:
        place = int((passed + weight / 2) / total * count) if total else 0
        passed += weight
        ends[min(place, count - 1)] += 1
    for block in range(1, count):
        ends[block] += ends[block - 1]
    return _without_gaps(ends, len(weights))


def _without_gaps(ends: list[int], units: int) -> list[int]:
    """Move the ends so that no block is empty, as far as there are units."""
    count = len(ends)
    for block in range(count):
        low = min(units, (ends[block - 1] if block else 0) + 1)
        high = max(low, units - (count - 1 - block))
        ends[block] = min(max(ends[block], low), high) if units >= count else low
    ends[-1] = units
    return ends


def requested(environ: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the shard asked for as (number, count), or None when all tests are to run."""
    text = environ.get("NOXLINE_SHARD", "")
    if not text:
        return None
    number, count = text.split("/")
    return int(number), int(count)


def known_durations(environ: Mapping[str, str]) -> dict[str, float]:
    """Return the durations of earlier runs; none when the file is not there or not readable."""
    path = environ.get("NOXLINE_DURATIONS", "")
    if not path:
        return {}
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError):
        return {}  # durations only balance: without them the shards are still disjoint and complete
    if not isinstance(content, dict):
        return {}
    return {name: float(value) for name, value in content.items() if isinstance(value, (int, float))}
