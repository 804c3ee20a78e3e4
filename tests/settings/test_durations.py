"""Lengths of time: what is read, what is refused, and with which words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import ConfigError
from noxline.settings.durations import Duration, format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("24h", 86400),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
        (" 1H 30M ", 5400),
        ("1.5h", 5400),
        (90, 90),
        (0.5, 0.5),
    ],
)
def test_reads(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("15 minutes", '"15 minutes" is not a length of time', 'write "15m"'),
        ("2 hours", '"2 hours" is not a length of time', 'write "2h"'),
        ("90", '"90" is not a length of time', 'write "90s" for seconds or "90m" for minutes'),
        (
            "3w",
            '"3w" is not a length of time',
            'write it like "90s", "15m", "1h30m" or "24h"; the units are d, h, m and s',
        ),
        ("30m1h", '"30m1h" is not a length of time', 'write it like "90s", "15m", "1h30m" or "24h"'),
        ("", '"" is not a length of time', 'write it like "90s", "15m", "1h30m" or "24h"'),
        ("-5m", '"-5m" is not a length of time', 'write it like "90s", "15m", "1h30m" or "24h"'),
        (0, "0 is not a length of time: it must be more than 0", "leave the key out for no limit"),
        ("0s", '"0s" is not a length of time: it must be more than 0', "leave the key out for no limit"),
        (-3, "-3 is not a length of time: it must be more than 0", "leave the key out for no limit"),
        (math.inf, "inf is not a length of time: it must be more than 0", "leave the key out for no limit"),
        (
            True,
            "a length of time is a text or a number of seconds, not true or false",
            'write it like "90s", "15m", "1h30m" or "24h"',
        ),
        (
            ["15m"],
            "a length of time is a text or a number of seconds, not a list",
            'write it like "90s", "15m", "1h30m" or "24h"',
        ),
    ],
)
def test_refuses_with_the_way_out(written: object, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_duration(written)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@given(st.integers(min_value=1, max_value=10**9))
def test_what_is_formatted_reads_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.text(max_size=12))
def test_any_text_is_a_positive_length_or_an_error_with_a_hint(text: str) -> None:
    parsed = attempt(text)
    if isinstance(parsed, ConfigError):
        assert parsed.message
        assert parsed.hint
    else:
        assert isinstance(parsed, Duration)
        assert 0 < parsed < math.inf


def attempt(text: str) -> Duration | ConfigError:
    try:
        return parse_duration(text)
    except ConfigError as error:
        return error


def test_no_time_is_zero_seconds() -> None:
    assert format_duration(0.2) == "0s"
