"""What is kept of a task so that it need not run again: its fingerprint, what came of it, and the files it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A component is plain data: text, numbers, lists and mappings with text keys, nothing else.
Components = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """The named components that decide whether a result may be reused; `digest`, their SHA-256, is the key."""

    digest: str
    components: Components


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """One file of an entry: where it lies below the output directory (forward slashes), and its content's SHA-256."""

    path: str
    size: int
    sha256: str
    executable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheEntry:
    """What is kept under a fingerprint's digest. Only tasks that passed are kept.

    `output_digest` is that of the normalised view of the files, which enters the fingerprints of the tasks that need
    this one. `inputs` is the list of input files with their digests, for explaining later misses. `created` is in
    seconds since the epoch; `machine` names the machine of an exclusive task's result, which no other may use.
    """

    fingerprint: Fingerprint
    task: str
    seconds: float
    cpu_seconds: float
    setup_seconds: float
    warnings: tuple[str, ...]
    output_digest: str
    files: tuple[StoredFile, ...]
    log: StoredFile
    inputs: StoredFile
    created: float
    machine: str = ""
    writer: str = ""  # version of noxline

    def is_young(self, max_age: float | None, now: float) -> bool:
        """Tell whether an entry is not older than it may be; one from the future has no age that could be told."""
        return max_age is None or 0 <= now - self.created <= max_age


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An entry and the store that gave it: "local" or "remote"."""

    entry: CacheEntry
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What a task left on this disk, to be stored: `files` lie below `output` and were digested by the caller.

    `replaces` says that an entry under this fingerprint was refused, or was not wanted: on this disk it gives way.
    `max_age` is how old it may become, in seconds, where that is limited.
    """

    entry: CacheEntry
    output: str
    log: str
    inputs: bytes = field(repr=False)
    replaces: bool = False
    max_age: float | None = None
