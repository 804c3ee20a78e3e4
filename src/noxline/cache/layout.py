"""Where things lie on a remote, and which files travel with their entry; a part of the format `v1`.

It takes plain texts and numbers and imports next to nothing, for a fresh clone asks a remote before anything else.
"""

from __future__ import annotations

import struct
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION = "v1"
# 2: with the time at which it was written, and compressed.
RECORD_SCHEMA = 2
SMALL = 65_536  # bytes of a blob that travels with its entry
PACK = 1_048_576  # bytes of all blobs that do
PART = 1_048_576  # bytes of a part of a blob: eight at a time are done within 10 s at 7 Mbit/s
RECORD = 32_000_000  # bytes of a record: the times of 60,000 tests are 6 MB of JSON
RECORD_SENT = 8_000_000  # bytes of a record as it is sent, compressed
LARGEST_ENTRY = 8_000_000  # bytes of an encoded entry
LENGTH = struct.Struct(">Q")
LARGEST_BODY = LARGEST_ENTRY + PACK + LENGTH.size


def entry_name(name: str) -> str:
    """Return where an entry lies below its namespace."""
    return f"entries/{name[:2]}/{name}"


def run_name(name: str) -> str:
    """Return where a run lies below its namespace."""
    return f"runs/{name[:2]}/{name}"


def record_name(kind: str, key: str) -> str:
    """Return where a record lies below its namespace."""
    return f"records/{kind}/{sha256(f'{RECORD_SCHEMA} {key}'.encode()).hexdigest()}"


def part_names(digest: str, size: int) -> Iterator[tuple[str, int]]:
    """Yield where the parts of a blob lie below its namespace, each with its size; an empty blob has none.

    One at a time, for the size is only what an entry claims.

    >>> [size for _, size in part_names("ab" * 32, PART + 1)]
    [1048576, 1]
    """
    base = f"blobs/{digest[:2]}/{digest}"
    for at in range(0, size, PART):
        yield f"{base}{f'.{at // PART}' if size > PART else ''}.zst", min(PART, size - at)


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
    length = int(-(-max_age // 1))
    number = int(now // length)
    return f"{digest}.{length}-{number}", f"{digest}.{length}-{number - 1}"


def packed(sizes: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return which of the blobs `(digest, size)` travel with their entry, in their order."""
    chosen, total = [], 0
    for digest, size in sorted(dict(sizes).items()):
        if size <= SMALL and total + size <= PACK:
            chosen.append((digest, size))
            total += size
    return chosen


def cut(content: bytes) -> tuple[bytes, memoryview]:
    """Return what a length in front of a content holds, and what follows it; raise ValueError when it is cut short."""
    if len(content) < LENGTH.size:
        raise ValueError("an entry is cut short")
    end = LENGTH.size + LENGTH.unpack_from(content)[0]
    if end > len(content):
        raise ValueError("an entry is cut short")
    return content[LENGTH.size : end], memoryview(content)[end:]
