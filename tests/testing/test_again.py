"""How flaky tests of a stored result ended, beside the result."""

from __future__ import annotations

from pathlib import Path

from noxline.testing.again import read_again, write_again


def test_what_was_written_is_read_and_lies_beside_the_output(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    assert read_again(output) == {}
    write_again(output, {"a": "passed", "b": "broken"})
    assert read_again(output) == {"a": "passed", "b": "broken"}
    assert list(output.iterdir()) == []


def test_what_is_no_such_file_says_nothing(tmp_path: Path) -> None:
    for torn in ("", "[]", "{", '{"a": "perhaps"}'):
        (tmp_path / "again.json").write_text(torn)
        assert read_again(tmp_path / "output") == {}
