"""State files that noxline alone reads: plain data behind a digest, so that a damaged one is noticed."""

from __future__ import annotations

import marshal
import os
from hashlib import sha256

_MAGIC = b"noxline state 1\n"
_HEADER = len(_MAGIC) + 32


class DamagedError(Exception):
    """A state file is not what was written: torn, truncated or changed."""


def load(path: str) -> object:
    """Return what a state file holds, None when there is none; raise DamagedError for one that cannot be believed.

    The data is read with `marshal`, which is safe here because the digest is checked first and the file is our own.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedError(str(error)) from error
    if data[: len(_MAGIC)] != _MAGIC or sha256(data[_HEADER:]).digest() != data[len(_MAGIC) : _HEADER]:
        raise DamagedError("its digest does not fit")
    try:
        return marshal.loads(memoryview(data)[_HEADER:])  # noqa: S302 - see above
    except (ValueError, EOFError, TypeError) as error:
        raise DamagedError(str(error)) from error


def save(path: str, content: object) -> None:
    """Write plain data (text, bytes, numbers, tuples, lists, mappings) whole or not at all; may raise OSError."""
    data = marshal.dumps(content, 4)  # type: ignore[arg-type]  # marshal names its own kinds privately
    temporary = f"{path}.{os.getpid()}.tmp"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(temporary, "wb") as file:
            file.write(_MAGIC + sha256(data).digest())
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass  # it was never made; the first error is the one to tell
        raise
