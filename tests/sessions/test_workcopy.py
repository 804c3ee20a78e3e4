from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from noxline.errors import MachineError
from noxline.sessions.workcopy import copy_project, difference, make_repository, staged_tree, take_over

pytestmark = pytest.mark.process


def git(folder: Path, *args: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    done = subprocess.run(["git", "-C", str(folder), *identity, *args], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "deep").mkdir(parents=True)
    for name in ("same.py", "changed.py", "deleted.py", "deep/inner.py"):
        (root / name).write_text("old\n", encoding="utf-8")
    (root / ".gitignore").write_text("*.log\n", encoding="utf-8")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "tag", "v1.0")
    (root / "changed.py").write_text("new\n", encoding="utf-8")
    (root / "deleted.py").unlink()
    (root / "new.py").write_text("new\n", encoding="utf-8")
    (root / "x.log").write_text("ignored\n", encoding="utf-8")
    return root


def test_a_copy_has_the_same_commit_tags_and_changes(project: Path, tmp_path: Path) -> None:
    before = git(project, "status", "--porcelain")
    copy = copy_project(project, tmp_path / "copy")
    assert git(copy, "status", "--porcelain") == before
    assert git(copy, "describe", "--tags", "--dirty") == "v1.0-dirty"
    assert git(copy, "rev-parse", "HEAD") == git(project, "rev-parse", "HEAD")
    assert not (copy / "x.log").exists()
    assert git(project, "status", "--porcelain") == before


def test_a_copy_made_from_within_a_git_hook(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", str(other))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    copy = copy_project(project, tmp_path / "copy")
    make_repository(copy, project)
    monkeypatch.delenv("GIT_DIR")
    assert git(copy, "describe", "--tags") == "v1.0"
    assert git(other, "ls-files") == ""


def test_a_copy_replaces_what_was_there(project: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "left.py").write_text("", encoding="utf-8")
    assert not (copy_project(project, tmp_path / "copy") / "left.py").exists()


def test_a_project_below_a_repository_is_found_again(project: Path, tmp_path: Path) -> None:
    copy = copy_project(project / "deep", tmp_path / "copy")
    assert copy == tmp_path / "copy" / "deep"
    assert (copy / "inner.py").read_text() == "old\n"
    assert (tmp_path / "copy" / "changed.py").read_text() == "new\n"


@pytest.mark.parametrize("empty_repository", [False, True])
def test_without_a_commit_the_copy_is_a_plain_folder(tmp_path: Path, *, empty_repository: bool) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    (root / "a.py").write_text("x\n", encoding="utf-8")
    if empty_repository:
        git(root, "init", "-q")
    copy = copy_project(root, tmp_path / "copy")
    assert {path.name for path in copy.iterdir()} - {".git"} == {"a.py"}
    make_repository(copy, root)
    assert git(copy, "ls-files") == "a.py"
    assert git(copy, "log", "--format=%s") == "snapshot"


@pytest.mark.parametrize("ignored", [True, False], ids=["ignored", "no commit yet"])
def test_a_copy_below_the_project_leaves_the_repository_around_it_alone(tmp_path: Path, ignored: bool) -> None:
    """Where the repository ignores the project, or has no commit: the copy is a plain folder in it."""
    git(tmp_path, "init", "-q")
    root = tmp_path / "out"
    root.mkdir()
    (root / "a.py").write_text("x\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("out/\n" if ignored else ".noxline/\n", encoding="utf-8")
    copy = copy_project(root, root / ".noxline" / "copy")
    make_repository(copy, root)
    assert git(copy, "ls-files") in ("a.py", "out/a.py")
    assert git(tmp_path, "ls-files") == ""


def test_changes_in_a_copy_are_taken_over(project: Path, tmp_path: Path) -> None:
    copy = copy_project(project, tmp_path / "copy")
    make_repository(copy, project)
    before = staged_tree(copy)
    assert difference(copy, before, before) == ""
    (copy / "changed.py").write_text("fixed\n", encoding="utf-8")
    (copy / "same.py").unlink()
    (copy / "made").mkdir()
    (copy / "made" / "ä.py").write_text("made\n", encoding="utf-8")
    after = staged_tree(copy)
    assert "-new\n+fixed\n" in difference(copy, before, after)
    assert take_over(project, copy, before, after) == ("changed.py", "made/ä.py", "same.py")
    assert (project / "changed.py").read_text() == "fixed\n"
    assert (project / "made" / "ä.py").read_text() == "made\n"
    assert not (project / "same.py").exists()
    assert (project / "new.py").read_text() == "new\n"


def test_nothing_is_taken_over_when_a_file_changed_meanwhile(project: Path, tmp_path: Path) -> None:
    copy = copy_project(project, tmp_path / "copy")
    make_repository(copy, project)
    before = staged_tree(copy)
    (copy / "changed.py").write_text("fixed\n", encoding="utf-8")
    (copy / "same.py").write_text("fixed\n", encoding="utf-8")
    after = staged_tree(copy)
    (project / "same.py").write_text("the user's\n", encoding="utf-8")
    with pytest.raises(MachineError, match=r"same\.py changed while the hooks ran"):
        take_over(project, copy, before, after)
    assert (project / "changed.py").read_text() == "new\n"
