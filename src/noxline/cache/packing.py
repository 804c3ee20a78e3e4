"""How an entry and its blobs are laid out on a remote, which both sides work out alike.

Small blobs travel inside the entry's own object, under its signature: most entries are then one request. Larger ones
are objects of their own, under their digest, in parts of at most `PART` bytes: the parts of one file come over several
connections, and each is done within the time of one request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from noxline.cache import layout
from noxline.cache.failures import GarbageError
from noxline.cache.layout import PART
from noxline.model.cache import CacheEntry, StoredFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a blob: where it lies on the remote below its namespace, and in the file."""

    name: str
    offset: int
    size: int


def parts(blob: StoredFile) -> Iterator[Part]:
    """Yield the parts of a blob in their order; an empty blob has none."""
    for number, (name, size) in enumerate(layout.part_names(blob.sha256, blob.size)):
        yield Part(name=name, offset=number * PART, size=size)


def blobs(entry: CacheEntry) -> Mapping[str, StoredFile]:
    """Return every content of an entry once, by its digest."""
    return {file.sha256: file for file in (entry.log, entry.inputs, *entry.files)}


def packed(entry: CacheEntry) -> tuple[StoredFile, ...]:
    """Return the blobs that travel with the entry, in their order."""
    known = blobs(entry)
    return tuple(known[digest] for digest, _ in layout.packed((blob.sha256, blob.size) for blob in known.values()))


def body(entry: bytes, pack: Mapping[str, bytes], order: tuple[StoredFile, ...]) -> bytes:
    """Return an encoded entry with the blobs that travel with it."""
    return b"".join((layout.LENGTH.pack(len(entry)), entry, *(pack[blob.sha256] for blob in order)))


def encoded_entry(content: bytes) -> tuple[bytes, memoryview]:
    """Return the encoded entry of a body, and what follows it; raise GarbageError when there is none."""
    try:
        return layout.cut(content)
    except ValueError as error:
        raise GarbageError(str(error)) from error


def unpack(rest: memoryview, order: tuple[StoredFile, ...]) -> dict[str, bytes]:
    """Return the blobs that travelled with an entry, by digest; their content is still to be verified."""
    if len(rest) != sum(blob.size for blob in order):
        raise GarbageError("an entry does not hold the small files that it names")
    found, offset = {}, 0
    for blob in order:
        found[blob.sha256] = bytes(rest[offset : offset + blob.size])
        offset += blob.size
    return found
