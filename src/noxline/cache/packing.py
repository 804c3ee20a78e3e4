"""How an entry and its blobs are laid out on a remote; a part of the format `v1`, which both sides work out alike.

Small blobs travel inside the entry's own object, under its signature: most entries are then one request. Larger ones
are objects of their own, under their digest, in parts of at most `PART` bytes: the parts of one file come over several
connections, and each is done within the time of one request.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from noxline.cache.codec import LARGEST
from noxline.cache.transport import GarbageError
from noxline.model.cache import CacheEntry, StoredFile

VERSION = "v1"
# 2: with the time at which it was written, and compressed.
RECORD_SCHEMA = 2
SMALL = 65_536  # bytes of a blob that travels with its entry
PACK = 1_048_576  # bytes of all blobs that do
PART = 1_048_576  # bytes of a part of a blob: eight at a time are done within 10 s at 7 Mbit/s
RECORD = 32_000_000  # bytes of a record: the times of 60,000 tests are 6 MB of JSON
RECORD_SENT = 8_000_000  # bytes of a record as it is sent, compressed
LARGEST_BODY = LARGEST + PACK + 8
_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a blob: where it lies on the remote below its namespace, and in the file."""

    name: str
    offset: int
    size: int


def entry_name(name: str) -> str:
    """Return where an entry lies below its namespace."""
    return f"entries/{name[:2]}/{name}"


def slots(digest: str, max_age: float | None, now: float) -> tuple[str, ...]:
    """Return the names that an entry may have which was made at most `max_age` seconds ago, the newest first.

    Nothing is overwritten, so time is divided into slots as long as an entry lives, and each has a name of its own. One
    that is young enough was made in this slot or in the one before; and when there is none, this slot is free.

    >>> slots("ab", None, 1.0), slots("ab", 60.0, 150.0), slots("ab", 0.0, 1.0)
    (('ab',), ('ab.60-2', 'ab.60-1'), ())
    """
    if max_age is None:
        return (digest,)
    if max_age <= 0:
        return ()  # it is never young enough
    length = math.ceil(max_age)
    number = math.floor(now / length)
    return f"{digest}.{length}-{number}", f"{digest}.{length}-{number - 1}"


def record_name(kind: str, key: str) -> str:
    """Return the name of a record below its namespace."""
    return f"records/{kind}/{sha256(f'{RECORD_SCHEMA} {key}'.encode()).hexdigest()}"


def parts(blob: StoredFile) -> Iterator[Part]:
    """Yield the parts of a blob in their order; an empty blob has none.

    >>> from noxline.model.cache import StoredFile
    >>> [part.size for part in parts(StoredFile(path="x", size=PART + 1, sha256="ab" * 32))]
    [1048576, 1]
    """
    base = f"blobs/{blob.sha256[:2]}/{blob.sha256}"
    for offset in range(0, blob.size, PART):
        number = f".{offset // PART}" if blob.size > PART else ""
        yield Part(name=f"{base}{number}.zst", offset=offset, size=min(PART, blob.size - offset))


def blobs(entry: CacheEntry) -> Mapping[str, StoredFile]:
    """Return every content of an entry once, by its digest."""
    return {file.sha256: file for file in (entry.log, entry.inputs, *entry.files)}


def packed(entry: CacheEntry) -> tuple[StoredFile, ...]:
    """Return the blobs that travel with the entry, in their order."""
    chosen, total = [], 0
    for _, blob in sorted(blobs(entry).items()):
        if blob.size <= SMALL and total + blob.size <= PACK:
            chosen.append(blob)
            total += blob.size
    return tuple(chosen)


def body(entry: bytes, pack: Mapping[str, bytes], order: tuple[StoredFile, ...]) -> bytes:
    """Return an encoded entry with the blobs that travel with it."""
    return b"".join((_LENGTH.pack(len(entry)), entry, *(pack[blob.sha256] for blob in order)))


def encoded_entry(content: bytes) -> tuple[bytes, memoryview]:
    """Return the encoded entry of a body, and what follows it; raise GarbageError when there is none."""
    if len(content) < _LENGTH.size:
        raise GarbageError("an entry is cut short")
    end = _LENGTH.size + _LENGTH.unpack_from(content)[0]
    if end > len(content):
        raise GarbageError("an entry is cut short")
    return content[_LENGTH.size : end], memoryview(content)[end:]


def unpack(rest: memoryview, order: tuple[StoredFile, ...]) -> dict[str, bytes]:
    """Return the blobs that travelled with an entry, by digest; their content is still to be verified."""
    if len(rest) != sum(blob.size for blob in order):
        raise GarbageError("an entry does not hold the small files that it names")
    found, offset = {}, 0
    for blob in order:
        found[blob.sha256] = bytes(rest[offset : offset + blob.size])
        offset += blob.size
    return found
