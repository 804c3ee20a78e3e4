"""Planned files: shown as a diff, written whole, never over a change that nobody saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.errors import MachineError, UsageError
from noxline.settings.planned import PlannedFile, read_text, write


def planned(root: Path, name: str, old: str | None, new: str) -> PlannedFile:
    return PlannedFile(name=name, path=root / name, old=old, new=new)


def test_the_diff_of_a_new_file(tmp_path: Path) -> None:
    assert planned(tmp_path, "a/b.txt", None, "x\n").diff == "--- /dev/null\n+++ b/a/b.txt\n@@ -0,0 +1 @@\n+x\n"


def test_the_diff_of_an_addition_to_a_file_without_a_last_line_end(tmp_path: Path) -> None:
    assert planned(tmp_path, "m", "x", "x\ny\n").diff == (
        "--- a/m\n+++ b/m\n@@ -1 +1,2 @@\n-x\n\\ No newline at end of file\n+x\n+y\n"
    )


def test_a_file_that_is_left_alone_has_no_diff(tmp_path: Path) -> None:
    file = planned(tmp_path, "m", "x\n", "x\n")
    assert (file.changes, file.diff) == (False, "")


def test_writes_what_changes_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("k")
    files = (planned(tmp_path, "new/x", None, "1\r\n2\n"), planned(tmp_path, "kept", "k", "k"))
    assert write(files) == ("new/x",)
    assert (tmp_path / "new/x").read_bytes() == b"1\r\n2\n"


def test_writes_nothing_when_one_file_changed_since(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("edited")
    with pytest.raises(UsageError) as caught:
        write((planned(tmp_path, "n", None, "new"), planned(tmp_path, "m", "old", "new")))
    assert caught.value.message == "m was changed in the meantime; nothing was written"
    assert not (tmp_path / "n").exists()
    assert (tmp_path / "m").read_text() == "edited"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write((planned(tmp_path, "link", "old", "new"),))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match=r"cannot (read the file|write)"):
        write((planned(tmp_path, "file/x", None, "new"),))


def test_reads_text_with_its_own_line_ends(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"a\r\nb")
    assert read_text(tmp_path / "m") == "a\r\nb"
    assert read_text(tmp_path / "none") is None
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(MachineError, match="not UTF-8"):
        read_text(tmp_path / "binary")
