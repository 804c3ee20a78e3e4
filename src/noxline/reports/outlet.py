"""A text stream that may go away while a run goes on: its reader left, its disk is full, its terminal was closed."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

# Nobody is told of these: whoever read the output left of their own will.
_LEFT = frozenset({errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO})


def tell(text: str) -> None:
    """Print on standard error, if somebody is still there to be told."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        forget(sys.stderr)  # the exit code and the run directory still say it


def warn_on_stderr(message: str) -> None:
    """Tell the user something that fails nothing."""
    tell(f"noxline: warning: {message}")


def forget(stream: TextIO) -> None:
    """Send what a stream still holds nowhere: Python would try to flush it at its exit, and fail again."""
    try:
        number = stream.fileno()
    except OSError:  # a stream without a file
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


class Outlet:
    """Stands before a stream; once that fails, text goes nowhere: a run does not depend on its readers."""

    def __init__(self, stream: TextIO, *, warn: Callable[[str], None] = warn_on_stderr) -> None:
        self._stream = stream
        self._warn = warn
        self._gone = False

    def write(self, text: str) -> int:
        """Take text."""
        self._guarded(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Bring out what was taken."""
        self._guarded(self._stream.flush)

    def _guarded(self, work: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            work()
        except OSError as error:
            self._gone = True
            forget(self._stream)
            if error.errno not in _LEFT:
                self._warn(f"the output cannot be written ({error.strerror}); the run goes on without it")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
