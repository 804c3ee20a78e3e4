"""What a project's tests taught travels with the store: durations, evidence of flaky tests, splits.

Durations and evidence stand under the name of the project and the origin of its repository, so all its clones and
branches add to the same two records. They are read once in a run, before the first task that may hold tests, and
written when a run has something to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from noxline.flaky import add_evidence, evidence
from noxline.inputs.canonical import digest
from noxline.model.run import TaskResult
from noxline.ports import CacheStore
from noxline.reuse import Reuser
from noxline.splits import ran_split, sharded
from noxline.state import add_durations, durations_of_tests
from noxline.testing import durations
from noxline.testing import evidence as flaky_evidence
from noxline.testing.records import FOLDER

DURATIONS, FLAKY = "durations", "flaky"
Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """One kind of knowledge: how two records become one, and how this clone's own is read and added to."""

    merge: Callable[[Record, Record], Record]
    own: Callable[[Path], Record]
    add: Callable[[Path, Record], None]


_KINDS: Mapping[str, _Kind] = {
    DURATIONS: _Kind(merge=durations.merge, own=durations_of_tests, add=add_durations),
    FLAKY: _Kind(merge=flaky_evidence.merge, own=evidence, add=add_evidence),
}


@dataclass
class Sharing:
    """Exchanges knowledge with a store; `project` gives what names the project in all its clones."""

    root: Path
    project: Callable[[], str]
    store: CacheStore | None
    _there: dict[str, Record] = field(default_factory=dict)

    def take(self) -> None:
        """Add to this clone's knowledge what others know; the store is asked once."""
        if self.store is None or self._there:
            return
        for name, kind in _KINDS.items():
            found = self.store.read_record(name, self._key, kind.merge)
            self._there[name] = kind.merge(found or {}, {})
            if found:
                kind.add(self.root, found)

    def give(self, results: Iterable[TaskResult]) -> None:
        """Give others what this run taught; where nothing ran, take what came with results from elsewhere."""
        tested = [result for result in results if _has_tests(result)]
        ran = any(result.decision == "ran" for result in tested)
        if ran or any(result.source == "remote" for result in tested):
            self.take()
        if ran and self.store is not None:
            self._write(self.store)

    def _write(self, store: CacheStore) -> None:
        for name, kind in _KINDS.items():
            own = kind.own(self.root)
            if own["tests"] and own != self._there[name]:
                store.write_record(name, self._key, own)

    @cached_property
    def _key(self) -> str:
        return digest(["tests of", self.project()])


def _has_tests(result: TaskResult) -> bool:
    return result.outcome.output is not None and (result.outcome.output / FOLDER).is_dir()


def share_splits(reuser: Reuser, results: Sequence[TaskResult]) -> None:
    """Store the splits of sessions of which a shard ran, for whoever finds their results."""
    for shards in sharded(results).values():
        split = ran_split(shards) if any(shard.decision == "ran" for shard in shards) else None
        suite = reuser.definitions[shards[0].task.name].suite
        inputs = _inputs(reuser, shards)
        if split is not None and suite is not None and inputs:
            reuser.fingerprints.splits.keep(split, suite, inputs)


def _inputs(reuser: Reuser, shards: Sequence[TaskResult]) -> str:
    """Return the digest of the files from which all shards collected; nothing when they differ, or are not known."""
    made = [reuser.made.get(shard.task.name) for shard in shards]
    digests = {str(one.components["inputs"]) if one else "" for one in made}
    return digests.pop() if len(digests) == 1 else ""
