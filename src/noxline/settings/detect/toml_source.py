"""A TOML file with typed access to what it holds and the line where each key stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from noxline.settings.facts import Origin
from noxline.settings.locate import KeyPath, key_lines


@dataclass(frozen=True)
class TomlFile:
    """A TOML file: its name relative to the project's root, its text and what it holds."""

    name: str
    text: str
    data: Mapping[str, Any]

    def get(self, *path: str) -> Any:
        """Return the value at `path`, or None."""
        value: Any = self.data
        for part in path:
            if not isinstance(value, Mapping) or part not in value:
                return None
            value = value[part]
        return value

    def table(self, *path: str) -> Mapping[str, Any]:
        """Return the table at `path`; empty when there is none."""
        value = self.get(*path)
        return value if isinstance(value, Mapping) else {}

    def string(self, *path: str) -> str:
        """Return the string at `path`; empty when there is none."""
        value = self.get(*path)
        return value if isinstance(value, str) else ""

    def strings(self, *path: str) -> tuple[str, ...]:
        """Return the list of strings at `path`; a lone string counts as a list of one."""
        return as_strings(self.get(*path))

    def origin(self, *path: str | int) -> Origin:
        """Return the place of the key at `path`, or of the nearest table above it."""
        key = ".".join(part for part in path if isinstance(part, str))
        nearest = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self.lines), ())
        return Origin(file=self.name, line=self.lines.get(nearest), key=key)

    @cached_property
    def lines(self) -> Mapping[KeyPath, int]:
        """Return the first line of every table, key and array element."""
        return key_lines(self.text)


def as_strings(value: object) -> tuple[str, ...]:
    """Return the strings of a list, a lone string as a list of one, anything else as none."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
