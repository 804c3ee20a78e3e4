"""What is detected about a project, each fact with the place it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar, Literal

from noxline.model.stage import NotApplicable


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """A place in the project: file relative to the root, line counted from 1, and the key or section."""

    file: str
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} {self.key}".rstrip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Install:
    """One step that brings dependencies into an environment.

    kind "args": `args` go to `uv pip install` (from the project's root), e.g. `("-r", "requirements/tests.txt")`.
    kind "uv-lock": `args` are options of `uv export --frozen --no-emit-project` that select groups and extras.
    kind "pins": `args` are exact requirements read from another tool's lock file (poetry.lock, pdm.lock, Pipfile.lock).
    """

    kind: Literal["args", "uv-lock", "pins"]
    args: tuple[str, ...]
    origin: Origin


class Runner(str, Enum):
    """What runs a test command."""

    PYTEST = "pytest"
    UNITTEST = "unittest"
    SCRIPT = "script"


@dataclass(frozen=True, kw_only=True, slots=True)
class TestCommand:
    """One command of the test suite, with all placeholders of its source resolved.

    `argv[0]` is "python" for `python -m ...` and scripts. Options that only set coverage up are already taken out
    (`--cov`, `coverage run`). `{envtmpdir}` and its like became `{tmp}`, replaced at run time. `ignore_failure`: the
    source says that its exit code does not count (tox's leading `-`).
    """

    __test__: ClassVar[bool] = False  # a noun of this model, whatever pytest makes of its name

    argv: tuple[str, ...]
    runner: Runner
    origin: Origin
    ignore_failure: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TestSuite:
    """How the project's tests are installed and run.

    `sources` are alternatives, best first: each is the whole list of steps from one place (a lock file, tox, a
    dependency group, requirements files, an extra). The next is taken when the first cannot be satisfied.
    `extras` are extras of the project itself to install. `directory` is relative to the root. `files` are all files
    on disk that look like tests, to be compared with what was collected. `fail_under` is the project's own bound.
    """

    __test__: ClassVar[bool] = False

    commands: tuple[TestCommand, ...]
    sources: tuple[tuple[Install, ...], ...]
    extras: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    directory: str = ""
    paths: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    no_cov: bool = False  # pytest's own options (addopts) turn pytest-cov on: pass --no-cov
    install_project: bool = True
    editable: bool = True
    parallel: bool = False  # pytest-xdist's options are given: the suite can use several CPUs


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A tool that the project configures, the command that runs it, and how the pinned version gets installed.

    `command` starts with the tool's name (`("mypy",)`, `("sphinx-build", "-b", "html", "docs", "{out}")`); `{out}` is
    the task's output directory. `needs_project`: the project itself must be importable. `others` are taken in
    turn where `installs` cannot be satisfied.
    """

    name: str
    command: tuple[str, ...]
    installs: tuple[Install, ...]
    origin: Origin
    others: tuple[tuple[Install, ...], ...] = ()
    needs_project: bool = False
    extras: tuple[str, ...] = ()
    directory: str = ""
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectFacts:
    """All that was detected about one project.

    `sources` are the files and folders, relative to the root, that hold the package's own source (tests left out);
    `test_dirs` lie inside or beside them and never count as source. `pythons` are the versions ("3.12") that the
    project declares, oldest first; empty when it declares none. `notes` are remarks worth showing (a pin the index
    may not satisfy, a source that was passed over and why).
    """

    root: Path
    name: str
    installable: bool
    backend: str
    layout: Literal["src", "flat", "module", "scripts"]
    sources: tuple[str, ...]
    modules: tuple[str, ...]
    test_dirs: tuple[str, ...]
    requires_python: str
    pythons: tuple[str, ...]
    tests: TestSuite | NotApplicable
    lint: Tool | NotApplicable
    types: tuple[Tool, ...] | NotApplicable
    docs: Tool | NotApplicable
    hooks: Tool | NotApplicable
    benchmarks: Tool | NotApplicable
    workflows: bool
    version_from_git: bool = False
    coverage_fail_under: tuple[float, Origin] | None = None
    origins: tuple[tuple[str, Origin], ...] = ()
    notes: tuple[str, ...] = ()
