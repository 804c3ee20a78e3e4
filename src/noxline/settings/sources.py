"""Find the tables of settings: in `config/*.toml` files of their own, or in pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from noxline.errors import ConfigError, suggest
from noxline.settings.explain import Problem
from noxline.settings.locate import KeyPath, key_lines, parse_toml
from noxline.settings.schema import TABLES
from noxline.system.files import is_there

PYPROJECT = "pyproject.toml"
_SECTION = ("tool", "noxline")
_LATER = frozenset({"deploy"})


@dataclass(frozen=True)
class Document:
    """A TOML file of the project that holds settings; `lines` says where each key stands."""

    file: str
    data: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def place(self, path: KeyPath) -> str:
        """Return the place of a key, or of the nearest key above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.file}:{self.lines[path[:length]]}"
        return self.file


@dataclass(frozen=True)
class Table:
    """The table "pipeline" or "gates" in the file that it was found in; `prefix` is its path there."""

    name: str
    document: Document
    prefix: tuple[str, ...]
    data: Mapping[str, Any]

    @property
    def heading(self) -> str:
        """Return the table's name in its file: empty where the file is its own."""
        return ".".join(self.prefix)

    def place(self, path: KeyPath = ()) -> str:
        """Return the place of a key of the table, or of the table itself."""
        return self.document.place((*self.prefix, *path))

    def origins(self) -> Iterator[tuple[str, str]]:
        """Yield each dotted key of the table with its place."""
        yield self.name, self.place()
        depth = len(self.prefix)
        for path in self.document.lines:
            below = path[depth:]
            if path[:depth] == self.prefix and below and all(isinstance(part, str) for part in below):
                yield ".".join((self.name, *map(str, below))), self.place(below)

    def places(self, array: str) -> tuple[str, ...]:
        """Return the place of each table of an array of tables."""
        entries = self.data.get(array, [])
        return tuple(self.place((array, index)) for index in range(len(entries)))


def config_file(table: str) -> str:
    """Return the file of a table, relative to the root: `config/pipeline.toml`."""
    return f"config/{table}.toml"


def find_tables(root: Path) -> tuple[dict[str, Table], tuple[tuple[str, Problem], ...]]:
    """Return the tables of a project by name, and what is wrong around them, each with its place."""
    tables, strangers = _pyproject_tables(root)
    for name in TABLES:
        own = read_config(root, name)
        if own is None:
            continue
        if name in tables:
            raise _written_twice(tables[name], own)
        tables[name] = own
    return tables, strangers


def read_config(root: Path, name: str) -> Table | None:
    """Return the table of `config/<name>.toml`; None when there is no such file or it is not noxline's.

    It is noxline's when it has one of the table's keys, or says so in a comment.
    """
    file = config_file(name)
    text = _read(root, file)
    if text is None:
        return None
    data = parse_toml(text, file)
    known = {field.name for field in msgspec.structs.fields(TABLES[name])}
    if known.isdisjoint(data) and "noxline" not in text:
        return None
    return Table(name, Document(file, data, key_lines(text)), (), data)


def near_misses(root: Path) -> tuple[str, ...]:
    """Return a remark for each `config/<name>.toml` that is not noxline's, but has a key much like one of its keys."""
    remarks = []
    for name, kind in TABLES.items():
        file = config_file(name)
        text = _read(root, file)
        if text is None or read_config(root, name) is not None:
            continue
        known = [field.name for field in msgspec.structs.fields(kind)]
        near = [(key, match) for key in parse_toml(text, file) for match in get_close_matches(key, known, 1, 0.8)]
        remarks += [f"{file} is not noxline's, it has none of its keys: is {key!r} {match!r}?" for key, match in near]
    return tuple(remarks)


def _pyproject_tables(root: Path) -> tuple[dict[str, Table], tuple[tuple[str, Problem], ...]]:
    text = _read(root, PYPROJECT)
    data = parse_toml(text, PYPROJECT) if text is not None else {}
    tool = data.get("tool")
    if text is None or not isinstance(tool, dict) or "noxline" not in tool:
        return {}, ()
    document = Document(PYPROJECT, data, key_lines(text))
    section = tool["noxline"]
    if not isinstance(section, dict):
        problem = Problem(path=(), message="tool.noxline must be a table", hint="write [tool.noxline.pipeline]")
        return {}, ((document.place(_SECTION), problem),)
    tables = {}
    strangers = []
    for name, value in section.items():
        if name in TABLES and isinstance(value, dict):
            tables[name] = Table(name, document, (*_SECTION, name), value)
        else:
            strangers.append((document.place((*_SECTION, name)), _stranger(name)))
    return tables, tuple(strangers)


def _stranger(name: str) -> Problem:
    """Return what is wrong with `tool.noxline.<name>`."""
    if name in TABLES:
        return Problem(path=(), message=f"tool.noxline.{name} must be a table", hint=f"write [tool.noxline.{name}]")
    message = f"unknown key {name!r} in [tool.noxline]"
    if name in _LATER:
        return Problem(
            path=(),
            message=f"this version of noxline does not know [tool.noxline.{name}]",
            hint="take it out, or use a version of noxline that has it",
        )
    home = next((table for table, kind in TABLES.items() if name in kind.__struct_fields__), "")
    hint = f"it belongs below [tool.noxline.{home}]" if home else suggest(name, list(TABLES))
    return Problem(path=(), message=message, hint=hint)


def _written_twice(first: Table, second: Table) -> ConfigError:
    return ConfigError(
        f"the {first.name} settings stand in two places: {first.place()} and {second.place()}",
        place=second.place(),
        hint=f"keep either {second.document.file} or [{first.heading}] in {first.document.file}",
    )


def _read(root: Path, file: str) -> str | None:
    """Return the text of a file of the project, or None when it is not there."""
    path = root / file
    if not is_there(path):
        return None
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot read the file: {error.strerror}", place=file) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError("the file is not UTF-8 text", place=f"{file}:{line}", hint="TOML files are UTF-8") from error
