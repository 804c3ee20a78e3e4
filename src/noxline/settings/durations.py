"""Lengths of time as they are written in settings: `"15m"`, `"1h30m"`, `"90s"`, or a number of seconds."""

from __future__ import annotations

import math
import re

from noxline.errors import ConfigError

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = r"(?:(?P<{0}>\d+(?:\.\d+)?)\s*{0}\s*)?"
_DURATION = re.compile("".join(_PART.format(unit) for unit in _UNITS))
# The same for JSON Schema, whose expressions know no named groups; they match anywhere, hence the ends.
_PLAIN_PART = r"(\d+(\.\d+)?\s*[{0}{1}]\s*)?"
SCHEMA = {
    "anyOf": [
        {
            "type": "string",
            "pattern": "".join((r"^\s*(?=\d)", *(_PLAIN_PART.format(u, u.upper()) for u in _UNITS), "$")),
        },
        {"type": "number", "exclusiveMinimum": 0},
    ]
}
_EXAMPLES = 'write it like "90s", "15m", "1h30m" or "24h"'
_WORDS = {
    "d": "day days",
    "h": "hr hrs hour hours",
    "m": "min mins minute minutes",
    "s": "sec secs second seconds",
}


class Duration(float):
    """A length of time in seconds, decoded from settings by `parse_duration`."""


class Age(float):
    """A length of time in seconds that may be 0, decoded from settings by `parse_age`."""


def parse_duration(value: object) -> Duration:
    """Return the seconds that a text like `"1h30m"`, or a plain number of seconds, stands for.

    Units are d, h, m and s, each at most once and the longest first. Raises ConfigError.
    """
    if isinstance(value, str):
        return _positive(_parse_text(value), f'"{value}"')
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _positive(float(value), str(value))
    raise ConfigError(f"a length of time is a text or a number of seconds, not {_kind(value)}", hint=_EXAMPLES)


def parse_age(value: object) -> Age:
    """Return a length of time that may also be 0."""
    if value in (0, "0", "0s") and not isinstance(value, bool):
        return Age(0.0)
    return Age(parse_duration(value))


def format_duration(seconds: float) -> str:
    """Return whole seconds the way they are written in settings: 5400 as `1h30m`."""
    rest, text = round(seconds), ""
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _parse_text(text: str) -> float:
    match = _DURATION.fullmatch(text.strip().lower())
    if not text.strip() or match is None:
        raise ConfigError(f'"{text}" is not a length of time', hint=_hint(text.strip().lower()))
    return sum(float(count) * _UNITS[unit] for unit, count in match.groupdict().items() if count)


def _positive(seconds: float, shown: str) -> Duration:
    if not (math.isfinite(seconds) and seconds > 0):
        raise ConfigError(
            f"{shown} is not a length of time: it must be more than 0",
            hint="leave the key out for no limit",
        )
    return Duration(seconds)


def _hint(text: str) -> str:
    """Return the likely meaning of a text that is not a duration, or the examples."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text)
    if match is None:
        return _EXAMPLES
    number, word = match.groups()
    if not word:
        return f'write "{number}s" for seconds or "{number}m" for minutes'
    unit = next((unit for unit, words in _WORDS.items() if word in words.split()), "")
    return f'write "{number}{unit}"' if unit else f"{_EXAMPLES}; the units are d, h, m and s"


def _kind(value: object) -> str:
    return {bool: "true or false", list: "a list", dict: "a table"}.get(type(value), type(value).__name__)
