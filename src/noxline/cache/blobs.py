"""The files of a store on this disk: verified as they are read, restored as a whole or not at all.

It takes plain texts and tuples and imports next to nothing: a run that finds everything unchanged calls it directly.
A blob lies under its SHA-256, so that entries, shards and Pythons share it. Nothing is synced to the disk: what a crash
tears is noticed by the digest when it is read.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import time
from hashlib import sha256 as _sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 20
TOUCH_AFTER = 60.0  # seconds; a use within them moves nothing in the order of eviction
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# A pipe or a device in the place of a file must not hold us up before it is seen.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _SAFE
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE
_IN_THE_WAY = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EACCES, errno.EPERM)
_SALT = os.urandom(6).hex()  # two containers that share a store may have the same process ids
_count = itertools.count()


class UnsoundError(Exception):
    """A file is not what its entry or its name says; `blob` is its path in the store, where that may be to blame."""

    def __init__(self, message: str, blob: str = "") -> None:
        super().__init__(message)
        self.blob = blob


class GoneError(UnsoundError):
    """A blob is not there (any more): a plain miss."""


def has_entry(entries: str, digest: str) -> bool:
    """Tell whether a folder of entries (that of one scope) holds one under a fingerprint's digest; it is not read."""
    return os.path.isfile(entry_path(entries, digest))


def entry_path(entries: str, digest: str) -> str:
    """Return where the entry under a digest lies."""
    return f"{entries}/{digest[:2]}/{digest}.json"


def blob_path(blobs: str, sha256: str) -> str:
    """Return where the blob of a content lies."""
    return f"{blobs}/{sha256[:2]}/{sha256}"


def touch(paths: Iterable[str]) -> None:
    """Mark files as used just now: the least recently used are evicted first."""
    for path in paths:
        try:
            os.utime(path)
        except OSError:
            continue  # evicted meanwhile, or not ours to touch: it is then evicted earlier, no more


def is_inside(path: str) -> bool:
    """Tell whether a path of an entry stays inside the folder it is restored to, on every system.

    >>> is_inside("a/b.txt"), is_inside("../x"), is_inside("/x"), is_inside("a/./b"), is_inside("C:x")
    (True, False, False, False, False)
    """
    parts = path.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not set(path) & set("\\:\0\n")


def restore_files(blobs: str, files: Iterable[tuple[str, int, str, bool]], target: str) -> bool:
    """Put files `(path, size, sha256, executable)` in the place of the folder `target`; False: nothing was changed."""
    try:
        swap(stage_files(blobs, files, target), target)
    except (OSError, ValueError, UnsoundError):
        return False  # a miss; whoever wants to know why calls the two steps
    return True


def stage_files(blobs: str, files: Iterable[tuple[str, int, str, bool]], target: str) -> str:
    """Write files into a fresh folder beside `target` and return it; raise GoneError, UnsoundError or OSError.

    Each is verified as it is copied: what was hashed is what was written.
    """
    staging = f"{target}.{unique()}.tmp"
    os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    os.mkdir(staging)
    try:
        made = {""}
        now = time.time()
        for path, size, sha256, executable in files:
            folder = path.rpartition("/")[0]
            if not is_inside(path) or (folder not in made and not _make(staging, folder)):
                raise UnsoundError(f"{path!r} cannot lie in an output directory")
            made.add(folder)
            _restore(blobs, (f"{staging}/{path}", size, sha256, executable), now)
    except BaseException:
        remove(staging)
        raise
    return staging


def stage_file(blobs: str, size: int, sha256: str, target: str) -> str:
    """Write one blob to a fresh file beside `target` and return it; raise as `stage_files` does."""
    staging = f"{target}.{unique()}.tmp"
    os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    try:
        _restore(blobs, (staging, size, sha256, False), time.time())
    except BaseException:
        remove(staging)
        raise
    return staging


def swap(staging: str, target: str) -> None:
    """Put a whole folder or file in the place of another; what was there goes only after the new one is in place."""
    try:
        os.rename(staging, target)  # an empty folder, or none
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            remove(staging)
            raise
        _swap_full(staging, target)


def _swap_full(staging: str, target: str) -> None:
    old = f"{target}.{unique()}.old"
    try:
        os.rename(target, old)  # a link is moved itself, never what it leads to
        try:
            os.rename(staging, target)
        except BaseException:
            os.rename(old, target)
            raise
    except BaseException:
        remove(staging)
        raise
    remove(old)


def _make(staging: str, folder: str) -> bool:
    try:
        os.makedirs(f"{staging}/{folder}", exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return False  # a file of the same entry has that name
    return True


def _restore(blobs: str, file: tuple[str, int, str, bool], now: float) -> None:
    """Copy a blob to a file that is not there yet, verified on the way."""
    target, size, sha256, executable = file
    path = blob_path(blobs, sha256)
    source = _open_blob(path, size, now)
    try:
        new = _create(target, 0o755 if executable else 0o644)
        try:
            _copy(source, new, size, sha256)
        except UnsoundError as error:
            raise UnsoundError(str(error), path) from error
        finally:
            os.close(new)
    finally:
        os.close(source)


def _create(target: str, mode: int) -> int:
    try:
        return os.open(target, NEW_FILE, mode)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise UnsoundError("two files of it have one name") from error


def _copy(source: int, new: int, size: int, sha256: str) -> None:
    seen, length = _sha256(), 0
    for chunk in chunks(source, size):
        seen.update(chunk)
        length += len(chunk)
        write_all(new, chunk)
    if length != size or seen.hexdigest() != sha256:
        raise UnsoundError("a blob does not have its digest")


def chunks(source: int, size: int) -> Iterator[bytes]:
    """Yield the content of an open file; a byte more than `size` is read, no further, so that growth is noticed."""
    left = size + 1
    while left > 0:
        chunk = os.read(source, min(left, CHUNK))
        if not chunk:
            return
        left -= len(chunk)
        yield chunk


def write_all(new: int, data: bytes) -> None:
    """Write bytes to an open file; a disk that fills up takes a part first, and refuses the rest."""
    written = os.write(new, data)
    while written < len(data):
        written += os.write(new, data[written:])


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; raise UnsoundError for a link, a folder, a pipe or a device, else OSError."""
    try:
        number = os.open(path, _READ)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise UnsoundError("it is no regular file", path) from error
        raise
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode):
        os.close(number)
        raise UnsoundError("it is no regular file", path)
    return number, found


def _open_blob(path: str, size: int, now: float) -> int:
    try:
        number, found = open_regular(path)
    except FileNotFoundError as error:
        raise GoneError("a blob is gone", path) from error
    if found.st_size != size:
        os.close(number)
        raise UnsoundError("a blob does not have its size", path)
    if now - found.st_mtime > TOUCH_AFTER:
        touch((path,))
    return number


def read_blob(blobs: str, size: int, sha256: str) -> bytes:
    """Return a blob; raise GoneError, UnsoundError or OSError when it is not to be had as it was stored."""
    path = blob_path(blobs, sha256)
    number = _open_blob(path, size, time.time())
    try:
        data = b"".join(chunks(number, size))
    finally:
        os.close(number)
    if len(data) != size or _sha256(data).hexdigest() != sha256:
        raise UnsoundError("a blob does not have its digest", path)
    return data


def read_file(path: str, limit: int) -> bytes:
    """Return a regular file of at most `limit` bytes; raise UnsoundError for anything else, or OSError."""
    number, found = open_regular(path)
    try:
        if found.st_size > limit:
            raise UnsoundError(f"it is larger than {limit} bytes", path)
        return b"".join(chunks(number, limit))
    finally:
        os.close(number)


def is_sound(path: str) -> bool:
    """Tell whether a blob still has the content that its name says; raise OSError when it cannot be read."""
    try:
        number, found = open_regular(path)
    except UnsoundError:
        return False
    seen = _sha256()
    try:
        for chunk in chunks(number, found.st_size):
            seen.update(chunk)
    finally:
        os.close(number)
    return seen.hexdigest() == os.path.basename(path)


def remove_file(path: str) -> bool:
    """Remove a file; False when it could not be, or was gone."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def remove(path: str) -> None:
    """Remove a file, a link or a whole folder as far as it can be, links not followed."""
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    else:
        remove_file(path)


def unique() -> str:
    """Return a text that no other process and no other call of this one has."""
    return f"{os.getpid():x}-{_SALT}-{next(_count):x}"
