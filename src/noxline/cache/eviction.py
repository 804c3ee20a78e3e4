"""Keep the store to its size: the least recently used files go first, cheaply and beside other runs.

What a run stored is added to an estimate; only when that passes the limit, or is a day old, are the files looked at.
An entry whose blob is gone is a plain miss, so that no order among removals matters.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from noxline.cache.blobs import remove_file
from noxline.cache.placing import TEMPORARY, space, write_new

GRACE = 300.0  # seconds; what was used within them may be in use by another run
DOWN_TO = 0.9  # of the limit, so that not every run has to tidy
_LEFT_OVER = 3600.0
_LOOK_AGAIN = 86400.0
_LONGEST = 65536  # bytes of the estimate's file
AREAS = ("entries", "blobs", "records")
_HEX = frozenset("0123456789abcdef")


class Item(NamedTuple):
    """One file of a store: what it is, and when it was last used."""

    area: str
    path: str
    size: int
    used: float


class Removed(NamedTuple):
    """What was removed, and the size of what is left."""

    files: int
    size: int
    left: int


def items(root: str) -> Iterator[Item]:
    """Yield every file of a store that bears a name of ours; links and strangers are passed over."""
    for area in AREAS:
        for path, found in _files(f"{root}/{area}"):
            if _is_ours(area, os.path.basename(path)):
                yield Item(area=area, path=path, size=space(found.st_size), used=found.st_mtime)


def total(found: Iterable[Item]) -> int:
    """Return the space that files take together."""
    return sum(item.size for item in found)


def victims(found: Iterable[Item], limit: float, *, now: float, older_than: float | None = None) -> list[Item]:
    """Return what has to go, the least recently used first, for `limit` bytes to be left and nothing outdated."""
    # A time in the future says nothing of use.
    kept = sorted(found, key=lambda item: item.used if item.used <= now + GRACE else 0.0)
    left = total(kept)
    chosen = []
    for item in kept:
        outdated = older_than is not None and now - item.used > older_than
        if (left > limit or outdated) and abs(now - item.used) >= GRACE:
            chosen.append(item)
            left -= item.size
    return chosen


def evict(found: Iterable[Item], limit: float, *, now: float, older_than: float | None = None) -> Removed:
    """Remove what has to go; what another run took into use meanwhile stays."""
    held = list(found)
    chosen = victims(held, limit, now=now, older_than=older_than)
    gone = [item for item in chosen if _unused_since(item) and remove_file(item.path)]
    return Removed(files=len(gone), size=total(gone), left=total(held) - total(gone))


def account(root: str, added: int, limit: int) -> Removed | None:
    """Add what a run stored to the estimate, and evict when it passes the limit; None: nothing was looked at.

    Raise OSError when the store cannot be written.
    """
    now = time.time()
    _append(f"{root}/usage", added)
    estimate = _estimate(f"{root}/usage", now)
    if estimate is not None and estimate <= limit:
        return None
    with _locked(f"{root}/lock") as mine:
        return tidy(root, limit, now=now) if mine else None


def tidy(root: str, limit: int, *, now: float, older_than: float | None = None, down_to: float = DOWN_TO) -> Removed:
    """Look at all files, evict when they are too many, take away what kills left behind, and write the size down."""
    found = list(items(root))
    removed = evict(found, limit * down_to if total(found) > limit else limit, now=now, older_than=older_than)
    for area in AREAS:
        _sweep(f"{root}/{area}", now)
    write_new(f"{root}/usage", f"{now:.0f} {removed.left}\n".encode(), replace=True)
    return removed


def clear(root: str) -> Removed:
    """Remove every file of a store; files and folders that are not noxline's stay."""
    gone = [item for item in list(items(root)) if remove_file(item.path)]
    for area in AREAS:
        _sweep(f"{root}/{area}", now=float("inf"))
    for name in ("usage", "ledger", "lock"):
        remove_file(f"{root}/{name}")
    with suppress(OSError):  # not empty, or never made
        os.rmdir(root)
    return Removed(files=len(gone), size=total(gone), left=total(items(root)))


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}"
            with suppress(FileNotFoundError):  # another run tidies too
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(path)
                elif entry.is_file(follow_symlinks=False):
                    yield path, entry.stat(follow_symlinks=False)


def _is_ours(area: str, name: str) -> bool:
    stem = name if area == "blobs" else name.removesuffix(".json")
    return len(stem) == 64 and _HEX.issuperset(stem) and (area == "blobs" or name.endswith(".json"))


def _unused_since(item: Item) -> bool:
    """Tell whether a file is as it was when it was listed: another run may have taken it into use."""
    try:
        found = os.lstat(item.path)
    except OSError:
        return False
    return found.st_mtime == item.used and stat.S_ISREG(found.st_mode)


def _sweep(folder: str, now: float) -> None:
    """Remove temporary files and empty folders that nobody can be working with any more."""
    for path, found in _files(folder):
        if path.endswith(TEMPORARY) and now - found.st_mtime > _LEFT_OVER:
            remove_file(path)
    for below, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # not empty, or gone
            if now - os.lstat(below).st_mtime > _LEFT_OVER:
                os.rmdir(below)


def _append(path: str, added: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        os.write(number, f"{added}\n".encode())  # so short a line goes in as a whole
    finally:
        os.close(number)


def _estimate(path: str, now: float) -> int | None:
    """Return the size that the store has by the runs' own words; None when it has to be looked at."""
    with open(path, "rb") as file:
        head, *lines = file.read(_LONGEST).split(b"\n")
        if file.read(1):
            return None
    try:
        looked, total = head.split()
        if not 0 <= now - float(looked) < _LOOK_AGAIN:
            return None
        return int(total) + sum(map(int, filter(None, lines)))
    except ValueError:
        return None


@contextmanager
def _locked(path: str) -> Iterator[bool]:
    """Yield whether the lock could be had; whoever holds it does the work, and a killed holder holds nothing."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        yield _lock(number)
    finally:
        os.close(number)


def _lock(number: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
