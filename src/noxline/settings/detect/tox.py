"""What tox says: its environments, from whichever of its five places the project uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from noxline.settings.facts import Origin


@dataclass(frozen=True, kw_only=True)
class ToxCommand:
    """One command with everything replaced; `ignore_failure` is tox's leading dash."""

    argv: tuple[str, ...]
    origin: Origin
    ignore_failure: bool = False


@dataclass(frozen=True, kw_only=True)
class ToxEnv:
    """One environment of tox, resolved for its own factors."""

    name: str
    commands: tuple[ToxCommand, ...]
    origin: Origin
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
        return bool(self.deps or self.groups or self.extras)


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
