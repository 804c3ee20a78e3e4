"""JSON for a run that imports next to nothing: the scanner of the standard library without the modules around it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SPACE = " \t\n\r"


def parse(data: bytes) -> Any:
    """Return the value of a JSON document in UTF-8; raise ValueError for anything else, also NaN and infinities.

    >>> parse(b' {"a": [1, 2.5, null]} ')
    {'a': [1, 2.5, None]}
    """
    text = data.decode("utf-8").strip(_SPACE)
    try:
        from _json import make_scanner

        value, end = make_scanner(_Settings)(text, 0)  # type: ignore[arg-type]  # it takes whatever has these names
        if end == len(text):
            return value
    except (ImportError, StopIteration, SystemError, ValueError):
        pass  # no CPython, or no JSON: SystemError is what its scanner answers before json.decoder is imported
    import json

    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


class _Settings:
    """What the scanner looks up: everything as `json.loads` has it, but for the constants."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_refuse)
