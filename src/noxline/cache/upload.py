"""What a task left, on its way to the remote; every byte is compared with the entry's digests before it goes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from noxline.cache import codec, frames, layout, packing
from noxline.cache.breaker import Breaker
from noxline.cache.staging import has_digest
from noxline.cache.transport import Transport
from noxline.model.cache import Kept, StoredFile


class ChangedError(Exception):
    """A file is not what it was when its task ended."""


class Contents:
    """The blobs of what is to be kept, from the files that a task left."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        output = Path(kept.output)
        files = {file.sha256: output.joinpath(*file.path.split("/")) for file in kept.entry.files}
        self._paths: Mapping[str, Path] = {**files, kept.entry.log.sha256: Path(kept.log)}

    @property
    def kept(self) -> Kept:
        """Return what is to be kept."""
        return self._kept

    def read(self, blob: StoredFile) -> bytes:
        """Return a blob; raise ChangedError when it is not what the entry says."""
        inputs = blob.sha256 == self._kept.entry.inputs.sha256
        data = self._kept.inputs if inputs else self._paths[blob.sha256].read_bytes()
        if not has_digest(data, blob):
            raise _changed(blob)
        return data

    def pieces(self, blob: StoredFile) -> Iterator[tuple[packing.Part, bytes]]:
        """Yield the parts of a blob with their bytes; one of several parts is read twice rather than held in memory."""
        if blob.size <= layout.PART or blob.sha256 == self._kept.entry.inputs.sha256:
            data = self.read(blob)
            for part in packing.parts(blob):
                yield part, data[part.offset : part.offset + part.size]
            return
        path = self._paths[blob.sha256]
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(layout.PART):
                digest.update(block)
            if digest.hexdigest() != blob.sha256:
                raise _changed(blob)
            file.seek(0)
            for part in packing.parts(blob):
                yield part, file.read(part.size)


def upload(breaker: Breaker, contents: Contents, *, prefix: str) -> bytes:
    """Send the larger blobs of an entry, and return the body to be signed: the entry with the small ones."""
    entry = contents.kept.entry
    order = packing.packed(entry)
    pack = {blob.sha256: contents.read(blob) for blob in order}
    apart = [blob for digest, blob in packing.blobs(entry).items() if digest not in pack]

    def send(transport: Transport, piece: tuple[packing.Part, bytes]) -> bool:
        part, data = piece
        return transport.put_new(prefix + part.name, frames.compress(data))

    breaker.put_all((piece for blob in apart for piece in contents.pieces(blob)), send)
    return frames.compress_document(packing.body(codec.encode(entry), pack, order))


def _changed(blob: StoredFile) -> ChangedError:
    return ChangedError(f"{blob.path} changed after the task had ended")
