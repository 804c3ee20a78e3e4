"""Work that a forked child does while this process does something else.

Only a run that is borrowed has it: nothing but this one thread runs then, and little memory is there to be copied. What
a child hands back counts when it came to a good end; whoever asked for it does the work himself otherwise.
"""

from __future__ import annotations

import _thread
import os

from noxline.warm.key import cores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_KILL = 9  # SIGKILL, wherever there is `os.fork`


class Child:
    """A child of this process at its work."""

    def __init__(self, pid: int, reader: int) -> None:
        self._pid = pid
        self._reader = reader

    def answer(self) -> bytes | None:
        """Wait for the child and return what it hands back; None when it came to another end. To be called once."""
        parts = []
        while part := os.read(self._reader, 1 << 20):
            parts.append(part)
        return b"".join(parts) if self._waited() == 0 else None

    def drop(self) -> None:
        """End the child, unless it has come to its end."""
        if self._pid:
            _end(self._pid)
            self._waited()

    def _waited(self) -> int:
        pid, self._pid = self._pid, 0
        os.close(self._reader)
        try:
            return os.waitpid(pid, 0)[1]
        except OSError:
            return -1  # whoever started us has children waited for by the system: nobody knows how it ended


def start(work: Callable[[], bytes]) -> Child | None:
    """Have a child do some work; None where there is no such thing, or where it gains nothing."""
    if not hasattr(os, "fork") or cores() < 2 or _thread._count():
        return None
    reader, writer = os.pipe()
    parent = os.getpid()
    code = 1
    try:
        try:
            pid = os.fork()
            if os.getpid() != parent:
                os.close(reader)
                _write(writer, work())
                code = 0
        finally:
            if os.getpid() != parent:  # nothing of what this process has open, or has yet to do, is the child's
                os._exit(code)
    except OSError:
        os.close(reader)
        return None  # no more processes, or no memory
    finally:
        os.close(writer)
    return Child(pid, reader)


def _end(pid: int) -> None:
    try:
        os.kill(pid, _KILL)
    except OSError:
        return  # it is gone, and the system has waited for it


def _write(writer: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(writer, view) :]
