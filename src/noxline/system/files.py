"""Files: whole or not at all, inside their root, and in a settled order."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from noxline.errors import ConfigError, UsageError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def is_there(file: Path) -> bool:
    """Return whether a file that the user may write is there; raise ConfigError for what only bears its name."""
    if file.is_file() or not os.path.lexists(file):
        return file.is_file()
    what = "a link to a file that is not there" if file.is_symlink() and not file.exists() else "not a regular file"
    raise ConfigError(f"{file.name} is {what}", place=str(file), hint="remove it, or put the file in its place")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that every reader sees the old content or the new, never a part; raise OSError when it cannot be.

    The folder is made when it is missing. Text is written as UTF-8 with its line ends as they are.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(_mode(path))
        temporary.replace(path)
    except BaseException:
        # The first error is the one to tell; a temporary file that is already gone needs no second one.
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _mode(path: Path) -> int:
    """Return the permissions a file has or, when it is new, those that any program would give it."""
    try:
        return path.stat().st_mode & 0o7777
    except OSError:
        mask = os.umask(0o022)
        os.umask(mask)
        return 0o666 & ~mask


def task_folder(name: str) -> str:
    """Return the folder name of a task: safe on every system, and never the same for two tasks.

    >>> task_folder("tests-3.12"), task_folder("tests-3.12#2/4")
    ('tests-3.12', 'tests-3.12_2_4-3a40bc3c')
    """
    safe = _UNSAFE.sub("_", name)
    if safe == name and name.strip("."):
        return name
    return f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def safe_join(root: Path, name: str) -> Path:
    """Return the path of `name` below the root; raise UsageError for a name that leads out of it."""
    base = root.resolve()
    path = (base / name).resolve()
    if not path.is_relative_to(base):
        raise UsageError(f"{name!r} leads out of {root}", hint="name a file inside it")
    return path


def walk(root: Path, ignored: Collection[str] = ()) -> Iterator[Path]:
    """Yield all files below the root by name, folders called like one of `ignored` left out, links not followed.

    Folders that cannot be read are left out.
    """
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in ignored)
        yield from (Path(folder, name) for name in sorted(files))
