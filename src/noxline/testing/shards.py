"""Assign tests to shards, by the very code that the test processes use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from noxline.injected._noxline_shards import assign


def assign_shards(
    ids: Sequence[str], durations: Mapping[str, float], count: int, *, groups: Mapping[str, str] | None = None
) -> tuple[tuple[str, ...], ...]:
    """Return `count` disjoint blocks of the sorted ids, of about equal duration, that together hold all of them.

    An id without a duration (in seconds) gets the median of those that are known. `groups` maps ids to the name of a
    group that stays whole. No block is empty when there are at least `count` tests or groups.

    >>> assign_shards(["b", "a", "c"], {"a": 2.0, "b": 1.0, "c": 1.0}, 2)
    (('a',), ('b', 'c'))
    """
    return tuple(tuple(block) for block in assign(list(ids), dict(durations), count, dict(groups or {})))
