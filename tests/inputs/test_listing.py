"""git lists the files of the project around a folder, whatever another git has set in our environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.inputs.listing import Listing, files_of, listing, untracked, walk
from tests.inputs.test_index import git, write

pytestmark = pytest.mark.process


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q")
    write(root, "a.py", "1")
    git(root, "add", ".")
    write(root, "b.py", "1")
    return root


def test_a_hook_of_git_changes_nothing(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git" / "next-index"),
        "GIT_PREFIX": "src/",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_GLOB_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert sorted(listing(str(root)).names()) == ["a.py", "b.py"]
    write(root, ".gitignore", "out/\n")
    write(root, "out/x[1].txt", "1")
    assert untracked(str(root), ["out"]) == {"out/x[1].txt"}


def test_git_gets_no_signing_key_and_no_credentials(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that runs meanwhile could read them in its environment."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "git"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("NOXLINE_CACHE_SIGNING_KEY", "NOXLINE_CACHE_TOKEN", "AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "hush")
    listing(str(root))
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert "PATH=" in seen
    assert "hush" not in seen


def test_in_a_real_hook_the_files_are_those_of_the_project(root: Path) -> None:
    code = "from noxline.inputs.listing import listing; print(*sorted(listing('.').names()))"
    hook = write(root, ".git/hooks/pre-commit", f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" > .git/seen\n')
    hook.chmod(0o755)
    git(root, "commit", "-qam", "first")
    assert (root / ".git" / "seen").read_text(encoding="utf-8").split() == ["a.py", "b.py"]


def test_a_project_that_the_repository_around_it_ignores_is_walked(tmp_path: Path) -> None:
    """git lists nothing there: an edit would never be seen."""
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", "out/\n")
    write(tmp_path, "out/project/a.py", "1")
    found = listing(str(tmp_path / "out" / "project"))
    assert not found.by_git
    assert found.names() == ["a.py"]


def test_the_files_of_inner_repositories_are_files_of_the_project(root: Path) -> None:
    git(write(root, "inner/c.py", "1").parent, "init", "-q")
    write(root, "inner/__pycache__/c.pyc", "1")
    (root / "link").symlink_to("inner")
    assert files_of(str(root)) == ["a.py", "b.py", "inner/c.py", "link"]


def test_without_a_git_program_a_walk_finds_the_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root / "nothing"))
    found = listing(str(root))
    assert not found.by_git
    assert sorted(found.names()) == ["a.py", "b.py"]


def test_a_repository_of_nobody_is_walked(root: Path) -> None:
    (root / ".git" / "HEAD").unlink()
    assert sorted(listing(str(root)).names()) == ["a.py", "b.py"]


def test_a_walk_leaves_out_what_tools_write(tmp_path: Path) -> None:
    for name in ("src/a.py", "src/__pycache__/a.pyc", "x.egg-info/PKG-INFO", "env/pyvenv.cfg", "env/lib/x.py"):
        write(tmp_path, name, "1")
    for name in ("build/lib/a.py", "src/fast.so", ".coverage.host.1", "htmlcov/index.html", ".noxline/x"):
        write(tmp_path, name, "1")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert walk(str(tmp_path)) == ["loop", "src/a.py"]
    assert walk(str(tmp_path), "build") == ["build/lib/a.py"]


def test_tracked_files_count_whatever_they_are_called(root: Path) -> None:
    for name in ("build/tool.py", "src/_version.py", "dist/data.txt", "__pycache__/x.py", "a.pyc"):
        write(root, name, "1")
    assert sorted(listing(str(root)).names()) == ["a.py", "b.py"]
    git(root, "add", "-f", ".")
    expected = ["a.py", "b.py", "build/tool.py", "dist/data.txt", "src/_version.py"]
    assert sorted(listing(str(root)).names()) == expected


def test_any_name_comes_through(root: Path) -> None:
    names = ["new\nline", "tab\t", "back\\slash", os.fsdecode(b"\xff")]
    for name in names:
        write(root, f"odd/{name}", "1")
    assert sorted(listing(str(root)).names()) == sorted(["a.py", "b.py", *(f"odd/{name}" for name in names)])


PARTS = st.sampled_from(
    ["a", "b.py", "__pycache__", ".git", ".github", "x.pyc", "own.egg-info", "build", "é", "dist", ".so"]
)
ROWS = st.lists(st.tuples(st.sampled_from("HSC?"), st.lists(PARTS, min_size=1, max_size=3).map("/".join)), max_size=8)


@given(ROWS)
def test_a_list_without_written_files_need_not_be_looked_through(rows: list[tuple[str, str]]) -> None:
    def names(*more: tuple[str, str]) -> list[str]:
        raw = "".join(f"{tag} {name}\0" for tag, name in (*rows, *more))
        return sorted(Listing(os.fsencode(raw), by_git=True).names())

    assert names() == names(("H", "__pycache__/marks.pyc")), (
        "a file that tools write is none, and has all names looked at"
    )


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (b"H a\0H b/c\0", ["a", "b/c"]),
        (b"H H \0H a\nH b\0", ["H ", "a\nH b"]),
        (b"H a\0? b\0H c\0", ["b", "a", "c"]),
        (b"? H \0H a\0", ["H ", "a"]),
        (b"S a\0H b\0M c\0", ["a", "b", "c"]),
        (b"", []),
    ],
)
def test_what_git_says_is_read_whatever_its_tags_are(raw: bytes, names: list[str]) -> None:
    assert sorted(Listing(raw, by_git=True).names()) == sorted(names)
