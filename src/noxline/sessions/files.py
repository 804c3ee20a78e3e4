"""Which files of the project a session looks at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from noxline.inputs.listing import files_of
from noxline.settings.facts import ProjectFacts

# Folders that nothing but tools writes: what lies in them is no file of the project unless git tracks it.
CACHES = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "htmlcov"})
# Where git does not say what is ignored, these are too.
GENERATED = CACHES | {
    ".git", ".hg", ".svn", ".noxline", ".nox", ".tox", ".venv", "venv", ".eggs", "build", "dist", "node_modules",
}  # fmt: skip

_ROOM = 25_000  # characters; Windows takes 32,767 in one command line
# A git hook sets these; with them git would work on that repository, whatever folder it is told.
GIT_VARIABLES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"})


def source_files(facts: ProjectFacts) -> tuple[str, ...]:
    """Return the package's own Python files relative to the root, tests left out, sorted.

    Files that can be no inputs of a stage, as those that git ignores, are left out as well: nobody would notice that
    they changed.
    """
    root = facts.root
    tests = tuple(Path(folder) for folder in facts.test_dirs)
    found = {path.relative_to(root) for source in facts.sources for path in _python_files(root / source)}
    names = {path.as_posix() for path in found if not any(path.is_relative_to(folder) for folder in tests)}
    return tuple(sorted(names.intersection(files_of(str(root)))))


def _python_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in GENERATED)
        yield from (Path(folder, name) for name in names if name.endswith(".py"))


def listed_files(root: Path) -> tuple[str, ...]:
    """Return the project's files relative to the root: those git does not ignore; without git, all but generated."""
    listed = git_listed(root)
    if listed is None:
        return tuple(sorted(path.relative_to(root).as_posix() for path in _walk(root)))
    names: list[str] = []
    for name in listed:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            # A submodule: git lists it as one entry, what lies in it is its own repository's to say.
            names += [f"{name}/{inner}" for inner in listed_files(path)]
        elif path.is_file() or path.is_symlink():
            names.append(name)
    return tuple(sorted(names))


def git_listed(root: Path) -> list[str] | None:
    """Return what git lists below the root, tracked and new; None where there is no git or no repository.

    None, too, where it lists nothing: the repository around the project ignores it.
    """
    caches = (f"--exclude={name}/" for name in sorted(CACHES))
    done = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", *caches)
    if done is None or done.returncode != 0 or not done.stdout:
        return None
    return list(dict.fromkeys(os.fsdecode(name).rstrip("/") for name in done.stdout.split(b"\0") if name))


def ignored_paths(root: Path) -> list[str]:
    """Return what git ignores, whole folders with a slash, folders first, as much as fits into a command line.

    It is no input of any stage: a scanner that looked at it would not run again when it changed.
    """
    done = git(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    names = os.fsdecode(done.stdout).split("\0") if done is not None and done.returncode == 0 else []
    room = _ROOM
    kept = []
    for name in sorted(filter(None, names), key=lambda name: (not name.endswith("/"), name)):
        room -= len(name) + 20
        if room < 0:
            break
        kept.append(name)
    return kept


def git(root: Path, *args: str) -> subprocess.CompletedProcess[bytes] | None:
    """Run git in a folder and return how it ended; None where the machine has no git."""
    environ = {name: value for name, value in os.environ.items() if name not in GIT_VARIABLES}
    try:
        return subprocess.run(["git", "-C", str(root), *args], capture_output=True, check=False, env=environ)
    except FileNotFoundError:
        return None


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(n for n in folders if n not in GENERATED and not n.endswith(".egg-info"))
        yield from (Path(folder, name) for name in names)
