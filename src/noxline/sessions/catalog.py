"""The catalogue of standard stages: what they are called, when they apply, what they need."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from noxline.model.stage import NotApplicable, SessionInfo, Source
from noxline.settings.facts import ProjectFacts

NEWEST = "NOXLINE_NEWEST"


class RunsOn(str, Enum):
    """Which Python a standard stage runs on."""

    MATRIX = "matrix"  # one session for each Python of the project
    PROJECT = "project"  # the newest Python of the project
    MACHINE = "machine"  # the newest interpreter of the machine: its tool parses source, newest grammar wins
    OWN = "own"  # the Python that noxline itself runs on


@dataclass(frozen=True, kw_only=True, slots=True)
class StandardStage:
    """One stage that every project can have; `aliases` are names under which projects define it themselves.

    `rank` orders stages of unknown duration: the cheap ones, which say something at once, then those that others need,
    with the long tests, and last what fills the gaps that they leave. `max_age` is in seconds.
    """

    name: str
    doc: str
    tags: tuple[str, ...]
    rank: int
    runs_on: RunsOn = RunsOn.OWN
    requires: tuple[str, ...] = ()
    aliases: frozenset[str] = frozenset()
    exclusive: bool = False
    retries: int = 0
    max_age: float | None = None

    @property
    def matrix(self) -> bool:
        """Tell whether the stage has one session for each Python."""
        return self.runs_on is RunsOn.MATRIX


STANDARD: tuple[StandardStage, ...] = (
    StandardStage(
        name="hooks",
        doc="Run the project's commit hooks on a snapshot of all files.",
        tags=("standard", "check"),
        rank=10,
        aliases=frozenset({"hooks", "pre-commit", "precommit", "prek"}),
    ),
    StandardStage(
        name="lint",
        doc="Check the code with ruff, with the project's own settings.",
        tags=("standard", "check"),
        rank=12,
        aliases=frozenset(
            {"lint", "linter", "linters", "linting", "ruff", "flake8", "pylint", "style", "format", "black", "fmt"}
        ),
    ),
    StandardStage(
        name="duplication",
        doc="Look for duplicated code with jscpd.",
        tags=("standard", "quality"),
        rank=14,
        aliases=frozenset({"duplication", "duplicates", "jscpd", "cpd"}),
    ),
    StandardStage(
        name="complexity",
        doc="Measure complexity and maintainability with radon.",
        tags=("standard", "quality"),
        rank=16,
        runs_on=RunsOn.MACHINE,
        aliases=frozenset({"complexity", "radon", "xenon", "mccabe"}),
    ),
    StandardStage(
        name="types",
        doc="Check the types with the project's own type checker.",
        tags=("standard", "check"),
        rank=20,
        runs_on=RunsOn.PROJECT,
        aliases=frozenset({"types", "typing", "mypy", "pyright", "typecheck", "type-check", "type-checking", "ty"}),
    ),
    StandardStage(
        name="build",
        doc="Build sdist and wheel twice and compare the two.",
        tags=("standard", "package"),
        rank=22,
        runs_on=RunsOn.PROJECT,
        aliases=frozenset({"build", "builds", "package", "packaging", "dist", "wheel", "sdist", "build-dist"}),
    ),
    StandardStage(
        name="tests",
        doc="Run the project's tests under coverage.",
        tags=("standard", "test"),
        rank=25,
        runs_on=RunsOn.MATRIX,
        aliases=frozenset(
            {"tests", "test", "unit", "units", "unittest", "unittests", "unit-tests", "unit-test", "pytest", "testing"}
        ),
    ),
    StandardStage(
        name="security",
        doc="Look for security problems in code, dependencies, secrets and workflows.",
        tags=("standard", "security"),
        rank=30,
        aliases=frozenset({"security", "bandit", "audit", "pip-audit", "safety", "sast", "zizmor"}),
        max_age=24 * 3600.0,
    ),
    StandardStage(
        name="docs",
        doc="Build the documentation and count its warnings.",
        tags=("standard", "docs"),
        rank=40,
        runs_on=RunsOn.PROJECT,
        aliases=frozenset({"docs", "doc", "documentation", "sphinx", "mkdocs", "build-docs", "docs-build", "html"}),
    ),
    StandardStage(
        name="benchmarks",
        doc="Run the project's benchmarks, alone on the machine.",
        tags=("standard", "test"),
        rank=60,
        runs_on=RunsOn.PROJECT,
        aliases=frozenset({"benchmarks", "benchmark", "bench", "perf", "performance"}),
        exclusive=True,
    ),
    StandardStage(
        name="coverage",
        doc="Combine the coverage of all tests into one report.",
        tags=("standard", "test"),
        rank=70,
        runs_on=RunsOn.PROJECT,
        requires=("tests",),
        aliases=frozenset({"coverage", "cov", "cover", "coverage-report", "report-coverage", "combine-coverage"}),
    ),
    StandardStage(
        name="sbom",
        doc="Write the CycloneDX bill of materials of the built package.",
        tags=("standard", "package"),
        rank=75,
        runs_on=RunsOn.PROJECT,
        requires=("build",),
        max_age=24 * 3600.0,
        aliases=frozenset({"sbom", "cyclonedx", "bom"}),
    ),
)

# Edges between the two noxfiles, where nox's own `requires=` cannot reach.
CROSS_NEEDS: Mapping[str, tuple[str, ...]] = {stage.name: stage.requires for stage in STANDARD if stage.requires}

_STAGE_OF_ALIAS = {alias: stage.name for stage in STANDARD for alias in stage.aliases}
_FILLER = frozenset({"run", "check", "checks", "all", "py", "python", "session", "ci"})


def covers(session_name: str) -> str:
    """Return the standard stage that a project's own session stands for, or "" when it stands for none.

    >>> covers("mypy"), covers("run_tests"), covers("release")
    ('types', 'tests', '')
    """
    words = [word for word in re.split(r"[^a-z0-9]+", session_name.lower()) if word]
    plain = "-".join(words)
    return _STAGE_OF_ALIAS.get(plain) or _STAGE_OF_ALIAS.get("-".join(w for w in words if w not in _FILLER), "")


def skip_reason(stage: StandardStage, facts: ProjectFacts) -> str:
    """Return why the stage has nothing to do in this project, or "" when it applies."""
    detected = {
        "hooks": facts.hooks,
        "lint": facts.lint,
        "types": facts.types,
        "docs": facts.docs,
        "benchmarks": facts.benchmarks,
        "tests": facts.tests,
        "coverage": facts.tests,
    }.get(stage.name)
    if isinstance(detected, NotApplicable):
        return detected.reason
    if stage.name in {"complexity", "duplication"} and not facts.sources:
        return "no Python source of the project's own was found"
    if stage.name in {"build", "sbom"} and not facts.installable:
        return "the project cannot be built: it has no build backend"
    return ""


def standard_sessions(
    facts: ProjectFacts, pythons: tuple[str, ...], *, newest: str | None = None
) -> tuple[SessionInfo, ...]:
    """Return all standard sessions of a project, exactly as `register()` defines them.

    `newest` is the newest interpreter of the machine (default: the variable NOXLINE_NEWEST).
    """
    return tuple(
        info
        for stage in STANDARD
        for info in _sessions_of(stage, skip_reason(stage, facts), pythons, newest or os.environ.get(NEWEST))
    )


def session_python(stage: StandardStage, pythons: tuple[str, ...], newest: str | None) -> str | None:
    """Return the Python of a stage outside the matrix; None is the one noxline runs on."""
    match stage.runs_on:
        case RunsOn.PROJECT:
            return pythons[-1] if pythons else None
        case RunsOn.MACHINE:
            return newest or None
        case RunsOn.OWN | RunsOn.MATRIX:
            return None


def session_names(stage: StandardStage, pythons: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a stage's sessions: `tests-3.11`, `tests-3.12` for the matrix."""
    if stage.matrix and pythons:
        return tuple(f"{stage.name}-{python}" for python in pythons)
    return (stage.name,)


def required_sessions(
    stage: StandardStage, pythons: tuple[str, ...], only: frozenset[str] | None = None
) -> tuple[str, ...]:
    """Return the names of the sessions a stage requires, without those that its noxfile does not define."""
    return tuple(
        name
        for other in STANDARD
        if other.name in stage.requires and (only is None or other.name in only)
        for name in session_names(other, pythons)
    )


def environment_folder(session_name: str) -> str:
    """Return the folder name that nox gives the environment of a session.

    >>> environment_folder("tests-3.12")
    'tests-3-12'
    """
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "-", session_name).strip().lower()).strip("-")


def _sessions_of(
    stage: StandardStage, skip: str, pythons: tuple[str, ...], newest: str | None
) -> tuple[SessionInfo, ...]:
    names = session_names(stage, pythons)
    each = pythons if stage.matrix and pythons else (session_python(stage, pythons, newest),)
    return tuple(
        SessionInfo(
            name=name,
            family=stage.name,
            source=Source.STANDARD,
            python=python,
            tags=stage.tags,
            requires=required_sessions(stage, pythons),
            doc=stage.doc,
            environment=environment_folder(name),
            standard=stage.name,
            skip=NotApplicable(reason=skip) if skip else None,
        )
        for name, python in zip(names, each, strict=True)
    )
