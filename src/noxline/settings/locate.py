"""Find the line on which each key of a TOML text stands, so that every complaint can point there."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from noxline.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only Python 3.10 has it installed

# The path of a key: names of tables and keys, and the positions of elements in arrays, counted from 0.
KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
# The long forms come first: `"""` also begins with an empty `""`. Up to two quotes may touch the closing three.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """Return what a TOML text holds; raise ConfigError with the line when it is broken."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
        return data
    except tomllib.TOMLDecodeError as error:
        raise _broken(str(error), text, file) from error


def _broken(complaint: str, text: str, file: str) -> ConfigError:
    """Return the parser's complaint, "What (at line 3, column 5)", as an error that shows the line."""
    what, _, where = complaint.partition(" (at ")
    found = re.search(r"line (\d+)", where)
    lines = text.splitlines() or [""]
    number = int(found[1]) if found else len(lines)
    return ConfigError(
        f"this is not valid TOML: {what[:1].lower()}{what[1:]}{'' if found else ' at the end of the file'}",
        place=f"{file}:{number}",
        hint=f"the line reads: {lines[min(number, len(lines)) - 1].strip()}",
    )


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line of every table, key and array element of a valid TOML text, where it is first named.

    >>> dict(key_lines('[a]\\nb = 1'))
    {('a',): 1, ('a', 'b'): 2}
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """Walks a TOML text that is known to be valid; leaves all checking to the real parser."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[KeyPath, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._elements: dict[KeyPath, int] = {}  # how many [[headers]] each array of tables has had so far

    def document(self) -> None:
        """Record every header and key of the text."""
        table: KeyPath = ()
        self._take(_BLANK)
        while self.position < len(self.text):
            if self.text[self.position] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._take(_BLANK)

    def _header(self) -> KeyPath:
        is_array = self.text.startswith("[[", self.position)
        self.position += 2 if is_array else 1
        path: KeyPath = ()
        parts = self._key()
        for name, line in parts:
            path = self._current(path)
            path = (*path, name)
            self.lines.setdefault(path, line)
        if is_array:
            self._elements[path] = self._elements.get(path, 0) + 1
            path = self._current(path)
            self.lines.setdefault(path, parts[-1][1])
        else:
            path = self._current(path)
        self.position += 2 if is_array else 1
        return path

    def _current(self, path: KeyPath) -> KeyPath:
        """Return the path into the newest element when `path` is an array of tables."""
        count = self._elements.get(path)
        return path if count is None else (*path, count - 1)

    def _assignment(self, table: KeyPath) -> None:
        path = table
        for name, line in self._key():
            path = (*path, name)
            self.lines.setdefault(path, line)
        self.position += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[tuple[str, int]]:
        """Read a dotted key up to the `=` or `]` after it: its parts, each with its line."""
        parts: list[tuple[str, int]] = []
        while True:
            self._take(_SPACE)
            line = self._line()
            parts.append((self._key_part(), line))
            self._take(_SPACE)
            if self.text[self.position] != ".":
                return parts
            self.position += 1

    def _key_part(self) -> str:
        if self.text[self.position] in "\"'":
            return str(tomllib.loads(f"key = {self._take(_STRING)}")["key"])
        return self._take(_BARE)

    def _value(self, path: KeyPath) -> None:
        self._take(_SPACE)
        first = self.text[self.position]
        if first == "[":
            self._items("]", path)
        elif first == "{":
            self._items("}", path)
        else:
            self._take(_STRING if first in "\"'" else _SCALAR)

    def _items(self, closing: str, path: KeyPath) -> None:
        """Read the elements of an array or the pairs of an inline table, commas and comments between them."""
        self.position += 1
        index = 0
        self._take(_BLANK)
        while self.text[self.position] != closing:
            if closing == "]":
                element = (*path, index)
                self.lines.setdefault(element, self._line())
                self._value(element)
            else:
                self._assignment(path)
            index += 1
            self._take(_BLANK)
            if self.text[self.position] == ",":
                self.position += 1
                self._take(_BLANK)
        self.position += 1

    def _line(self) -> int:
        return bisect_right(self._starts, self.position)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise ValueError(f"not valid TOML at line {self._line()}")
        self.position = match.end()
        return match.group()
