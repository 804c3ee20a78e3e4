"""Copy a project's work tree, with its history, to where tools may write."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from noxline.errors import MachineError
from noxline.sessions.files import git, git_listed, listed_files

# Commits in a copy must not wait for a signature, run the user's hooks or need the user's name.
_QUIET = (
    *("-c", "user.name=noxline", "-c", "user.email=noxline@localhost", "-c", "commit.gpgsign=false"),
    *("-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", "-c", "core.quotePath=false"),
)


def copy_project(root: Path, target: Path) -> Path:
    """Copy the project into the empty folder `target` and return where its root lies there.

    In a git repository the copy is a repository at the same commit with the same tags, and its work tree has the
    same changed, new and deleted files. Elsewhere, and where the repository ignores the project, it is a plain folder.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    top = _repository(root)
    if top is None or git_listed(root) is None or not _clone(top, target):
        target.mkdir()
        _copy_files(root, target)
        return target
    _copy_files(top, target)
    return target / root.resolve().relative_to(top)


def make_repository(copy: Path, root: Path) -> None:
    """Make sure that a copy of the project is a git repository of its own with a commit."""
    # A copy that lies below the project, and is no repository itself, must not be taken for a part of the project's.
    if _repository(copy) in (None, _repository(root)):
        _must(copy, "init", "-q", "-b", "snapshot")
    # Listed files that an ignore rule also matches were tracked before: they stay tracked.
    _must(copy, "add", "-A", "-f", ".")
    head = git(copy, "rev-parse", "-q", "--verify", "HEAD")
    if head is None or head.returncode != 0:
        _must(copy, "commit", "-q", "--no-verify", "--allow-empty", "-m", "snapshot")


def staged_tree(copy: Path) -> str:
    """Stage whatever changed in a copy and return the id of the resulting tree."""
    _must(copy, "add", "-A", ".")
    return _must(copy, "write-tree").decode().strip()


def difference(copy: Path, before: str, after: str) -> str:
    """Return the diff between two trees of a copy, with paths relative to the project's root."""
    if before == after:
        return ""
    return _must(copy, "diff", "--relative", "--binary", before, after).decode("utf-8", errors="replace")


def take_over(root: Path, copy: Path, before: str, after: str) -> tuple[str, ...]:
    """Bring what changed between two trees of a copy into the work tree; nothing at all if a file changed meanwhile."""
    names = _must(copy, "diff", "--relative", "--name-only", "--no-renames", "-z", before, after).split(b"\0")
    changed = tuple(os.fsdecode(name) for name in names if name)
    for name in changed:
        if _content(copy, before, name) != ((root / name).read_bytes() if (root / name).exists() else None):
            raise MachineError(f"{name} changed while the hooks ran: nothing was applied", hint="run the hooks again")
    for name in changed:
        _replace(root / name, copy / name)
    return changed


def _content(copy: Path, tree: str, name: str) -> bytes | None:
    """Return what a file holds in a tree of the copy; None when it is not there."""
    shown = git(copy, "show", f"{tree}:./{name}")
    return shown.stdout if shown is not None and shown.returncode == 0 else None


def _replace(file: Path, new: Path) -> None:
    if new.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(new, file)
    else:
        file.unlink()


def _repository(folder: Path) -> Path | None:
    done = git(folder, "rev-parse", "--show-toplevel")
    if done is None or done.returncode != 0:
        return None
    return Path(os.fsdecode(done.stdout.rstrip(b"\n"))).resolve()


def _clone(top: Path, target: Path) -> bool:
    """Clone without checkout; False for a repository without any commit."""
    done = git(top, "clone", "-q", "--shared", "--no-checkout", str(top), str(target))
    if done is None or done.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        return False
    reset = git(target, "reset", "-q")
    if reset is None or reset.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        return False
    return True


def _copy_files(root: Path, target: Path) -> None:
    for name in listed_files(root):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, place, follow_symlinks=False)


def _must(folder: Path, *args: str) -> bytes:
    done = git(folder, *_QUIET, *args)
    if done is None:
        raise MachineError("git is not installed", hint="install git: hooks run in a git repository")
    if done.returncode != 0:
        raise MachineError(f"git {args[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
