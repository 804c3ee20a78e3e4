"""Whether everything that a run read is still as it was: files, the names in folders, what lies at a path."""

from __future__ import annotations

import os
from hashlib import sha256
from stat import S_ISDIR, S_ISREG

from noxline.inputs import sealed
from noxline.inputs.canonical import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    # Files with their content's digest, folders with that of their names, paths with what lies there; of files and
    # folders also the numbers of `numbers_of`, which spare reading them.
    Read: TypeAlias = list[tuple[str, tuple[int, ...], str]]
    Witnesses: TypeAlias = tuple[Read, Read, list[tuple[str, str]]]


# Names that come and go in a project's folders without meaning anything: tools make them as they run.
RESTLESS_NAMES = frozenset(
    {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".coverage", ".hypothesis", ".noxline", ".git"}
)
# They differ between two terminals on one machine, and no task depends on them.
RESTLESS_VARIABLES = frozenset(
    {"_", "OLDPWD", "SHLVL", "WINDOWID", "SSH_AUTH_SOCK", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "XDG_SESSION_ID"}
    | {"TMUX", "TMUX_PANE", "STY", "WINDOW", "GPG_TTY"}
)


def numbers_of(path: str) -> tuple[int, ...]:
    """Return by what one can tell that nothing happened at a path, links followed; nothing where nothing is."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode


def kind_of(path: str) -> str:
    """Return what lies at a path: "file", "folder", "other", or nothing."""
    numbers = numbers_of(path)
    if not numbers:
        return ""
    return "folder" if S_ISDIR(numbers[4]) else "file" if S_ISREG(numbers[4]) else "other"


def content_of(path: str) -> str:
    """Return the digest of a file's content; nothing when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return sha256(file.read()).hexdigest()
    except (OSError, ValueError):
        return ""


def names_in(path: str) -> str:
    """Return the digest of the names in a folder and of their kinds, without those that come and go by themselves."""
    return digest_of_names(rows_in(path))


def rows_in(path: str) -> list[str] | None:
    """Return these names, each with its kind, sorted; None where there is no folder that can be read."""
    try:
        with os.scandir(path) as entries:
            return sorted(f"{entry.name}\0{entry.is_dir()}" for entry in entries if entry.name not in RESTLESS_NAMES)
    except (OSError, ValueError):
        return None


def digest_of_names(rows: Iterable[str] | None) -> str:
    """Return the digest of what `rows_in` found; nothing where it found nothing to read."""
    return "" if rows is None else sha256("\0".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def hold(witnesses: Witnesses) -> bool:
    """Tell whether everything is as it was; what only looks touched is read again."""
    files, folders, kinds = witnesses
    for path, numbers, content in files:
        if numbers_of(path) != numbers and content_of(path) != content:
            return False
    for path, numbers, names in folders:
        if numbers_of(path) != numbers and names_in(path) != names:
            return False
    return all(kind_of(path) == kind for path, kind in kinds)


def has_failed(path: str, plan: Iterable[tuple[str, object, object, object]]) -> bool:
    """Tell whether a task failed under the fingerprint that its result is stored for; `path` is where that is noted."""
    try:
        failed = sealed.load(path)
    except sealed.DamagedError:
        return True  # nobody knows; the ordinary way says so
    return isinstance(failed, dict) and bool(failed) and any(digest(made) in failed for _, _, made, _ in plan)


def variables_digest(environ: Mapping[str, str]) -> str:
    """Return the digest of all variables but those that differ from terminal to terminal."""
    rows: Iterable[str] = (f"{name}={value}" for name, value in environ.items() if name not in RESTLESS_VARIABLES)
    return sha256("\0".join(sorted(rows)).encode("utf-8", "surrogateescape")).hexdigest()
