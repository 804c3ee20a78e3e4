"""What is in a file, and by what one can tell without reading it that this is still so."""

from __future__ import annotations

import os
from array import array
from hashlib import sha256
from stat import S_IFMT, S_IMODE, S_ISDIR, S_ISLNK, S_ISREG
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 5  # numbers that a file is known by: size, time of modification, of change, inode, mode
ABSENT = ""
_WORD = (1 << 64) - 1
# Clocks of files advance in steps: whatever was written this short a time ago may be written again unnoticed.
_FINE_STEP, _COARSE_STEP = 20_000_000, 2_100_000_000
_CHUNK = 1 << 20
# A pipe that took the place of a file must not hold us up.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def status_of(root: str, names: Sequence[str]) -> array[int]:
    """Return what each file is known by, `WIDTH` numbers a file, zeros for one that is not there."""
    numbers = array("Q")
    add, absent = numbers.extend, (0,) * WIDTH
    lstat, prefix = os.lstat, f"{root}/"
    for name in names:
        try:
            status = lstat(prefix + name)
        except (OSError, ValueError):
            add(absent)
            continue
        mtime, ctime = status.st_mtime_ns, status.st_ctime_ns
        try:
            add((status.st_size, mtime, ctime, status.st_ino, status.st_mode))
        except OverflowError:  # before 1970, or an inode number wider than others
            add((status.st_size, mtime & _WORD, ctime & _WORD, status.st_ino & _WORD, status.st_mode))
    return numbers


def is_settled(numbers: Sequence[int], read_at: int) -> bool:
    """Tell whether a file with these numbers cannot have changed unnoticed since it was read (ns since the epoch)."""
    mtime, ctime = numbers[1], numbers[2]
    newest = mtime if mtime > ctime else ctime
    if newest + _COARSE_STEP < read_at:
        return True
    return newest + _FINE_STEP < read_at and mtime % 1_000_000_000 > 0 and ctime % 1_000_000_000 > 0


def content_of(root: str, name: str, mode: int, size: int = _CHUNK) -> tuple[str, bool]:
    """Return the digest of a file and whether its numbers can vouch for it; a link's target may change without it.

    `size` is what it was known to have: to find room for a megabyte takes longer than to read a small file.
    """
    path = f"{root}/{name}"
    if S_ISREG(mode):
        digest = _regular(path, size)
        return (f"x{digest}" if mode & 0o100 and digest else digest), True
    if S_ISLNK(mode):
        return _link(path), False
    if S_ISDIR(mode):
        return "folder", True
    return (f"special {S_IFMT(mode):o}" if mode else ABSENT), True


def digest_now(root: str, name: str, numbers: Sequence[int], now: int) -> tuple[str, bool]:
    """Return the digest of a file with these numbers, read after `now`, and whether they vouch for it from then on."""
    digest, lasting = content_of(root, name, numbers[4], numbers[0])
    return digest, lasting and is_settled(numbers, now)


def _regular(path: str, size: int = _CHUNK) -> str:
    try:
        file = os.open(path, _READ)
    except OSError as error:
        return ABSENT if isinstance(error, FileNotFoundError) else f"unreadable: {error.strerror}"
    try:
        room = size + 1 if size < _CHUNK else _CHUNK  # a byte more, to see that it ends there
        data = os.read(file, room)
        if len(data) < room:
            return sha256(data).hexdigest()
        whole = sha256(data)
        while data := os.read(file, _CHUNK):
            whole.update(data)
        return whole.hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"
    finally:
        os.close(file)


def _link(path: str) -> str:
    """Return what a link says and what lies behind it: tasks read through links."""
    try:
        target = os.readlink(path)
    except OSError:
        return ABSENT
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return f"link {target}"
    if S_ISREG(status.st_mode):
        return f"link {target} {_regular(path)} {S_IMODE(status.st_mode) & 0o100:o}"
    if S_ISDIR(status.st_mode):
        return f"link {target} {_tree(path)}"
    return f"link {target}"


def _tree(path: str) -> str:
    """Return the digest of a folder behind a link; of links below it, those to files are followed, others only read."""
    from noxline.inputs.input_lines import line_of
    from noxline.inputs.listing import walk

    whole = sha256()
    for name in walk(path):
        whole.update(line_of(name, _below_link(path, name)).encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _below_link(folder: str, name: str) -> str:
    path = f"{folder}/{name}"
    try:
        mode = os.lstat(path).st_mode
        if not S_ISLNK(mode):
            return content_of(folder, name, mode)[0]
        return f"link {os.readlink(path)} {_regular(path) if os.path.isfile(path) else ''}"
    except OSError:
        return ABSENT


def behind(path: str) -> tuple[int, ...]:
    """Return what changes whenever something behind a link is written; nothing where it leads nowhere."""
    from noxline.inputs.listing import walk

    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    below = status_of(path, walk(path)) if S_ISDIR(status.st_mode) else ()
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, *below


def read_time() -> int:
    """Return the time before files are read, in nanoseconds since the epoch."""
    return time_ns()


def mode_of(path: str) -> int:
    """Return the mode of what lies at a path; 0 where nothing does."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0
