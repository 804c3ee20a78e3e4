"""The settings of the remote cache, for a fresh clone that asks it before it imports anything else.

Parsing all of TOML would be a fifth of the time that such a clone takes. The table of the cache, as people write it, is
read here line by line; whatever is written in any other way is left to the real parser.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PIPELINE, PROJECT = "config/pipeline.toml", "pyproject.toml"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_DIGITS = frozenset("0123456789")
_WORDS = {"true": True, "false": False}


class _OtherError(Exception):
    """It is TOML of another kind than is read here."""


def cache_settings(root: str) -> dict[str, Any]:
    """Return the table of the cache; empty when there is none, or both files have settings.

    Raise ValueError for what is no TOML, OSError for a file that cannot be read.
    """
    pipeline, project = _text(f"{root}/{PIPELINE}"), _text(f"{root}/{PROJECT}")
    found = None
    if not pipeline.strip():
        found = table(project, "[tool.noxline.pipeline.cache]")
    elif "pipeline" not in project:
        found = table(pipeline, "[cache]")
    return _parsed(pipeline, project) if found is None else found


def table(text: str, header: str) -> dict[str, Any] | None:
    """Return what a table of plain texts, numbers and lists of texts holds; None when it takes a parser to tell.

    >>> table('[cache]\\nremote = "http://a"  # ours\\nkeys = [\\n  "k",\\n]\\n\\n[stage.x]\\n', "[cache]")
    {'remote': 'http://a', 'keys': ['k']}
    """
    if '"""' in text or "'''" in text:
        return None  # texts of several lines may hold anything
    lines = text.split("\n")
    places = [number for number, line in enumerate(lines) if _may_be_of_cache(line)]
    if len(places) != 1 or lines[places[0]].partition("#")[0].strip() != header:
        return None
    try:
        return _rows(iter(lines[places[0] + 1 :]))
    except _OtherError:
        return None


def _may_be_of_cache(line: str) -> bool:
    """Tell whether a line may open the table, or one inside it; names may be written with escapes."""
    return line.strip().startswith("[") and ("cache" in line or "\\" in line)


def _rows(lines: Iterator[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in lines:
        name, _, rest = (part.strip() for part in line.partition("="))
        if name.startswith("["):
            break
        if name and not name.startswith("#"):
            if name in found or not _NAME.issuperset(name):
                raise _OtherError
            found[name] = _list(rest[1:], lines) if rest.startswith("[") else _single(rest)
    return found


def _single(text: str) -> object:
    if text.startswith('"'):
        value, rest = _string(text)
        _end(rest)
        return value
    word = text.partition("#")[0].strip()
    return _WORDS[word] if word in _WORDS else _number(word)


def _number(word: str) -> float:
    whole, point, part = word.partition(".")
    if not _DIGITS.issuperset(whole + part) or not whole or (len(whole) > 1 and whole[0] == "0"):
        raise _OtherError
    if not point:
        return int(whole)
    if not part:
        raise _OtherError
    return float(word)


def _string(text: str) -> tuple[str, str]:
    """Return the text between two quotes, and what follows it."""
    value, quote, rest = text[1:].partition('"')
    if not quote or not text.startswith('"') or "\\" in value:
        raise _OtherError
    return value, rest.strip()


def _list(text: str, lines: Iterator[str]) -> list[str]:
    """Return a list of texts whose bracket was opened; it may go on for some lines."""
    found: list[str] = []
    text = text.strip()
    while not text.startswith("]"):
        if not text or text.startswith("#"):
            text = next(lines, "!").strip()
            continue
        value, text = _string(text)
        found.append(value)
        while not text or text.startswith("#"):
            text = next(lines, "!").strip()
        if text.startswith(","):
            text = text[1:].strip()
        elif not text.startswith("]"):
            raise _OtherError
    _end(text[1:].strip())
    return found


def _end(rest: str) -> None:
    if rest and not rest.startswith("#"):
        raise _OtherError


def _parsed(pipeline: str, project: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only Python 3.10 has it installed

    own = tomllib.loads(pipeline)
    theirs = tomllib.loads(project).get("tool", {}).get("noxline", {}).get("pipeline", {})
    if own and theirs:
        return {}  # an error that the ordinary way tells
    found: dict[str, Any] = (own or theirs).get("cache", {})
    return found


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return ""
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n")
