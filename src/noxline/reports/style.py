"""How text is dressed for one output: colours, symbols, width. Plain strings in, plain strings out."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TextIO

from noxline.model.gate import Result
from noxline.model.task import Status

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "bold": "1", "dim": "2"}
_SYMBOLS = {"pass": "✓", "fail": "✗", "warn": "!", "skip": "-", "stop": "\u00d7", "wait": "…", "to": "→", "dash": "—"}
_ASCII = {"pass": "+", "fail": "X", "warn": "!", "skip": "-", "stop": "x", "wait": "...", "to": "->", "dash": "-"}

OF_STATUS = {
    Status.PASSED: ("pass", "green"),
    Status.FAILED: ("fail", "red"),
    Status.SKIPPED: ("skip", "dim"),
    Status.CANCELLED: ("stop", "dim"),
}
OF_RESULT = {
    Result.PASS: ("pass", "green"),
    Result.WARN: ("warn", "yellow"),
    Result.FAIL: ("fail", "red"),
    Result.INCONCLUSIVE: ("warn", "yellow"),
    Result.NOT_APPLICABLE: ("skip", "dim"),
    Result.NOT_JUDGED: ("skip", "dim"),
}


class TextOutput(Protocol):
    """Where text goes: a stream, or what stands before one."""

    @property
    def encoding(self) -> str | None:
        """Return the encoding, where it is known."""

    def write(self, text: str, /) -> int:
        """Take text."""

    def flush(self) -> None:
        """Bring out what was taken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """What an output can show."""

    colour: bool = False
    unicode: bool = True
    width: int = 80

    def paint(self, text: str, colour: str) -> str:
        """Return the text in a colour, or as it is where colours are not wanted."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colour and text else text

    def symbol(self, name: str) -> str:
        """Return a symbol, in ASCII where the encoding has no other."""
        return (_SYMBOLS if self.unicode else _ASCII)[name]

    def mark(self, kind: Status | Result) -> str:
        """Return the painted symbol of a status or of a gate's result."""
        name, colour = OF_STATUS[kind] if isinstance(kind, Status) else OF_RESULT[kind]
        return self.paint(self.symbol(name), colour)

    def cut(self, text: str, width: int | None = None) -> str:
        """Return the text shortened to a width, with a mark where it was cut."""
        limit = max(8, self.width if width is None else width)
        end = self.symbol("wait")
        return text if len(text) <= limit else text[: limit - len(end)] + end

    def wrapped(self, text: str, indent: str) -> list[str]:
        """Return the text on at most three lines of the width, each behind the indent."""
        return textwrap.wrap(
            text,
            max(20, self.width),
            initial_indent=indent,
            subsequent_indent=indent,
            max_lines=3,
            placeholder=f" {self.symbol('wait')}",
            break_on_hyphens=False,
        )


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Return what a stream can show: colours only on a terminal without NO_COLOR, symbols if its encoding has them."""
    terminal = stream.isatty() and environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size((100, 24)).columns if terminal else 100
    return Style(
        colour=terminal and not environ.get("NO_COLOR"),
        unicode=_encodes(stream, "".join(_SYMBOLS.values())),
        width=min(width, 120),
    )


def _encodes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def is_interactive(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether a stream is a terminal that a person watches: not under CI, and able to move its cursor."""
    in_ci = environ.get("CI", "").lower() not in ("", "0", "false")
    return stream.isatty() and environ.get("TERM") != "dumb" and not in_ci


def printable(text: str, stream: TextOutput) -> str:
    """Return the text with whatever the stream's encoding lacks written as escapes."""
    encoding = stream.encoding or "utf-8"  # a stream without an encoding takes any text
    return text.encode(encoding, "backslashreplace").decode(encoding)
