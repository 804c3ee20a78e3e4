"""The layout on a remote: what travels with an entry, and in which parts the rest lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache import layout, packing
from noxline.cache.failures import GarbageError
from noxline.model.cache import StoredFile
from tests.cache.remote_fakes import make_kept, stored, with_files

SIZES = st.integers(0, 5 * layout.PART) | st.integers(0, 100)


def blob(size: int, number: int = 0) -> StoredFile:
    return StoredFile(path=f"f{number}", size=size, sha256=f"{number:064x}")


@given(SIZES)
def test_parts_cover_a_blob_without_gap_or_overlap(size: int) -> None:
    end, names = 0, set()
    for part in packing.parts(blob(size)):
        assert part.offset == end
        assert 0 < part.size <= layout.PART
        end += part.size
        names.add(part.name)
    assert end == size
    assert len(names) == -(-size // layout.PART)


def test_a_blob_in_one_part_has_a_plain_name() -> None:
    (part,) = packing.parts(blob(layout.PART, 0xAB))
    assert part.name == f"blobs/00/{0xAB:064x}.zst"


@given(st.lists(st.integers(0, 2 * layout.SMALL), max_size=60))
def test_what_travels_with_an_entry_is_bounded_and_settled(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    files = [blob(size, number + 1) for number, size in enumerate(sizes)]
    entry = with_files(make_kept(Path(tmp_path_factory.getbasetemp() / "packing"), {}).entry, *files)
    chosen = packing.packed(entry)
    assert all(file.size <= layout.SMALL for file in chosen)
    assert sum(file.size for file in chosen) <= layout.PACK
    assert chosen == packing.packed(with_files(entry, *reversed(files)))


def test_a_body_comes_apart_as_it_was_put_together(tmp_path: Path) -> None:
    contents = {"a": b"first", "b": b"", "c": b"third"}
    entry = make_kept(tmp_path, contents).entry
    order = packing.packed(entry)
    known = {stored("", data).sha256: data for data in (*contents.values(), b"a log\n", b"src/a.py 1\n")}
    data, rest = packing.encoded_entry(packing.body(b"encoded", known, order))
    assert data == b"encoded"
    assert packing.unpack(rest, order) == known


@given(st.binary(max_size=60))
def test_a_body_that_is_cut_or_made_up_is_garbage(data: bytes) -> None:
    try:
        encoded, rest = packing.encoded_entry(data)
    except GarbageError:
        return
    assert 8 + len(encoded) + len(rest) == len(data)
    with pytest.raises(GarbageError):
        packing.unpack(rest, (blob(len(rest) + 1),))
