"""By what one can tell without reading it that a file is as it was, and from when on."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from noxline.inputs.file_digests import content_of, is_settled

SECOND = 1_000_000_000
AT = 1_700_000_000 * SECOND + 5


@pytest.mark.parametrize(("mtime", "ctime"), [(AT, AT - 9), (AT - 9, AT)])
def test_a_file_that_was_just_written_may_be_written_again_unnoticed(mtime: int, ctime: int) -> None:
    assert not is_settled((1, mtime, ctime, 1, 1), AT)
    assert not is_settled((1, mtime, ctime, 1, 1), AT + SECOND // 100)
    assert is_settled((1, mtime, ctime, 1, 1), AT + SECOND // 10)


def test_where_times_are_whole_seconds_it_takes_two_of_them() -> None:
    whole = AT - 5
    assert not is_settled((1, whole, whole, 1, 1), whole + 2 * SECOND)
    assert is_settled((1, whole, whole, 1, 1), whole + 3 * SECOND)


def test_a_file_from_the_future_is_never_settled() -> None:
    assert not is_settled((1, AT + 3600 * SECOND, AT, 1, 1), AT + SECOND)


@pytest.mark.parametrize("size", [0, 1, 999, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
@pytest.mark.parametrize("believed", [-1, 0, 1])
def test_a_file_is_read_to_its_end_whatever_size_it_was_known_to_have(tmp_path: Path, size: int, believed: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    digest = sha256(b"x" * size).hexdigest()
    mode = (tmp_path / "file").stat().st_mode
    assert content_of(str(tmp_path), "file", mode, max(0, size + believed)) == (digest, True)
    assert content_of(str(tmp_path), "file", mode) == (digest, True)
