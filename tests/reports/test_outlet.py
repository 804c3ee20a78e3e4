from __future__ import annotations

import errno
import io

import pytest

from noxline.reports.outlet import Outlet


class Failing(io.StringIO):
    """A stream that fails with an error from its second text on."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.tries = 0

    def write(self, text: str) -> int:
        self.tries += 1
        if self.tries > 1:
            raise OSError(self.number, "no more")
        return super().write(text)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EPIPE, []),
        (errno.EIO, []),
        (errno.ENOSPC, ["the output cannot be written (no more); the run goes on without it"]),
    ],
)
def test_a_stream_that_fails_is_left_alone_after_at_most_one_warning(number: int, told: list[str]) -> None:
    stream = Failing(number)
    warnings: list[str] = []
    outlet = Outlet(stream, warn=warnings.append)
    lengths = [outlet.write(text) for text in ("one\n", "two\n", "three\n")]
    outlet.flush()
    assert (stream.getvalue(), stream.tries, lengths, warnings) == ("one\n", 2, [4, 4, 6], told)


def test_what_else_is_asked_of_it_is_the_stream_s() -> None:
    stream = io.StringIO()
    assert Outlet(stream).isatty() is stream.isatty() is False
    assert Outlet(stream).encoding == stream.encoding
