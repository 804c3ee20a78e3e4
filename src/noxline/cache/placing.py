"""Put files into a store on this disk: each as a whole or not at all, and none over one that is there."""

from __future__ import annotations

import errno
import os
import stat
import time
from hashlib import sha256 as _sha256

from noxline.cache.blobs import (
    NEW_FILE,
    TOUCH_AFTER,
    UnsoundError,
    blob_path,
    chunks,
    open_regular,
    remove,
    remove_file,
    touch,
    unique,
    write_all,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPORARY = ".tmp"
# What file systems without hard links answer, on one system or another.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL)


def put_file(blobs: str, source: str, size: int, sha256: str) -> int:
    """Store a file under the digest that its caller found, and return the space it takes: 0 when it was there.

    Raise UnsoundError when its content is another by now, OSError when it cannot be stored.
    """
    path = blob_path(blobs, sha256)
    there = _there(path, size)
    if there:
        return 0
    number, _ = open_regular(source)
    try:
        return _put(chunks(number, size), path, size, replace=there is None)
    finally:
        os.close(number)


def put_bytes(blobs: str, data: bytes, sha256: str) -> int:
    """Store bytes under their digest; otherwise as `put_file`."""
    path = blob_path(blobs, sha256)
    there = _there(path, len(data))
    return 0 if there else _put((data,), path, len(data), replace=there is None)


def put_chunks(blobs: str, content: Iterable[bytes], size: int, sha256: str) -> int:
    """Store what comes in pieces under its digest; otherwise as `put_file`. All of it is taken in any case."""
    path = blob_path(blobs, sha256)
    there = _there(path, size)
    if there:
        for _ in content:  # whoever sends several blobs in a row goes on with the next one
            pass
        return 0
    return _put(content, path, size, replace=there is None)


def write_new(path: str, data: bytes, *, replace: bool = False) -> bool:
    """Write a whole file; False: one is there already, and stays unless it is to be replaced. Raise OSError."""
    temporary, number = _create(path)
    try:
        try:
            write_all(number, data)
        finally:
            os.close(number)
        return _place(temporary, path, replace=replace)
    except BaseException:
        remove_file(temporary)
        raise


def space(size: int) -> int:
    """Return the space that a file of a size takes on most disks."""
    return -(-size // 4096) * 4096


def _there(path: str, size: int) -> bool | None:
    """Tell whether a blob is there, and used as of now; None: something is there that cannot be it."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_size != size:
        return None
    if time.time() - found.st_mtime > TOUCH_AFTER:
        touch((path,))
    return True


def _put(content: Iterable[bytes], path: str, size: int, *, replace: bool) -> int:
    temporary, number = _create(path)
    seen, length = _sha256(), 0
    try:
        try:
            for chunk in content:
                seen.update(chunk)
                length += len(chunk)
                write_all(number, chunk)
        finally:
            os.close(number)
        if length != size or seen.hexdigest() != os.path.basename(path):
            raise UnsoundError("it changed while it was stored")
        return space(size) if _place(temporary, path, replace=replace) else 0
    except BaseException:
        remove_file(temporary)
        raise


def _create(path: str) -> tuple[str, int]:
    """Open a new temporary file beside `path`; its folder is made when it is missing."""
    temporary = f"{path}.{unique()}{TEMPORARY}"
    for _ in range(3):  # an eviction may take an empty folder away as soon as it is made
        try:
            return temporary, os.open(temporary, NEW_FILE, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
    return temporary, os.open(temporary, NEW_FILE, 0o666)


def _place(temporary: str, path: str, *, replace: bool) -> bool:
    """Give a whole temporary file its name; False: another has it."""
    if replace:
        if os.path.isdir(path):
            remove(path)
        os.replace(temporary, path)
        return True
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _renamed(temporary, path)
    finally:
        remove_file(temporary)
    return True


def _renamed(temporary: str, path: str) -> bool:
    """Rename where the file system has no links: of two that come at once, either is whole and both are sound."""
    if os.path.lexists(path):
        return False
    os.replace(temporary, path)
    return True
