"""What the error of a test itself says of why it failed: that it took too long, or that something was lacking."""

from __future__ import annotations

import errno
import re
from typing import Literal

Shown = Literal["flaky", "timing-dependent", "resource-dependent"]

# pytest puts the lines of an error behind an E at the margin, as far in as the code that raised it. The first of them
# names the error; where one error led to another, the last is what the test met.
_ERRORS = re.compile(r"(?:^E .*\n?)+", re.MULTILINE)
_FIRST = re.compile(r"E +(?:[\w.]+\.)?(\w+)(?::|$)(.*)", re.MULTILINE)
_ERRNO = re.compile(r"\[Errno (\d+)\]")
_TOO_LATE = frozenset({"TimeoutError", "TimeoutExpired", "timeout", "ReadTimeout", "ConnectTimeout", "Timeout"})
_NAMES = (
    *("EADDRINUSE", "EADDRNOTAVAIL", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC", "EDQUOT", "EAGAIN", "EBUSY", "ETXTBSY"),
    *("ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "ECONNREFUSED", "ECONNRESET", "ENOBUFS", "ENOLCK", "EDEADLK"),
)
_LACKING = frozenset(getattr(errno, name) for name in _NAMES if hasattr(errno, name))
_LACKING_ERRORS = frozenset(
    {"MemoryError", "BlockingIOError", "ConnectionRefusedError", "ConnectionResetError", "gaierror"}
)


def shown_by(message: str) -> Shown:
    """Return the kind of flakiness that an error shows by its type or number; "flaky" when it shows none.

    >>> shown_by("E   OSError: [Errno 28] No space left on device"), shown_by("E   TimeoutError")
    ('resource-dependent', 'timing-dependent')
    >>> shown_by("E   AssertionError: assert 'TimeoutError' == ''")
    'flaky'
    """
    errors = _ERRORS.findall(message)
    first = _FIRST.match(errors[-1]) if errors else None
    return _kind(first[1], first[2].strip()) if first else "flaky"


def _kind(name: str, text: str) -> Shown:
    given = _ERRNO.match(text)
    number = int(given[1]) if given else 0
    # The latter is how pytest-timeout ends a test.
    if name in _TOO_LATE or number == errno.ETIMEDOUT or (name == "Failed" and text.startswith("Timeout")):
        return "timing-dependent"
    return "resource-dependent" if name in _LACKING_ERRORS or number in _LACKING else "flaky"
