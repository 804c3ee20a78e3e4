"""Assign tests to shards, by the very code that the test processes use; and check what the shards ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from noxline.injected._noxline_split import Known, digest, keep_or_resplit, split
from noxline.testing.records import Collected, Process

__all__ = ["Known", "ShardReport", "keep_or_resplit", "problem", "report", "shard_digest", "split"]

_NAMED = 3


def shard_digest(ids: Iterable[str]) -> str:
    """Return the digest of the tests of a shard, in whatever order they are given."""
    return sha256("\0".join(sorted(ids)).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardReport:
    """What one shard says it ran: its number, its tests, and count and digest of what it collected for all shards."""

    number: int
    ids: tuple[str, ...]
    total: int
    universe: str


def report(number: int, processes: Sequence[Process]) -> ShardReport | None:
    """Return what the processes of one shard say; None when one died before it had collected."""
    collected = [process.collected for process in processes if process.collected is not None]
    if not collected or len(collected) < len(processes):
        return None
    total, universe = _for_all_shards(collected)
    ids = tuple(name for one in collected for name in one.ids)
    return ShardReport(number=number, ids=ids, total=total, universe=universe)


def _for_all_shards(collected: Sequence[Collected]) -> tuple[int, str]:
    """Return count and digest of what was collected for all shards; where no split was, that is what was run."""
    total = sum(one.total or len(one.ids) for one in collected)
    universe = sum(int(one.universe or digest(one.ids), 16) for one in collected) % 2**256
    return total, f"{universe:064x}"


def problem(shards: Sequence[ShardReport], *, planned: Mapping[str, int] | None = None) -> str:
    """Return why these shards are not, together, every test once; nothing when they are.

    `planned` maps the tests of the split to their shards: it can name what no shard ran.
    """
    return _unlike(shards) or _doubled(shards) or _lost(shards, planned or {})


def _unlike(shards: Sequence[ShardReport]) -> str:
    if len({(shard.total, shard.universe) for shard in shards}) <= 1:
        return ""
    counts = ", ".join(f"shard {shard.number}: {shard.total}" for shard in shards)
    return f"the shards did not collect the same tests ({counts})"


def _doubled(shards: Sequence[ShardReport]) -> str:
    # A test that a shard itself holds twice is one that was collected twice.
    times = Counter(name for shard in shards for name in set(shard.ids))
    doubled = sorted(name for name, count in times.items() if count > 1)
    return f"tests ran in more than one shard: {_some(doubled)}" if doubled else ""


def _lost(shards: Sequence[ShardReport], planned: Iterable[str]) -> str:
    ran = [name for shard in shards for name in shard.ids]
    if digest(ran) == shards[0].universe:
        return ""
    lost = sorted(set(planned) - set(ran))
    named = f": {_some(lost)}" if lost else ""
    return f"only {len(ran)} of {shards[0].total} tests are in a shard{named}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
