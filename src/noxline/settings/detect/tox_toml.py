"""tox's native TOML syntax: tox.toml, and [tool.tox] in pyproject.toml."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from noxline.settings.detect.substitution import Scope, expand_braces
from noxline.settings.detect.toml_source import TomlFile, as_strings
from noxline.settings.detect.tox import ToxCommand, ToxEnv, working_folder
from noxline.settings.detect.tox_ini import env_file, relative_root, split_constraints, tidy
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

RUN_BASE = "env_run_base"


@dataclass(frozen=True)
class TomlTox:
    """A tox configuration in TOML; `base` is the path of its table in the file."""

    tree: Tree
    file: TomlFile
    base: tuple[str, ...] = ()

    @cached_property
    def env_list(self) -> tuple[str, ...]:
        """Return the environments that `tox` runs by default."""
        listed = self.file.get(*self.base, "env_list")
        found = [name for item in listed or [] for name in listed_names(item)] if isinstance(listed, list) else []
        return tuple(dict.fromkeys(found))

    @cached_property
    def sections(self) -> tuple[str, ...]:
        """Return the environments that are described by name."""
        return tuple(self.file.table(*self.base, "env"))

    def origin(self) -> Origin:
        """Return where the list of environments stands."""
        return self.file.origin(*self.base, "env_list")

    def env(self, name: str) -> ToxEnv:
        """Return an environment; one that is not described by name has the base's values."""
        return TomlEnv(self, name).resolve()


@dataclass(frozen=True)
class TomlEnv:
    """One environment while it is being resolved."""

    tox: TomlTox
    name: str

    def path(self, *keys: str) -> tuple[str, ...]:
        """Return the path of the first of the keys that the environment or its base has; empty when none has it."""
        own = (*self.tox.base, "env", self.name)
        bases = as_strings(self.tox.file.get(*own, "base")) or (RUN_BASE,)
        for table in (own, *((*self.tox.base, *base.split(".")) for base in bases), (*self.tox.base, "env_base")):
            for key in keys:
                if self.tox.file.get(*table, key) is not None:
                    return (*table, key)
        return ()

    def value(self, *keys: str) -> Any:
        """Return the value of the first of the keys."""
        path = self.path(*keys)
        return self.tox.file.get(*path) if path else None

    def origin(self, *keys: str) -> Origin:
        """Return the place of the first of the keys."""
        path = self.path(*keys) or (*self.tox.base, "env", self.name)
        return self.tox.file.origin(*path)

    def resolve(self) -> ToxEnv:
        """Return the environment with placeholders replaced."""
        env = self.variables()
        directory = self.directory()
        scope = self.scope(relative_root(directory), env)
        deps, constraints = split_constraints(self.deps(self.scope(".", env)))
        return ToxEnv(
            name=self.name,
            commands=tuple(self.commands(scope, "commands")),
            prepare=tuple(self.commands(scope, "commands_pre")),
            origin=self.origin("commands"),
            deps=deps,
            groups=flat(self.value("dependency_groups"), scope, self.tox),
            extras=flat(self.value("extras"), scope, self.tox),
            constraints=constraints + flat(self.value("constraints"), scope, self.tox),
            deps_origin=self.origin("deps", "dependency_groups", "extras"),
            env=env,
            directory=directory,
            locked="lock" in str(self.value("runner") or ""),
        )

    def directory(self) -> str:
        """Return the folder that commands run in, relative to the root."""
        where = str(self.value("change_dir", "changedir") or "")
        return working_folder(self.tox.tree, self.scope(".", {}).replace(where))

    def scope(self, root: str, env: Mapping[str, str]) -> Scope:
        """Return what placeholders stand for."""
        return Scope(name=self.name, root=root, env=env, has=self.tox.tree.has_folder)

    def deps(self, scope: Scope) -> tuple[str, ...]:
        """Return the requirements; a text of lines counts as a list."""
        value = self.value("deps")
        lines = value.splitlines() if isinstance(value, str) else value
        return tuple(item.strip() for item in flat(lines, scope, self.tox) if item.strip())

    def variables(self) -> dict[str, str]:
        """Return the environment variables that the environment sets."""
        value = self.value("set_env", "setenv")
        found: dict[str, str] = {}
        for name, item in value.items() if isinstance(value, Mapping) else ():
            scope = self.scope(str(self.tox.tree.root), found)
            if name == "file":
                path = self.scope(".", found).replace(str(item))
                found.update(env_file(self.tox.tree.text(posixpath.normpath(path))))
            elif isinstance(item, Mapping) and item.get("replace") == "ref":
                found.update({k: str(v) for k, v in (referred(item, self.tox) or {}).items()})
            elif text := " ".join(flat(item, scope, self.tox)):
                found[name] = text
        return found

    def commands(self, scope: Scope, key: str) -> list[ToxCommand]:
        """Return the commands; a reference to another environment's commands is followed."""
        path = self.path(key)
        found: list[ToxCommand] = []
        for index, item in enumerate(resolved_commands(self.value(key), self.tox)):
            words = (
                flat(item, scope, self.tox) if isinstance(item, list) else tuple(shlex.split(scope.replace(str(item))))
            )
            marks = [word for word in words[:1] if word in ("-", "!", "!-", "-!")]
            bare = words[len(marks) :]
            if bare and bare[0][0] in "-!":
                marks, bare = [bare[0][0]], (bare[0].lstrip("-! "), *bare[1:])
            if bare:
                origin = self.tox.file.origin(*path, index)
                ignores = "-" in "".join(marks)
                found.append(
                    ToxCommand(argv=tidy(bare), origin=origin, ignore_failure=ignores, directory=self.directory())
                )
        return found


def resolved_commands(value: Any, tox: TomlTox) -> list[Any]:
    """Return a list of commands in which references to other lists are followed."""
    found: list[Any] = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, Mapping):
            inner = referred(item, tox) if item.get("replace") == "ref" else item.get("else") or item.get("default")
            found += resolved_commands(inner, tox)
        else:
            found.append(item)
    return found


def flat(value: Any, scope: Scope, tox: TomlTox) -> tuple[str, ...]:
    """Return the words of a value, tox's `replace` tables resolved and lists that extend put in place."""
    if isinstance(value, str):
        return (scope.replace(value),)
    if isinstance(value, Mapping):
        return replaced(value, scope, tox)
    if isinstance(value, list):
        return tuple(word for item in value for word in flat(item, scope, tox))
    return () if value is None else (str(value),)


def replaced(table: Mapping[str, Any], scope: Scope, tox: TomlTox) -> tuple[str, ...]:
    """Resolve one `replace` table."""
    match table.get("replace"):
        case "posargs":
            return flat(table.get("default"), scope, tox)
        case "env":
            name = str(table.get("name", ""))
            return (scope.env[name],) if name in scope.env else flat(table.get("default"), scope, tox)
        case "ref":
            return flat(referred(table, tox), scope, tox)
        case "if":
            return flat(table.get("else"), scope, tox)
        case None:
            # `{ value = "...", marker = "..." }` of set_env; a requirement given as a table has no meaning to tox.
            return flat(table.get("value"), scope, tox)
        case _:
            return ()


def referred(table: Mapping[str, Any], tox: TomlTox) -> Any:
    """Return what a `replace = "ref"` table points at."""
    if of := as_strings(table.get("of")):
        return tox.file.get(*tox.base, *of)
    env, key = str(table.get("env", "")), str(table.get("key", ""))
    return TomlEnv(tox, env).value(key)


def listed_names(item: Any) -> list[str]:
    """Return the environments that an element of `env_list` names: a name, or a product of factors."""
    if isinstance(item, str):
        return expand_braces(item)
    if not isinstance(item, Mapping):
        return []
    names = [""]
    for factor in item.get("product", []):
        names = [f"{name}-{part}".lstrip("-") for name in names for part in factor_values(factor)]
    left_out = set(as_strings(item.get("exclude")))
    return [name for name in names if name and name not in left_out]


def factor_values(factor: Any) -> list[str]:
    """Return the values of one factor of a product: a list, or a range of Pythons with a prefix."""
    if isinstance(factor, list):
        return [str(value) for value in factor]
    if isinstance(factor, Mapping):
        start, stop = int(factor.get("start", 0)), int(factor.get("stop", factor.get("start", 0)))
        return [f"{factor.get('prefix', '')}{number}" for number in range(start, stop + 1)]
    return [str(factor)]
