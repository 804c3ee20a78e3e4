from __future__ import annotations

import io

import pytest

from noxline.model.gate import Result
from noxline.model.task import Status
from noxline.reports.style import OF_RESULT, OF_STATUS, Style, is_interactive, printable, style_of


class Stream(io.TextIOWrapper):
    def __init__(self, encoding: str = "utf-8", *, terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "environ", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_only_where_they_are_wanted(terminal: bool, environ: dict[str, str], colour: bool) -> None:
    assert style_of(Stream(terminal=terminal), environ).colour is colour


@pytest.mark.parametrize(
    ("terminal", "environ", "watched"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"CI": "true"}, False),
        (True, {"CI": "false"}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_who_watches(terminal: bool, environ: dict[str, str], watched: bool) -> None:
    assert is_interactive(Stream(terminal=terminal), environ) is watched


def test_symbols_follow_the_encoding() -> None:
    assert style_of(Stream("utf-8"), {}).unicode
    ascii_style = style_of(Stream("ascii"), {})
    assert not ascii_style.unicode
    assert ascii_style.symbol("pass") == "+"


def test_what_an_encoding_lacks_is_escaped() -> None:
    assert printable("a → b", Stream("ascii")) == "a \\u2192 b"
    assert printable("a → b", Stream("utf-8")) == "a → b"


def test_every_status_and_result_has_a_mark() -> None:
    assert set(OF_STATUS) == set(Status)
    assert set(OF_RESULT) == set(Result)
    assert Style(colour=True).mark(Status.FAILED) == "\x1b[31m✗\x1b[0m"
    assert Style().mark(Result.PASS) == "✓"


def test_long_text_is_cut_with_a_mark() -> None:
    assert Style(width=10).cut("0123456789abc") == "012345678…"
    assert Style(width=10, unicode=False).cut("0123456789abc") == "0123456..."
    assert Style(width=10).cut("0123456789") == "0123456789"


def test_wrapped_text_stays_in_its_width_and_its_three_lines() -> None:
    lines = Style(width=30).wrapped("word " * 60, "    ")
    assert len(lines) == 3
    assert all(line.startswith("    word") and len(line) <= 30 for line in lines)
    assert lines[-1].endswith("…")
    assert Style().wrapped("short", "  ") == ["  short"]
