"""zstd: exactly the size that is expected, known before anything is unpacked."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache import frames
from noxline.cache.transport import GarbageError


@given(st.binary(max_size=5000))
def test_content_comes_back_within_its_bound(data: bytes) -> None:
    packed = frames.compress(data)
    assert frames.decompress(packed, len(data)) == data
    assert frames.decompress_up_to(packed, len(data)) == data
    assert len(packed) <= frames.largest(len(data))


@given(st.binary(max_size=200))
def test_anything_else_is_garbage(data: bytes) -> None:
    if not data.startswith(b"\x28\xb5\x2f\xfd"):
        with pytest.raises(GarbageError):
            frames.decompress(data, 10)


def bomb(size: int, stated: int | None) -> bytes:
    """Return a small frame of many zeros that states another size, or none at all."""
    parameters = zstandard.ZstdCompressionParameters(write_content_size=stated is not None)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compress(bytes(size))
    if stated is None:
        return frame
    true = size.to_bytes(4, "little")
    assert frame.count(true) == 1
    return frame.replace(true, stated.to_bytes(4, "little"))


SIZE = 50_000_001


@pytest.mark.parametrize("stated", [SIZE, None, 10, SIZE - 1])
def test_a_bomb_is_refused_however_it_is_made(stated: int | None) -> None:
    data = bomb(SIZE, stated)
    assert len(data) < 10_000
    with pytest.raises(GarbageError):
        frames.decompress(data, 10)
    with pytest.raises(GarbageError):
        frames.decompress_up_to(data, 1000)


def test_a_bomb_takes_no_memory() -> None:
    import tracemalloc

    data = bomb(SIZE, 10)
    with pytest.raises(GarbageError):  # the package itself is loaded outside the measurement
        frames.decompress(data, 10)
    tracemalloc.start()
    with pytest.raises(GarbageError):
        frames.decompress(data, 10)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@pytest.mark.parametrize("size", [9, 11])
def test_another_size_than_expected_is_garbage(size: int) -> None:
    with pytest.raises(GarbageError):
        frames.decompress(frames.compress(bytes(10)), size)


def test_nothing_may_follow_the_frame() -> None:
    with pytest.raises(GarbageError):
        frames.decompress(frames.compress(b"0123456789") + b"more", 10)
