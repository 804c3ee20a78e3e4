"""What the command line asks for, and everything that was read of a project before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from noxline.graph import TaskGraph
from noxline.model.gate import Rule
from noxline.model.pipeline import Pipeline
from noxline.nox_bridge.interpreters import Interpreter
from noxline.selection import Selection
from noxline.settings.facts import ProjectFacts
from noxline.settings.schema import Settings


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for. `judged` is true for `ci` and false for `run`.

    `no_cache` neither takes nor keeps results, `offline` leaves the remote store alone, `refresh` resolves
    distributions again, `force` names stages that run whatever is known of them, `all_tests` reuses no single test.
    """

    names: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    jobs: int | None = None
    fail_fast: bool = False
    posargs: tuple[str, ...] = ()
    failed: bool = False
    fix: bool = False
    judged: bool = True
    affected: bool = False
    base: str = ""
    no_cache: bool = False
    offline: bool = False
    refresh: bool = False
    force: tuple[str, ...] = ()
    check_inputs: bool = False
    all_tests: bool = False


@dataclass(frozen=True, kw_only=True)
class Project:
    """Everything that was read of a project; nothing has run yet. `cores` is the number of CPU tokens.

    `noxfile_sources` are the files of which its noxfile is made, with their digests, and `noxfile_variables` the
    variables that it reads while it loads, with digests of their values; one that takes all of them does not name them.
    """

    root: Path
    settings: Settings
    facts: ProjectFacts
    pipeline: Pipeline
    graph: TaskGraph
    selection: Selection
    rules: tuple[Rule, ...]
    interpreters: tuple[Interpreter, ...]
    cores: int
    noxfile_sources: tuple[tuple[str, str], ...] = ()
    noxfile_variables: tuple[tuple[str, str], ...] = ()
    reads_all_variables: bool = False
