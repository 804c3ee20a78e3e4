"""Outputs in the project itself come back as they were, and nothing is written anywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.errors import MachineError
from noxline.results import stored_files
from noxline.tree_outputs import FOLDER, files_of, gather, links_in, put_back, to_be_put_back
from tests.reuse.world import write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    write(root / "gen" / "a.txt", "a")
    write(root / "gen" / "deep" / "run.sh", "b")
    (root / "gen" / "deep" / "run.sh").chmod(0o755)
    write(root / "one.txt", "c")
    return root


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_was_gathered_is_put_back_whole(root: Path, tmp_path: Path) -> None:
    before = contents(root)
    assert gather(root, ("gen", "one.txt", "absent"), tmp_path / "out") == ()
    write(root / "gen" / "a.txt", "other")
    write(root / "gen" / "new.txt", "was not there")
    (root / "one.txt").unlink()
    assert put_back(root, ("gen", "one.txt", "absent"), tmp_path / "out")
    assert contents(root) == before
    assert (root / "gen" / "deep" / "run.sh").stat().st_mode & 0o100
    assert sorted(path.name for path in root.iterdir()) == ["gen", "one.txt"], "nothing is left beside"


def test_what_is_so_already_is_not_touched(root: Path, tmp_path: Path) -> None:
    gather(root, ("gen",), tmp_path / "out")
    inode = (root / "gen" / "a.txt").stat().st_ino
    assert not put_back(root, ("gen",), tmp_path / "out")
    assert (root / "gen" / "a.txt").stat().st_ino == inode


@pytest.mark.parametrize("change", ["mode", "content", "folder", "link"])
def test_every_difference_is_seen(root: Path, tmp_path: Path, change: str) -> None:
    gather(root, ("gen", "one.txt"), tmp_path / "out")
    path = root / "one.txt"
    if change == "mode":
        path.chmod(0o755)
    elif change == "content":
        path.write_text("d")
    else:
        path.unlink()
        path.mkdir() if change == "folder" else path.symlink_to("gen/a.txt")
    assert put_back(root, ("gen", "one.txt"), tmp_path / "out")
    assert not path.is_symlink()
    assert path.read_text() == "c"
    assert not path.stat().st_mode & 0o100


def test_nothing_is_written_through_a_link_on_the_way(root: Path, tmp_path: Path) -> None:
    gather(root, ("gen/deep",), tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    (root / "gen").rename(root / "old")
    (root / "gen").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MachineError, match="outside the project"):
        put_back(root, ("gen/deep",), tmp_path / "out")
    assert contents(tmp_path / "elsewhere") == {}


def test_links_are_named_and_left_out(root: Path, tmp_path: Path) -> None:
    (root / "way").symlink_to("gen")
    (root / "gen" / "latest").symlink_to("a.txt")
    assert gather(root, ("way", "gen"), tmp_path / "out") == ("way",)
    assert not (tmp_path / "out" / FOLDER / "way").exists()
    assert links_in(tmp_path / "out") == ("gen/latest",)


def test_all_files_of_outputs_are_listed(root: Path) -> None:
    names = [Path(path).relative_to(root).as_posix() for path in files_of(root, ("gen", "one.txt"))]
    assert sorted(names) == ["gen/a.txt", "gen/deep/run.sh", "one.txt"]


def test_what_would_be_put_back_is_known_beforehand(root: Path, tmp_path: Path) -> None:
    gather(root, ("gen", "one.txt"), tmp_path / "out")
    stored = stored_files(tmp_path / "out")
    assert to_be_put_back(root, ("gen", "one.txt"), stored) == frozenset()
    (root / "gen" / "a.txt").write_text("A")
    (root / "gen" / "deep" / "run.sh").chmod(0o644)
    (root / "one.txt").unlink()
    write(root / "gen" / "new.txt", "n")
    expected = {"gen/a.txt", "gen/deep/run.sh", "gen/new.txt", "one.txt"}
    assert to_be_put_back(root, ("gen", "one.txt"), stored) == expected
    assert to_be_put_back(root, (), stored) == frozenset()
