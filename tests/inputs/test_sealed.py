"""A state file comes back as it was written, or is known to be damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.inputs import sealed

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("state") / "deep" / "file")


@given(PLAIN)
def test_what_was_saved_is_loaded(file: str, content: Any) -> None:
    sealed.save(file, content)
    assert sealed.load(file) == content


@given(PLAIN, st.data())
def test_one_changed_byte_is_noticed(file: str, content: Any, data: st.DataObject) -> None:
    sealed.save(file, content)
    whole = Path(file).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    Path(file).write_bytes(whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
    with pytest.raises(sealed.DamagedError):
        sealed.load(file)
    Path(file).write_bytes(whole[:place])
    with pytest.raises(sealed.DamagedError):
        sealed.load(file)


def test_nothing_is_loaded_from_nowhere_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert sealed.load(str(path)) is None
    path.mkdir()
    with pytest.raises(sealed.DamagedError):
        sealed.load(str(path))
    with pytest.raises(IsADirectoryError):
        sealed.save(str(path), {})
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
