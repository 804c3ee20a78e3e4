"""Whole objects compressed; nothing is decompressed beyond the size that is expected of it.

Files are zstd frames. Documents (entries, records, runs) are deflated while they are small: a fresh clone that finds
everything reads nothing else, and the standard library has that at hand at a tenth of what importing zstd costs.
"""

from __future__ import annotations

import zlib

from noxline.cache.failures import GarbageError

LEVEL = 3
_DEFLATED = b"noxline-deflated "  # no zstd frame begins like this
_LENGTH = 8  # bytes of the size of the content, the most significant first
_FAST = 1  # the level of deflate: twice as fast as the usual one, and a few percent larger
_SMALL_DOCUMENT = 1_048_576  # bytes from which zstd is worth its import


def compress(data: bytes) -> bytes:
    """Return data as one zstd frame that states its size."""
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


def compress_document(data: bytes) -> bytes:
    """Return data as an object that `decompress_up_to` reads, a small one without zstd."""
    if len(data) > _SMALL_DOCUMENT:
        return compress(data)
    return b"%b%b%b" % (_DEFLATED, len(data).to_bytes(_LENGTH, "big"), zlib.compress(data, _FAST))


def largest(size: int) -> int:
    """Return how many bytes a frame of so many bytes of content has at most (the bound that zstd documents)."""
    return size + (size >> 8) + 1024


def decompress(data: bytes, size: int) -> bytes:
    """Return the content of a frame of exactly `size` bytes; raise GarbageError for anything else."""
    content = decompress_up_to(data, size)
    if len(content) != size:
        raise GarbageError("an object has another size than its entry says")
    return content


def decompress_up_to(data: bytes, limit: int) -> bytes:
    """Return the content of a frame of at most `limit` bytes; raise GarbageError for anything else.

    The frame must state its size, so a bomb is known before a byte of it is unpacked; and zstd itself stops a frame
    that holds more than it states.
    """
    if data.startswith(_DEFLATED):
        return _inflated(memoryview(data)[len(_DEFLATED) :], limit)
    import zstandard

    try:
        stated = zstandard.get_frame_parameters(data).content_size
        if not 0 <= stated <= limit:
            raise GarbageError(f"an object would unpack to more than {limit} bytes")
        content: bytes = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise GarbageError("an object is not compressed as noxline does it") from error
    if len(content) != stated:
        raise GarbageError("an object has another size than it states")
    return content


def _inflated(data: memoryview, limit: int) -> bytes:
    stated = int.from_bytes(data[:_LENGTH], "big")
    if len(data) <= _LENGTH or stated > limit:
        raise GarbageError(f"an object would unpack to more than {limit} bytes")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(data[_LENGTH:], stated + 1)  # with 0 for a limit it would have none
    except zlib.error as error:
        raise GarbageError("an object is not compressed as noxline does it") from error
    if len(content) != stated or not unpacker.eof or unpacker.unused_data:
        raise GarbageError("an object has another size than it states")
    return content
