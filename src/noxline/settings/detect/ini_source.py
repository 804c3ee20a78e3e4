"""Read an INI file (tox.ini, setup.cfg, .coveragerc) and keep the line of every key and of every line of a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from noxline.errors import ConfigError
from noxline.settings.facts import Origin

SECTION = re.compile(r"\[([^\]]+)\]\s*(?:[#;].*)?$")
OPTION = re.compile(r"([^\s=:][^=:]*?)\s*[=:](.*)$")


@dataclass(frozen=True)
class Entry:
    """The value of one key: each of its lines with its number; the first may be empty."""

    lines: tuple[tuple[int, str], ...]

    @property
    def line(self) -> int:
        """Return the line of the key."""
        return self.lines[0][0]

    @property
    def value(self) -> str:
        """Return the whole value."""
        return "\n".join(text for _, text in self.lines).strip()

    @property
    def words(self) -> tuple[str, ...]:
        """Return the value as a list, split at lines and commas."""
        parts = re.split(r"[\n,]", self.value)
        return tuple(part.strip() for part in parts if part.strip())


@dataclass(frozen=True)
class IniFile:
    """An INI file: its name relative to the project's root and its sections."""

    name: str
    sections: Mapping[str, Mapping[str, Entry]]
    headers: Mapping[str, int]

    def entry(self, section: str, *keys: str) -> Entry | None:
        """Return the first of the keys that the section has."""
        values = self.sections.get(section, {})
        return next((values[key] for key in keys if key in values), None)

    def value(self, section: str, *keys: str) -> str:
        """Return the value of the first of the keys that the section has; empty when it has none."""
        entry = self.entry(section, *keys)
        return entry.value if entry else ""

    def origin(self, section: str, key: str = "") -> Origin:
        """Return the place of a key, or of its section."""
        entry = self.entry(section, key) if key else None
        line = entry.line if entry else self.headers.get(section)
        return Origin(file=self.name, line=line, key=f"[{section}] {key}".rstrip())


def parse_ini(name: str, text: str, *, first_line: int = 1) -> IniFile:
    """Parse an INI text that begins in line `first_line` of its file; raise ConfigError when it is broken."""
    sections: dict[str, dict[str, list[tuple[int, str]]]] = {}
    headers: dict[str, int] = {}
    values: dict[str, list[tuple[int, str]]] | None = None
    current: list[tuple[int, str]] | None = None
    for number, line in content_lines(text, first_line):
        if line[0].isspace() and current is not None:
            current.append((number, line.strip()))
        elif header := SECTION.match(line.strip()):
            headers.setdefault(header[1], number)
            values, current = sections.setdefault(header[1], {}), None
        elif values is not None and (option := OPTION.match(line.strip())):
            current = values[option[1]] = [(number, option[2].strip())]
        else:
            raise broken(name, number, line)
    frozen = {s: {k: Entry(tuple(lines)) for k, lines in keys.items()} for s, keys in sections.items()}
    return IniFile(name, frozen, headers)


def content_lines(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """Yield the lines that are neither empty nor comments, with their numbers."""
    for number, raw in enumerate(text.split("\n"), first_line):
        line = raw.rstrip()
        if line and line.lstrip()[0] not in "#;":
            yield number, line


def broken(name: str, number: int, line: str) -> ConfigError:
    """Return the error for a line that is neither a section, a key nor the rest of a value."""
    hint = "expected `[section]`, `key = value` or an indented continuation"
    return ConfigError(f"{name} is not a valid INI file: {line.strip()!r}", place=f"{name}:{number}", hint=hint)
