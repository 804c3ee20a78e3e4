"""The files of a remote entry, from wherever they are nearest: with the entry, in the local store, on the remote."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, NamedTuple

from noxline.cache import frames, packing
from noxline.cache.breaker import Breaker
from noxline.cache.failures import GarbageError, MissingError
from noxline.cache.staging import Staging, created, has_digest, staging
from noxline.cache.transport import Transport
from noxline.model.cache import CacheEntry, StoredFile

# Writes a blob that the local store has and has verified into a file; False when it has none, and nothing was written.
LocalBlobs = Callable[[StoredFile, IO[bytes]], bool]


class _Target(NamedTuple):
    path: Path
    executable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the files of one entry can be had."""

    breaker: Breaker
    prefix: str
    pack: Mapping[str, bytes]
    local: LocalBlobs

    def near(self, blob: StoredFile, file: IO[bytes]) -> bool:
        """Write a blob that need not be fetched into a file; False when it must be."""
        data = self.pack.get(blob.sha256, b"" if blob.size == 0 else None)
        if data is None:
            return self.local(blob, file)
        if not has_digest(data, blob):
            raise _damaged(blob)
        file.write(data)
        return True

    def fetch(self, blobs: Sequence[StoredFile]) -> Iterator[bytes]:
        """Yield the parts of all blobs, one after the other, while the next ones are on their way."""
        pieces = (part for blob in blobs for part in packing.parts(blob))
        return self.breaker.get_all(pieces, self._get)

    def _get(self, transport: Transport, part: packing.Part) -> bytes:
        data = transport.get(self.prefix + part.name, frames.largest(part.size))
        if data is None:
            raise MissingError("files of a result are not on the remote cache any more; its task runs")
        return frames.decompress(data, part.size)


def download(source: Source, entry: CacheEntry, *, output: Path, log: Path) -> None:
    """Put the files and the log of an entry in place; raise TransportError or OSError with nothing changed."""
    with staging(output) as stage:
        copies = _targets(stage, entry)
        wanted = []
        for blob, targets in copies:
            with created(targets[0].path, executable=targets[0].executable) as file:
                if not source.near(blob, file):
                    wanted.append((blob, targets[0].path))
        _fetch(source, wanted)
        for _, (first, *others) in copies:
            for target in others:
                with first.path.open("rb") as content, created(target.path, executable=target.executable) as file:
                    shutil.copyfileobj(content, file)
        stage.commit(output, log)


def download_one(source: Source, blob: StoredFile) -> bytes:
    """Return one blob."""
    file = io.BytesIO()
    if not source.near(blob, file):
        _take(source.fetch([blob]), blob, file)
    return file.getvalue()


def _targets(stage: Staging, entry: CacheEntry) -> list[tuple[StoredFile, list[_Target]]]:
    """Return each content of an entry once, with all places that it goes to."""
    targets = {entry.log.sha256: [_Target(stage.log(), executable=False)]}
    for file in entry.files:
        targets.setdefault(file.sha256, []).append(_Target(stage.place(file), executable=file.executable))
    blobs = packing.blobs(entry)
    return [(blobs[digest], places) for digest, places in targets.items()]


def _fetch(source: Source, wanted: Sequence[tuple[StoredFile, Path]]) -> None:
    """Get blobs from the remote into files that are there and empty."""
    incoming = source.fetch([blob for blob, _ in wanted])
    for blob, target in wanted:
        with target.open("wb") as file:
            _take(incoming, blob, file)


def _take(incoming: Iterator[bytes], blob: StoredFile, file: IO[bytes]) -> None:
    """Write the parts of a blob as they come in; raise GarbageError when together they are not it."""
    digest = sha256()
    for _ in packing.parts(blob):
        data = next(incoming)
        digest.update(data)
        file.write(data)
    if digest.hexdigest() != blob.sha256:
        raise _damaged(blob)


def _damaged(blob: StoredFile) -> GarbageError:
    return GarbageError(f"the content of a file is not what its entry says ({blob.sha256[:12]})")
