"""The commit that is read from git's files is the one that git names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from noxline.inputs import commit
from tests.inputs.test_index import git, write

pytestmark = pytest.mark.process


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    write(root, "a.py", "1")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def agrees(folder: Path) -> bool:
    return commit.head(str(folder)) == git(folder, "rev-parse", "HEAD").strip()


def test_it_is_the_commit_that_git_names(root: Path, tmp_path: Path) -> None:
    (root / "deep").mkdir()
    assert agrees(root)
    assert agrees(root / "deep")
    git(root, "pack-refs", "--all")
    assert agrees(root)
    git(root, "commit", "-qm", "second", "--allow-empty")
    assert agrees(root)
    git(root, "checkout", "-qb", "feature/x")
    assert agrees(root)
    git(root, "checkout", "-q", "--detach", "main~1")
    assert agrees(root)
    git(root, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    assert agrees(tmp_path / "tree")
    git(root, "pack-refs", "--all", "--prune")
    assert agrees(tmp_path / "tree")
    git(tmp_path / "tree", "commit", "-qm", "third", "--allow-empty")
    assert agrees(tmp_path / "tree")
    assert agrees(root)
    git(root, "symbolic-ref", "refs/heads/alias", "refs/heads/other")
    git(root, "checkout", "-q", "--ignore-other-worktrees", "alias")
    assert agrees(root)


def test_it_is_that_of_a_submodule_within_it(root: Path, tmp_path: Path) -> None:
    git(root, "submodule", "add", "-q", str(root), "inner")
    assert agrees(root / "inner")
    git(root / "inner", "commit", "-qm", "another", "--allow-empty")
    assert agrees(root / "inner")
    assert agrees(root)
    assert commit.head(str(tmp_path)) == ""


def test_a_repository_without_commits_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path, "rev-parse", "--verify", "-q", "HEAD")
    assert commit.head(str(tmp_path)) == ""


def test_versions_follow_commits_and_tags(root: Path) -> None:
    seen = {commit.version_source(str(root))}
    for command in (
        ("commit", "-qm", "second", "--allow-empty"),
        ("tag", "v1"),
        ("tag", "-a", "v2", "-m", "two"),
        ("tag", "-f", "v1", "HEAD~1"),
        ("tag", "deep/v3"),
        ("tag", "-d", "v1"),
    ):
        before = len(seen)
        git(root, *command)
        seen.add(commit.version_source(str(root)))
        assert len(seen) == before + 1, command


def test_versions_do_not_follow_where_git_keeps_them(root: Path) -> None:
    git(root, "tag", "v1")
    before = commit.version_source(str(root))
    git(root, "branch", "topic")
    git(root, "pack-refs", "--all")
    assert commit.version_source(str(root)) == before
