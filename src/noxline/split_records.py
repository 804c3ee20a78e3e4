"""The splits of sharded suites as every clone knows them: stored under what decides which tests there are.

A clone cannot know the tests of a suite before it has collected them, but it knows the files, the settings and the
arguments from which they are collected, as of any task. Under the digest of those stands the split by which the results
of its shards were made: whoever has the results has the split that they rest on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from noxline.inputs.canonical import digest
from noxline.ports import CacheStore
from noxline.splits import Split, kept_split, shards_of

KIND = "split"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """The suite that a shard is a part of; `content` is a digest of what its shards share but the files."""

    session: str
    count: int
    content: str

    def key(self, inputs: str) -> str:
        """Return the name of its split for files with this digest."""
        return digest(["split", self.session, self.count, self.content, inputs])


@dataclass
class SplitRecords:
    """Finds the split of a suite: the one that is stored for its very files, else the one of the run before."""

    root: Path
    store: CacheStore | None = None
    _found: dict[str, Split] = field(default_factory=dict)

    def find(self, suite: Suite, inputs: str) -> Split:
        """Return the split by which results for these files were made; the project's last one where none is stored."""
        key = suite.key(inputs)
        if key not in self._found:
            shards = self._stored(key, suite.count)
            stored = Split(session=suite.session, count=suite.count, shards=shards)
            self._found[key] = stored if shards else kept_split(self.root, suite.session, suite.count)
        return self._found[key]

    def keep(self, split: Split, suite: Suite, inputs: str) -> None:
        """Store the split by which the shards of a suite ran."""
        key = suite.key(inputs)
        if self.store is not None and self._stored(key, suite.count) != split.shards:
            self.store.write_record(KIND, key, {"schema": SCHEMA, "shards": [list(names) for names in split.shards]})
        self._found[key] = split

    def _stored(self, key: str, count: int) -> tuple[tuple[str, ...], ...]:
        record = self.store.read_record(KIND, key) if self.store is not None else None
        return shards_of(record.get("shards"), count) if record and record.get("schema") == SCHEMA else ()
