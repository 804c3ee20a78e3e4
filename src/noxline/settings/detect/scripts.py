"""Commands that other tools keep by name: hatch, pdm, poe, taskipy, rye scripts, and Makefile targets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from noxline.settings.detect.toml_source import TomlFile
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

# What only a shell can do; such a line is not taken for a command.
SHELL = re.compile(r"[|<>`]|\$\(|(^|[^&])&([^&]|$)")
TARGET = re.compile(r"([A-Za-z0-9_.-]+(?:\s+[A-Za-z0-9_.-]+)*)\s*::?(?!=)(.*)$")
VARIABLE = re.compile(r"([A-Za-z_]\w*)\s*[:?]?=\s*(.*)$")


@dataclass(frozen=True, kw_only=True)
class Script:
    """A named list of command lines, each already split into words, and where they stand."""

    tool: str
    name: str
    lines: tuple[tuple[tuple[str, ...], Origin], ...]
    env: Mapping[str, str] = field(default_factory=dict)
    group: str = ""  # hatch: the environment that the script belongs to


def named_scripts(tree: Tree) -> tuple[Script, ...]:
    """Return all named scripts, hatch's first."""
    pyproject = tree.pyproject
    found = [*hatch_scripts(pyproject, ("tool", "hatch", "envs")), *hatch_scripts(tree.toml("hatch.toml"), ("envs",))]
    for tool, path in (
        ("pdm", ("tool", "pdm", "scripts")),
        ("poe", ("tool", "poe", "tasks")),
        ("task", ("tool", "taskipy", "tasks")),
        ("rye", ("tool", "rye", "scripts")),
    ):
        table = pyproject.table(*path)
        found += [table_script(tool, pyproject, (*path, name), table) for name in table if not name.startswith("_")]
    return tuple(found)


def hatch_scripts(file: TomlFile, base: tuple[str, ...]) -> list[Script]:
    """Return the scripts of hatch's environments; a script may begin with another one's name."""
    found = []
    for env, settings in file.table(*base).items():
        scripts = settings.get("scripts", {}) if isinstance(settings, Mapping) else {}
        for name in scripts:
            origin = file.origin(*base, env, "scripts", name)
            lines = [(argv, origin) for text in hatch_lines(scripts, name) for argv in split_line(text)]
            variables = {str(k): str(v) for k, v in settings.get("env-vars", {}).items()}
            found.append(Script(tool="hatch", name=name, lines=tuple(lines), env=variables, group=env))
    return found


def hatch_lines(scripts: Mapping[str, Any], name: str, depth: int = 0) -> list[str]:
    """Return the lines of a script of hatch with its placeholders replaced and names of scripts resolved."""
    value = scripts[name]
    found: list[str] = []
    for line in value if isinstance(value, list) else [value]:
        text = re.sub(r"\{args(?::((?:[^{}]|\{[^{}]*\})*))?\}", lambda match: match[1] or "", str(line))
        text = re.sub(r"\{root(?::[^{}]*)?\}/?", "", text)
        text = re.sub(r"\{env:[^{}:]*(?::([^{}]*))?\}", lambda match: match[1] or "", text).removeprefix("- ")
        first, _, rest = text.strip().partition(" ")
        if first in scripts and first != name and depth < 5:
            inner = hatch_lines(scripts, first, depth + 1)
            found += [*inner[:-1], f"{inner[-1]} {rest}".strip()] if inner else []
        else:
            found.append(text.strip())
    return found


def table_script(tool: str, file: TomlFile, path: tuple[str, ...], table: Mapping[str, Any]) -> Script:
    """Return the script at `path`, in any of the forms that task tables take."""
    value = table[path[-1]]
    env = value.get("env", {}) if isinstance(value, Mapping) else {}
    lines = [(argv, file.origin(*path)) for argv in value_lines(value, table)]
    variables = {str(k): str(v) for k, v in env.items()} if isinstance(env, Mapping) else {}
    return Script(tool=tool, name=path[-1], lines=tuple(lines), env=variables)


def value_lines(value: Any, table: Mapping[str, Any], depth: int = 0) -> list[tuple[str, ...]]:
    """Return the command lines of a task: a text, a list of words, a table, or a sequence of other tasks."""
    if depth > 5:
        return []
    if isinstance(value, str):
        return split_line(re.sub(r"\{args\}|\$\{?@\}?", "", value))
    if isinstance(value, list):
        return [line for item in value for line in step_lines(item, table, depth)]
    return table_lines(value, table, depth) if isinstance(value, Mapping) else []


def table_lines(value: Mapping[str, Any], table: Mapping[str, Any], depth: int) -> list[tuple[str, ...]]:
    """Return the command lines of a task that is a table."""
    key = next((key for key in ("cmd", "shell", "composite", "sequence", "chain") if key in value), "")
    if not key:
        return []
    inner = value[key]
    is_words = isinstance(inner, list) and key == "cmd"
    return [tuple(map(str, inner))] if is_words else value_lines(inner, table, depth + 1)


def step_lines(item: Any, table: Mapping[str, Any], depth: int) -> list[tuple[str, ...]]:
    """Return the lines of a step of a sequence: another task's when it is the name of one."""
    if isinstance(item, str) and item in table:
        return value_lines(table[item], table, depth + 1)
    return value_lines(item, table, depth + 1)


def split_line(text: str) -> list[tuple[str, ...]]:
    """Split a line of shell into the commands it joins with `&&` or `;`; none when it needs a real shell."""
    found = []
    for part in re.split(r"&&|;|\n", text):
        if not part.strip() or SHELL.search(part):
            continue
        try:
            found.append(tuple(shlex.split(part, comments=True)))
        except ValueError:
            continue  # a quote that spans commands: a real shell's business
    return [argv for argv in found if argv]


def make_target(tree: Tree, target: str) -> Script | None:
    """Return the recipe of a Makefile target, variables that the file sets put in."""
    name = tree.first("Makefile", "makefile", "GNUmakefile")
    return read_target(name, tree.text(name), target) if name else None


def read_target(name: str, text: str, target: str) -> Script | None:
    """Return the recipe of a target in the Makefile called `name`."""
    variables: dict[str, str] = {}
    lines: list[tuple[tuple[str, ...], Origin]] = []
    inside = known = False
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.startswith("\t"):
            recipe = fill(raw.strip().lstrip("@-+"), variables) if inside else ""
            lines += [(argv, Origin(file=name, line=number, key=target)) for argv in split_line(recipe)]
        elif found := VARIABLE.match(raw):
            variables[found[1]] = found[2].strip()
        elif header := TARGET.match(raw):
            inside = target in header[1].split()
            known = known or inside
    return Script(tool="make", name=target, lines=tuple(lines)) if known else None


def fill(text: str, variables: Mapping[str, str], depth: int = 0) -> str:
    """Replace a Makefile's variables; one that nothing sets is empty, interpreters apart."""
    if depth > 5 or "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return variables.get(name, "python" if name.upper() in ("PYTHON", "PY", "PYTHON3") else "")

    return fill(re.sub(r"\$(?:\((\w+)\)|\{(\w+)\})", value, text), variables, depth + 1)
