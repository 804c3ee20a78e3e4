"""tox's INI syntax: tox.ini, setup.cfg, and the text in `legacy_tox_ini`."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from noxline.settings.detect.ini_source import Entry, IniFile
from noxline.settings.detect.requirements import with_marker
from noxline.settings.detect.substitution import Scope, as_marker, expand_braces, holds, split_condition
from noxline.settings.detect.tox import ToxCommand, ToxEnv, working_folder
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

REFERENCE = re.compile(r"(?<!\\)\{\[([^\]{}]+)\]([\w-]+)(?::[^{}]*)?\}")
COMMENT = re.compile(r"(?:^|\s+)#.*$")
Located = tuple[int, str]


@dataclass(frozen=True)
class IniTox:
    """A tox configuration in INI syntax; `main` is its general section, [tox] or [tox:tox]."""

    tree: Tree
    ini: IniFile
    main: str = "tox"

    @cached_property
    def env_list(self) -> tuple[str, ...]:
        """Return the environments that `tox` runs by default."""
        entry = self.ini.entry(self.main, "env_list", "envlist")
        lines = [text for _, text in self.lines(entry)] if entry else []
        return tuple(dict.fromkeys(name for line in lines for name in names(line)))

    @cached_property
    def sections(self) -> tuple[str, ...]:
        """Return the environments that are described by name."""
        return tuple(self.by_name)

    @cached_property
    def by_name(self) -> dict[str, str]:
        """Map the name of each described environment to its section."""
        found: dict[str, str] = {}
        for section in self.ini.sections:
            if section.startswith("testenv:"):
                for name in names(section.removeprefix("testenv:")):
                    found.setdefault(name, section)
        return found

    def origin(self) -> Origin:
        """Return where the list of environments stands."""
        key = "env_list" if self.ini.entry(self.main, "env_list") else "envlist"
        return self.ini.origin(self.main, key)

    def env(self, name: str) -> ToxEnv:
        """Return an environment; one that is not described by name has the base's values."""
        return IniEnv(self, name).resolve()

    def entry(self, section: str, *keys: str) -> tuple[Entry, str] | None:
        """Return an entry of a section or of the base it builds on, and the section it stands in."""
        base = self.ini.value(section, "base").replace(",", " ").split()
        for name in (section, *base, "testenv"):
            if found := self.ini.entry(name, *keys):
                return found, name
        return None

    def lines(self, entry: Entry, depth: int = 0) -> list[Located]:
        """Return the lines of a value, with references to other values (`{[section]key}`) put in."""
        found: list[Located] = []
        for number, text in entry.lines:
            match = REFERENCE.search(text) if depth < 10 else None
            found += self.with_reference(number, match, depth) if match else [(number, text)]
        return found

    def with_reference(self, number: int, match: re.Match[str], depth: int) -> list[Located]:
        """Return a line with its first reference put in: as several lines when it is nothing but the reference."""
        text = match.string
        target = self.entry(match[1], match[2])
        inner = self.lines(target[0], depth + 1) if target else []
        parts = [line for _, line in inner if line] or [""]
        if text.strip() == match[0]:
            return [(number, part) for part in parts]
        whole = text[: match.start()] + " ".join(parts) + text[match.end() :]
        return self.lines(Entry(((number, whole),)), depth + 1)


@dataclass(frozen=True)
class IniEnv:
    """One environment while it is being resolved."""

    tox: IniTox
    name: str

    @property
    def section(self) -> str:
        """Return the section that describes the environment, or the base."""
        return self.tox.by_name.get(self.name, "testenv")

    @property
    def factors(self) -> frozenset[str]:
        """Return the factors of the environment's name."""
        return frozenset(self.name.split("-")) | {self.name}

    def resolve(self) -> ToxEnv:
        """Return the environment with conditions applied and placeholders replaced."""
        directory = self.directory()
        env = self.variables()
        deps, constraints = split_constraints(tuple(self.deps()))
        return ToxEnv(
            name=self.name,
            commands=tuple(self.commands(self.scope(relative_root(directory), env), "commands")),
            prepare=tuple(self.commands(self.scope(relative_root(directory), env), "commands_pre")),
            origin=self.origin("commands"),
            deps=deps,
            groups=self.words("dependency_groups"),
            extras=self.words("extras"),
            constraints=constraints + self.words("constraints"),
            deps_origin=self.origin("deps", "dependency_groups", "extras"),
            env=env,
            directory=directory,
            locked="lock" in self.value("runner"),
        )

    def scope(self, root: str, env: dict[str, str]) -> Scope:
        """Return what placeholders stand for."""
        return Scope(name=self.name, root=root, env=env, has=self.tox.tree.has_folder)

    def origin(self, *keys: str) -> Origin:
        """Return the place of the first of the keys that the environment has."""
        found = self.tox.entry(self.section, *keys)
        if not found:
            return self.tox.ini.origin(self.section if self.section in self.tox.ini.headers else self.tox.main)
        entry, section = found
        key = next(key for key in keys if self.tox.ini.entry(section, key) == entry)
        return Origin(file=self.tox.ini.name, line=entry.line, key=f"[{section}] {key}")

    def located(self, *keys: str) -> Iterator[tuple[int, str, str]]:
        """Yield the lines of a value: number, condition, text; those whose condition fails are left out."""
        found = self.tox.entry(self.section, *keys)
        for number, line in self.tox.lines(found[0]) if found else []:
            condition, text = split_condition(COMMENT.sub("", line).replace("\\#", "#"))
            if text.strip():
                yield number, condition, text.strip()

    def holding(self, *keys: str) -> list[Located]:
        """Return the lines of a value whose condition holds."""
        return [
            (n, text) for n, condition, text in self.located(*keys) if not condition or holds(condition, self.factors)
        ]

    def value(self, *keys: str) -> str:
        """Return a value as one text, placeholders not replaced."""
        return "\n".join(text for _, text in self.holding(*keys))

    def words(self, key: str) -> tuple[str, ...]:
        """Return a value that is a list of names."""
        text = self.scope(".", {}).replace(self.value(key))
        return tuple(part for part in re.split(r"[\s,]+", text) if part)

    def directory(self) -> str:
        """Return the folder that commands run in, relative to the root."""
        path = self.scope(".", {}).replace(self.value("change_dir", "changedir"))
        return working_folder(self.tox.tree, path)

    def variables(self) -> dict[str, str]:
        """Return the environment variables that the environment sets."""
        root = str(self.tox.tree.root)
        found: dict[str, str] = {}
        for _, line in self.holding("set_env", "setenv"):
            if line.startswith("file|"):
                path = self.scope(".", found).replace(line.removeprefix("file|")).strip()
                found.update(env_file(self.tox.tree.text(posixpath.normpath(path))))
                continue
            name, equals, value = line.partition("=")
            value = self.scope(root, found).replace(value.strip()) if equals else ""
            if value or line.endswith("="):
                found[name.strip()] = value
        return found

    def deps(self) -> Iterator[str]:
        """Yield the requirements; those for some Pythons only get a marker."""
        for _, condition, text in self.located("deps"):
            marker = as_marker(condition) if condition and not text.startswith("-") else ""
            if marker or not condition or holds(condition, self.factors):
                replaced = self.scope(".", self.variables()).replace(text)
                bare = re.sub(r"(^|\s)#.*$", "", replaced).strip()
                if bare:
                    yield with_marker(bare, marker)

    def commands(self, scope: Scope, key: str) -> Iterator[ToxCommand]:
        """Yield the commands."""
        origin = self.origin(key)
        for number, line in join_continued(self.holding(key)):
            bare = re.sub(r"^#.*", "", scope.replace(line)).strip()
            marks = re.match(r"[-!\s]*(?=\S)", bare)
            prefix = marks[0] if marks and re.match(r"[-!]", bare) else ""
            argv = split_words(bare[len(prefix) :])
            if argv:
                place = Origin(file=origin.file, line=number, key=origin.key)
                yield ToxCommand(
                    argv=tidy(argv), origin=place, ignore_failure="-" in prefix, directory=self.directory()
                )


def names(line: str) -> list[str]:
    """Return the environments that a line of an environment list names."""
    bare = re.sub(r"(^|\s)#.*$", "", line)
    outside = re.split(r"[\s,]+(?![^{]*\})", bare.strip())
    return [name for part in outside for name in expand_braces(part.strip())]


def join_continued(lines: list[Located]) -> list[Located]:
    """Join the lines that end with a backslash to the ones that follow."""
    joined: list[Located] = []
    open_line = False
    for number, text in lines:
        body = text[:-1].rstrip() if text.endswith("\\") else text
        if open_line:
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {body}")
        else:
            joined.append((number, body))
        open_line = text.endswith("\\")
    return joined


def split_words(line: str) -> tuple[str, ...]:
    """Split a command into words; one with an open quote is split at its spaces."""
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return tuple(line.split())


def tidy(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Shorten paths that begin at the project's root (`./tests` becomes `tests`)."""
    return tuple(word[2:] if word.startswith("./") and len(word) > 2 else word for word in argv)


def relative_root(directory: str) -> str:
    """Return the way from a folder of the project back to its root."""
    return posixpath.relpath(".", directory) if directory else "."


def split_constraints(deps: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split dependencies into requirements and constraint files."""
    found = re.compile(r"(?:-c|--constraint)[ =]?\s*(\S+)")
    matches = [(dep, found.match(dep)) for dep in deps]
    return tuple(dep for dep, match in matches if not match), tuple(match[1] for _, match in matches if match)


def env_file(text: str) -> dict[str, str]:
    """Read the lines `NAME=value` of an environment file."""
    pairs = (line.strip().removeprefix("export ").partition("=") for line in text.splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, equals, value in pairs if equals and name[:1] != "#"}
