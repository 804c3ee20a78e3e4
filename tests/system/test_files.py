"""Files: whole or not at all, and inside their root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import UsageError
from noxline.system import files
from noxline.system.files import safe_join, task_folder, walk, write_atomic


def test_text_and_bytes_are_written_as_they_are_into_new_folders(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a" / "b.txt", "größer\r\n")
    write_atomic(tmp_path / "c.bin", b"\0\1")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "größer\r\n".encode()
    assert (tmp_path / "c.bin").read_bytes() == b"\0\1"


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, "old")

    def full_disk(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_of_the_file_before_or_the_usual_ones(tmp_path: Path) -> None:
    script = tmp_path / "run"
    script.touch(mode=0o750)
    script.chmod(0o750)
    write_atomic(script, "#!/bin/sh\n")
    write_atomic(tmp_path / "new", "")
    usual = tmp_path / "usual"
    usual.touch()
    assert script.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


@pytest.mark.parametrize("name", ["tests", "tests-3.12", "a_b.c-d"])
def test_a_safe_task_name_is_its_folder(name: str) -> None:
    assert task_folder(name) == name


def test_the_folder_of_a_shard_carries_a_digest() -> None:
    folder = task_folder("tests-3.12#2/4")
    assert folder.startswith("tests-3.12_2_4-")
    assert len(folder) == len("tests-3.12_2_4-") + 8


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_no_two_tasks_share_a_folder_and_none_leads_out(one: str, other: str) -> None:
    assert (task_folder(one) == task_folder(other)) == (one == other)
    assert task_folder(one) not in {"", ".", ".."}
    assert all(c.isascii() and (c.isalnum() or c in "._-") for c in task_folder(one))


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="leads out of"):
        safe_join(tmp_path, name)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError):
        safe_join(tmp_path / "root", "link/x")


def test_a_name_inside_is_joined(tmp_path: Path) -> None:
    assert safe_join(tmp_path, "a/./b/../c") == tmp_path.resolve() / "a" / "c"


def test_walk_goes_by_name_and_leaves_out_the_ignored(tmp_path: Path) -> None:
    for name in ("b.py", "a/z.py", "a/y.py", ".git/config", "a/.git/x", "c/d/e.py"):
        write_atomic(tmp_path / name, "")
    (tmp_path / "c" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = [path.relative_to(tmp_path).as_posix() for path in walk(tmp_path, {".git"})]
    assert found == ["b.py", "a/y.py", "a/z.py", "c/d/e.py"]


def test_the_example_of_a_task_folder_holds() -> None:
    import doctest

    assert doctest.testmod(files).failed == 0
