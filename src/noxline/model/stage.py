"""A stage: a family of nox sessions with its policy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Source(str, Enum):
    """Whose noxfile defines a session."""

    PROJECT = "project"
    STANDARD = "standard"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the user or the standard catalogue says about running one stage.

    `timeout` and `max_age` are in seconds; `None` means no limit.
    """

    needs: tuple[str, ...] = ()
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    shards: int | Literal["auto"] = 1
    timeout: float | None = None
    retries: int = 0
    exclusive: bool = False
    max_age: float | None = None
    reuse: bool = True
    warn_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NotApplicable:
    """Why a stage or a tool has nothing to do in this project."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionInfo:
    """One nox session as its noxfile lists it; nox's parameters and Pythons already expanded.

    `name` is what `nox -s` takes (`tests-3.12(dep='1')`), `family` the function's name (`tests`), `requires` the
    names of sessions of the same noxfile, already expanded (never a family name). `environment` is the folder name of
    the virtual environment, or empty when the session has none (`venv_backend="none"`, `python=False`).
    `standard` names the standard stage that this session is (a project's noxfile may import `noxline.sessions`).
    """

    name: str
    family: str
    source: Source
    python: str | None = None
    params: str = ""
    tags: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    doc: str = ""
    default: bool = True
    environment: str = ""
    backend: str = "uv"
    standard: str = ""
    skip: NotApplicable | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A family of sessions and its policy. `rank` orders stages of unknown duration: cheap ones first."""

    name: str
    source: Source
    sessions: tuple[SessionInfo, ...]
    policy: Policy = Policy()
    doc: str = ""
    tags: tuple[str, ...] = ()
    default: bool = True
    standard: str = ""
    rank: int = 50
    skip: NotApplicable | None = None
