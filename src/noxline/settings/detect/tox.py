"""What tox says: its environments, from whichever of its five places the project uses."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin


@dataclass(frozen=True, kw_only=True)
class ToxCommand:
    """One command with everything replaced; `ignore_failure` is tox's leading dash."""

    argv: tuple[str, ...]
    origin: Origin
    ignore_failure: bool = False
    directory: str = ""


@dataclass(frozen=True, kw_only=True)
class ToxEnv:
    """One environment of tox, resolved for its own factors."""

    name: str
    commands: tuple[ToxCommand, ...]
    origin: Origin
    prepare: tuple[ToxCommand, ...] = ()
    deps: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    deps_origin: Origin
    env: Mapping[str, str]
    directory: str = ""
    locked: bool = False

    @property
    def declares(self) -> bool:
        """Tell whether the environment names anything to install."""
        return bool(self.deps or self.groups or self.extras or self.installed)

    @property
    def installed(self) -> tuple[str, ...]:
        """Return what `pip install` among its commands brings, as lines like those of deps."""
        return tuple(dep for command in (*self.prepare, *self.commands) for dep in pip_requirements(command.argv))

    @property
    def needs_nothing(self) -> bool:
        """Tell whether neither tox nor another tool that it calls installs anything."""
        calls = {command.argv[0] for command in (*self.prepare, *self.commands)}
        return not self.declares and not calls & {"poetry", "uv", "pdm", "pipenv", "hatch", "rye", "make"}


def working_folder(tree: Tree, path: str) -> str:
    """Return the folder that commands run in, relative to the root; empty for the root.

    tox makes a folder that is missing; for one to be left nowhere in the project, the root takes its place.
    """
    normal = posixpath.normpath(path) if path else "."
    return "" if normal == "." or posixpath.isabs(normal) or not tree.has_folder(normal) else normal


def pip_requirements(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the requirements of a `pip install` command; options that name files or editable folders are kept."""
    words = argv[2:] if argv[:2] == ("python", "-m") else argv[1:] if argv[:1] == ("uv",) else argv
    if words[:2] != ("pip", "install"):
        return ()
    found: list[str] = []
    rest = iter(words[2:])
    for word in rest:
        if word in ("-r", "-c", "-e", "--requirement", "--constraint", "--editable"):
            found.append(f"{word} {next(rest, '')}".strip())
        elif not word.startswith("-"):
            found.append(word)
    return tuple(found)


class ToxConfig(Protocol):
    """A tox configuration, whatever its syntax."""

    @property
    def env_list(self) -> tuple[str, ...]:
        """Return the environments that `tox` runs by default."""

    @property
    def sections(self) -> tuple[str, ...]:
        """Return the environments that are described by name."""

    def env(self, name: str) -> ToxEnv:
        """Return an environment; one that is not described by name has the base's values."""

    def origin(self) -> Origin:
        """Return where the list of environments stands."""
