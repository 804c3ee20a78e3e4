"""zstd, whole objects at a time; nothing is decompressed beyond the size that is expected of it."""

from __future__ import annotations

from noxline.cache.transport import GarbageError

LEVEL = 3


def compress(data: bytes) -> bytes:
    """Return data as one zstd frame that states its size."""
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


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
