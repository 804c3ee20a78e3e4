"""Which command runs the tests: the project's declared one, best first."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from noxline.settings.detect.command_line import Line, read_line
from noxline.settings.detect.missing_files import Located, without_missing
from noxline.settings.detect.nox_sessions import nox_scripts
from noxline.settings.detect.scripts import Script, make_target, named_scripts
from noxline.settings.detect.setup_test import setup_test_script
from noxline.settings.detect.tox import ToxCommand, ToxConfig, ToxEnv
from noxline.settings.detect.tox_find import find_env
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin, Runner, TestCommand

TEST_SCRIPTS = (
    "test", "tests", "pytest", "unit", "unittest", "test-unit", "test:unit", "test-all", "run", "run-tests", "check",
    "cov", "test-cov", "coverage", "run-coverage",
)  # fmt: skip
# What calls a script or a target by its name.
CALLERS = (("make",), ("pdm", "run"), ("hatch", "run"), ("rye", "run"), ("poe",), ("task",))
MAKE_TARGETS = ("test", "tests", "check", "unittest", "pytest")
# Commands that prepare nothing and test nothing: leaving them out needs no remark.
SILENT = {
    "coverage", "mypy", "flake8", "ruff", "black", "isort", "pyright", "sphinx-build", "pylint", "codespell", "twine",
    "check-manifest", "pre-commit", "pyroma", "echo", "pip", "rm", "ls",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TestRun:
    """The commands that run the tests, who declares them, and what that declares beside them."""

    __test__ = False  # its name begins like a test's; pytest must not collect it

    tool: str
    commands: tuple[TestCommand, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    tox_env: ToxEnv | None = None
    group: str = ""
    fail_under: tuple[float, Origin] | None = None
    notes: tuple[str, ...] = ()


def declared_run(tree: Tree, tox: ToxConfig | None) -> TestRun | None:
    """Return the run that the project declares: tox, hatch, pdm, poe and the like, make, a noxfile, setup.py."""
    scripts = named_scripts(tree)
    return (
        (tox_run(tree, tox, scripts) if tox else None)
        or first_run(tree, ranked_scripts(scripts), scripts)
        or hatch_test_run(tree)
        or first_run(tree, unnamed_scripts(tree), scripts)
    )


def unnamed_scripts(tree: Tree) -> Iterable[Script]:
    """Yield the scripts of tools that keep none by name in tables: make, nox, setup.py."""
    targets = (make_target(tree, name) for name in MAKE_TARGETS)
    yield from filter(None, targets)
    yield from nox_scripts(tree)
    yield from setup_test_script(tree)


def first_run(tree: Tree, candidates: Iterable[Script], scripts: tuple[Script, ...]) -> TestRun | None:
    """Return the run of the first script that tests something."""
    return next(filter(None, (script_run(tree, script, scripts) for script in candidates)), None)


def tox_run(tree: Tree, tox: ToxConfig, scripts: tuple[Script, ...]) -> TestRun | None:
    """Return the run of the environment of tox that most likely is the plain test run."""

    def lines_of(env: ToxEnv) -> list[Located]:
        return [line for command in env.commands for line in expand(tree, command, scripts)]

    def runs_tests(env: ToxEnv) -> bool:
        return any(line.runner for line, _, _ in lines_of(env))

    env = find_env(tox, runs_tests)
    if not env:
        return None
    lines = without_missing(tree, lines_of(env), env.directory)
    others = [line for name in tox.sections if "cov" in name for line in lines_of(tox.env(name))]
    return TestRun(
        tool="tox",
        commands=suite_commands(lines),
        env={**env.env, **variables(lines)},
        directory=env.directory,
        tox_env=env,
        fail_under=bound(lines) or bound(others),
        notes=left_out(lines),
    )


def expand(tree: Tree, command: ToxCommand, scripts: tuple[Script, ...], depth: int = 0) -> list[Located]:
    """Return the lines that a command stands for: those of a script or target when it calls one by name."""
    script = called_script(tree, command.argv, scripts) if depth < 3 else None
    if not script:
        line = read_line(command.argv)
        known = line if not is_missing(tree, line, command.directory) else replace(line, runner=None)
        return [(known, command.origin, command.ignore_failure)]
    inner = [ToxCommand(argv=argv, origin=origin) for argv, origin in script.lines]
    return [line for item in inner for line in expand(tree, item, scripts, depth + 1)]


def is_missing(tree: Tree, line: Line, directory: str) -> bool:
    """Tell whether a command runs a script that the project does not have."""
    paths = [word for word in line.argv[:4] if word.endswith((".py", ".sh"))]
    if line.runner is not Runner.SCRIPT or not paths:
        return False
    return not tree.has(posixpath.normpath(posixpath.join(directory, paths[0])))


def called_script(tree: Tree, argv: tuple[str, ...], scripts: tuple[Script, ...]) -> Script | None:
    """Return the script that a command calls: `make test`, `pdm run test`, `poe test`, `hatch run dev:test`."""
    caller = next((caller for caller in CALLERS if argv[: len(caller)] == caller), argv)
    called = argv[len(caller) : len(caller) + 1]
    if not called:
        return None
    if caller == ("make",):
        return make_target(tree, called[0]) if not called[0].startswith("-") else None
    name = called[0].rpartition(":")[2]
    return next((script for script in scripts if script.name == name), None) if name else None


def ranked_scripts(scripts: tuple[Script, ...]) -> Iterable[Script]:
    """Return the scripts that by their names run tests; in hatch only those of plain environments."""
    for name in TEST_SCRIPTS:
        for script in scripts:
            plain = not re.search(r"lint|doc|type|style|bench", script.group)
            if script.name == name and plain:
                yield script


def script_run(tree: Tree, script: Script, scripts: tuple[Script, ...]) -> TestRun | None:
    """Return the run of a named script; None when it tests nothing."""
    commands = [ToxCommand(argv=argv, origin=origin) for argv, origin in script.lines]
    lines = without_missing(tree, [line for item in commands for line in expand(tree, item, scripts)], "")
    if not any(line.runner for line, _, _ in lines):
        return None
    return TestRun(
        tool=script.tool,
        commands=suite_commands(lines),
        env={**script.env, **variables(lines)},
        group=script.group,
        fail_under=bound(lines),
        notes=left_out(lines),
    )


def hatch_test_run(tree: Tree) -> TestRun | None:
    """Return the run of `hatch test`, when the project configures its environment."""
    for file, base in (
        (tree.pyproject, ("tool", "hatch", "envs", "hatch-test")),
        (tree.toml("hatch.toml"), ("envs", "hatch-test")),
    ):
        if file.table(*base):
            options = file.strings(*base, "default-args") or ("tests",)
            commands = (read_line(("pytest", *options)), file.origin(*base), False)
            return TestRun(tool="hatch", commands=suite_commands([commands]), group="hatch-test")
    return None


def suite_commands(lines: list[Located]) -> tuple[TestCommand, ...]:
    """Return the lines that run tests, each once."""
    found = [
        TestCommand(argv=line.argv, runner=line.runner, origin=origin, ignore_failure=ignore)
        for line, origin, ignore in lines
        if line.runner
    ]
    return tuple({command.argv: command for command in reversed(found)}.values())[::-1]


def variables(lines: list[Located]) -> dict[str, str]:
    """Return the variables that stand before the commands that run tests."""
    return {name: value for line, _, _ in lines if line.runner for name, value in line.env}


def bound(lines: list[Located]) -> tuple[float, Origin] | None:
    """Return the first coverage bound in the lines."""
    return next(((line.fail_under, origin) for line, origin, _ in lines if line.fail_under is not None), None)


def left_out(lines: list[Located]) -> tuple[str, ...]:
    """Return a remark for each command beside the tests that may have prepared something."""
    others = [(line, origin) for line, origin, _ in lines if not line.runner and line.argv]
    spoken = [(line, origin) for line, origin in others if not is_silent(line.argv)]
    return tuple(
        f"{origin.file}:{origin.line}: `{' '.join(line.argv)}` is not run before the tests" for line, origin in spoken
    )


def is_silent(argv: tuple[str, ...]) -> bool:
    """Tell whether a command is one of those that prepare nothing."""
    return (
        argv[0] in SILENT
        or (argv[:2] == ("python", "-m") and len(argv) > 2 and argv[2] in SILENT)
        or argv[1:2] == ("-c",)
    )
