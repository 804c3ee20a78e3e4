"""Choose the number of shards from cores, durations and what it costs to start one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

_AS_GOOD = 1.05  # fewer shards that are this close cost less CPU time and are easier to read
_STAY = 1.15  # another number throws away what was kept of the shards: it must be worth that


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """What is known of a suite in seconds: all tests, the longest one, the start of a shard; 0 tests: nothing is."""

    total: float = 0.0
    longest: float = 0.0
    startup: float = 0.0


def auto_count(suite: Suite, *, cores: int, sessions: int, last: int = 0) -> int:
    """Return the number of shards for each of so many sessions; `last` is the number of the run before.

    >>> auto_count(Suite(total=100.0, longest=5.0, startup=2.0), cores=4, sessions=1)
    4
    >>> auto_count(Suite(total=3.0, longest=0.1, startup=2.0), cores=4, sessions=1)
    2
    """
    if not suite.total:
        return last or max(1, ceil(cores / max(1, sessions)))
    counts = range(1, max(1, cores) + 1)
    waits = {count: _wait(suite, count, cores=cores, sessions=max(1, sessions)) for count in counts}
    best = min(waits.values())
    if waits.get(last, best * _STAY + 1) <= best * _STAY:
        return last
    return next(count for count in counts if waits[count] <= best * _AS_GOOD)


def _wait(suite: Suite, count: int, *, cores: int, sessions: int) -> float:
    """Return the seconds until all shards of all sessions are over: one shard alone, or all work over all cores."""
    one = suite.startup + max(suite.total / count, suite.longest)
    return max(one, sessions * (count * suite.startup + suite.total) / cores)
