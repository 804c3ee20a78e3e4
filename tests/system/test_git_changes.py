"""What changed since the merge base, asked of real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from noxline.errors import UsageError
from noxline.system.git_changes import changed_files

pytestmark = pytest.mark.process


def git(folder: Path, *arguments: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        environ |= {f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@localhost"}
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(root: Path, **files: str) -> None:
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def commit(root: Path, message: str = "x") -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "--short", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository on a branch of its own that left main one commit ago."""
    root = tmp_path / "work"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    write(root, kept="1", changed="1", staged="1", gone="1", old="1\n2\n3\n", src__a="1")
    (root / ".gitignore").write_text("ignored\n")
    commit(root)
    git(root, "switch", "-q", "-c", "feature")
    return root


def paths(root: Path, base: str = "") -> set[str]:
    return set(changed_files(root, base).paths)


def test_nothing_changed(repository: Path) -> None:
    found = changed_files(repository)
    assert (found.base, found.sha, found.paths) == (
        "main",
        git(repository, "rev-parse", "--short", "HEAD"),
        frozenset(),
    )


def test_every_kind_of_change_counts(repository: Path) -> None:
    write(repository, src__a="2")
    commit(repository)
    write(repository, changed="2", staged="2", new="1", folder__new="1", ignored="1")
    git(repository, "add", "staged")
    git(repository, "mv", "old", "renamed")
    (repository / "gone").unlink()
    expected = {"src/a", "changed", "staged", "new", "folder/new", "old", "renamed", "gone"}
    assert paths(repository) == expected


def test_what_was_staged_and_then_taken_back_in_the_work_tree_is_no_change(repository: Path) -> None:
    write(repository, staged="2")
    git(repository, "add", "staged")
    write(repository, staged="1")
    assert paths(repository) == set()


def test_what_main_did_since_does_not_count(repository: Path) -> None:
    write(repository, changed="2")
    commit(repository)
    git(repository, "switch", "-q", "main")
    write(repository, kept="2")
    commit(repository)
    git(repository, "switch", "-q", "feature")
    assert paths(repository) == {"changed"}


def test_a_base_may_be_any_commit(repository: Path) -> None:
    write(repository, changed="2")
    commit(repository)
    write(repository, kept="2")
    found = changed_files(repository, "HEAD")
    assert (found.base, found.paths) == ("HEAD", frozenset({"kept"}))


@pytest.mark.skipif(os.name == "nt", reason="no such file names")
def test_names_of_all_kinds(repository: Path) -> None:
    odd = [b"a b", "é".encode(), b'quo"te', b"new\nline", b"\xff"]
    for name in odd:
        (repository / os.fsdecode(name)).write_text("x")
    assert paths(repository) == {os.fsdecode(name) for name in odd}


def test_an_executable_bit_counts(repository: Path) -> None:
    (repository / "kept").chmod(0o755)
    assert paths(repository) == {"kept"}


def test_what_git_was_told_not_to_look_at_counts(repository: Path) -> None:
    git(repository, "update-index", "--assume-unchanged", "kept")
    assert paths(repository) == {"kept"}


def test_a_project_below_the_top_of_its_repository(repository: Path) -> None:
    write(repository, changed="2", src__a="2", src__new="1", new="1")
    assert paths(repository / "src") == {"a", "new"}


def test_a_changed_repository_inside_counts_with_all_its_files(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    write(other, x="1", deep__y="1")
    commit(other)
    git(repository, "submodule", "--quiet", "add", str(other), "sub")
    commit(repository)
    assert paths(repository, "HEAD") == set()
    write(repository, sub__x="2")
    assert paths(repository, "HEAD") == {"sub", "sub/x", "sub/deep/y"}


def test_the_variables_of_a_hook_do_not_lead_elsewhere(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert paths(repository) == set()


def clone(repository: Path, *options: str) -> Path:
    git(repository.parent, "clone", "-q", *options, f"file://{repository}", "clone")
    return repository.parent / "clone"


def test_in_a_clone_the_default_branch_of_its_origin_is_compared_with(repository: Path) -> None:
    git(repository, "switch", "-q", "main")
    git(repository, "branch", "-q", "-m", "trunk")
    copy = clone(repository)
    git(copy, "switch", "-q", "-c", "mine")
    write(copy, kept="2")
    commit(copy)
    assert changed_files(copy).base == "origin/trunk"
    git(copy, "push", "-q", "-u", "origin", "mine")  # the branch itself elsewhere is no base
    assert (changed_files(copy).base, paths(copy)) == ("origin/trunk", {"kept"})


def test_an_upstream_that_is_another_branch_is_compared_with(repository: Path) -> None:
    git(repository, "switch", "-q", "-c", "release")
    write(repository, changed="2")
    commit(repository)
    copy = clone(repository)
    git(copy, "switch", "-q", "-c", "fix", "--track", "origin/release")
    write(copy, kept="2")
    assert (changed_files(copy).base, paths(copy)) == ("origin/release", {"kept"})


def refused(root: Path, base: str = "") -> tuple[str, str, str]:
    with pytest.raises(UsageError) as raised:
        changed_files(root, base)
    return raised.value.message, raised.value.place, raised.value.hint


def test_without_a_repository(tmp_path: Path) -> None:
    message, place, hint = refused(tmp_path)
    assert message.startswith("what changed cannot be told: not a git repository")
    assert (place, hint) == ("--affected", "noxline ci without --affected runs every task")


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    message, _, hint = refused(repository)
    assert (message, hint) == ("git is not on this machine: what changed cannot be told", "install git")


def test_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    assert refused(tmp_path)[0] == "there is no commit yet to compare with"


def test_without_a_branch_to_compare_with(repository: Path) -> None:
    git(repository, "branch", "-q", "-D", "main")
    message, _, hint = refused(repository)
    assert message == "no branch to compare with was found: no upstream, no origin/HEAD, no main or master"
    assert hint == "name a branch or commit: noxline ci --affected --base REF"


@pytest.mark.parametrize("base", ["absent", "--help", "-x"])
def test_a_base_that_is_not_there(repository: Path, base: str) -> None:
    message, place, _ = refused(repository, base)
    assert (message, place) == (f"there is no branch or commit {base!r} here", "--base")


def test_without_a_commit_in_common(repository: Path) -> None:
    git(repository, "switch", "-q", "--orphan", "other")
    commit(repository)
    assert refused(repository)[0] == "there is no commit in common with main"


def test_a_shallow_clone_is_told_what_to_fetch(repository: Path) -> None:
    write(repository, changed="2")
    commit(repository)
    git(repository, "switch", "-q", "main")
    copy = clone(repository, "--depth", "1", "--branch", "feature", "--no-single-branch")
    message, _, hint = refused(copy)
    assert message.startswith("the clone is shallow: no commit in common with origin/")
    assert "fetch-depth: 0" in hint
    message, _, hint = refused(copy, "v1")
    assert "the clone is shallow" in message
    assert "fetch-depth: 0" in hint


def test_in_a_project_that_the_repository_around_it_ignores_nobody_can_tell(repository: Path) -> None:
    (repository / "ignored").mkdir()
    with pytest.raises(UsageError, match="the repository around this project ignores it"):
        changed_files(repository / "ignored")
