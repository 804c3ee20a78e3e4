"""Exactly the size that is expected, known before anything is unpacked, in either form."""

from __future__ import annotations

import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache import frames
from noxline.cache.failures import GarbageError

SIZE = 50_000_001


@given(st.binary(max_size=5000))
def test_content_comes_back_within_its_bound(data: bytes) -> None:
    packed = frames.compress(data)
    assert frames.decompress(packed, len(data)) == data
    assert frames.decompress_up_to(packed, len(data)) == data
    assert len(packed) <= frames.largest(len(data))


@given(st.binary(max_size=5000) | st.integers(1_048_575, 1_048_577).map(bytes))
def test_a_document_comes_back_within_its_bound(data: bytes) -> None:
    packed = frames.compress_document(data)
    assert frames.decompress_up_to(packed, len(data)) == data
    assert len(packed) <= frames.largest(len(data))
    if data:
        with pytest.raises(GarbageError):
            frames.decompress_up_to(packed, len(data) - 1)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_document_that_was_changed_or_cut_is_garbage_or_another_of_that_size(
    data: bytes, chosen: st.DataObject
) -> None:
    packed = frames.compress_document(data)
    at = chosen.draw(st.integers(0, len(packed) - 1))
    changed = packed[:at] + bytes([packed[at] ^ chosen.draw(st.integers(1, 255))]) + packed[at + 1 :]
    for other in (changed, packed[:at], packed + b"x"):
        try:
            assert len(frames.decompress_up_to(other, 1000)) <= 1000
        except GarbageError:
            continue
        assert other == changed  # a signature tells that; what is cut, or longer, never comes through


def test_a_small_document_takes_no_zstd() -> None:
    assert not frames.compress_document(bytes(1000)).startswith(b"\x28\xb5\x2f\xfd")
    assert frames.compress_document(bytes(2_000_000)).startswith(b"\x28\xb5\x2f\xfd")


@pytest.mark.parametrize("stated", [10, SIZE - 1])
def test_a_bomb_in_a_document_is_refused_and_takes_no_memory(stated: int) -> None:
    import tracemalloc

    packed = frames.compress_document(bytes(1_000_000))
    data = packed[:17] + stated.to_bytes(8, "big") + zlib.compress(bytes(SIZE))
    tracemalloc.start()
    with pytest.raises(GarbageError):
        frames.decompress_up_to(data, 1000)
    assert tracemalloc.get_traced_memory()[1] < 400_000
    tracemalloc.stop()
    if stated > 10:
        with pytest.raises(GarbageError):
            frames.decompress_up_to(data, stated)


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
