"""Which command runs the tests of a project that declares none: by configuration, scripts and the files themselves."""

from __future__ import annotations

import posixpath
import re

from noxline.settings.detect.pytest_settings import PytestSettings
from noxline.settings.detect.suite_files import has_load_tests, uses_pytest
from noxline.settings.detect.suite_run import TestRun
from noxline.settings.detect.suite_scripts import self_running
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin, Runner, TestCommand

RUNNER_SCRIPTS = re.compile(r"(?:(?:tests?/)?(?:run_?tests?|all_?tests|test_?all)|tests?/run\w*)\.py$", re.IGNORECASE)
FRAMEWORKS = re.compile(r"\bunittest\b|\bpytest\b|\bdoctest\b")
COLLECTED = re.compile(r"test_.*\.py$|.*_test\.py$")


def guessed_run(tree: Tree, pytest: PytestSettings, files: tuple[str, ...], *, has_pytest: bool) -> TestRun | None:
    """Return the most likely run; None when there are no tests.

    `has_pytest` says that the test dependencies name pytest.
    """
    if pytest.origin and (files or pytest.testpaths):
        return single(("pytest",), Runner.PYTEST, pytest.origin)
    if files and has_pytest:
        return single(("python", "-m", "pytest"), Runner.PYTEST, Origin(file=files[0]))
    if script := runner_script(tree):
        return single(("python", script), Runner.SCRIPT, Origin(file=script, line=1))
    return run_of_files(tree, files) if files else None


def run_of_files(tree: Tree, files: tuple[str, ...]) -> TestRun:
    """Return the run of test files that nothing but themselves says anything of."""
    scripts, directory = self_running(tree, files)
    if scripts:
        return TestRun(tool="", commands=scripts, directory=directory)
    if pytest_collects_all(tree, files) or uses_pytest(tree, files):
        return single(("python", "-m", "pytest"), Runner.PYTEST, Origin(file=files[0]))
    commands = [
        TestCommand(argv=argv, runner=Runner.UNITTEST, origin=Origin(file=files[0])) for argv in discover(tree, files)
    ]
    return TestRun(tool="", commands=tuple(commands))


def single(argv: tuple[str, ...], runner: Runner, origin: Origin) -> TestRun:
    """Return a run of one command."""
    return TestRun(tool="", commands=(TestCommand(argv=argv, runner=runner, origin=origin),))


def runner_script(tree: Tree) -> str:
    """Return the script that by its name runs tests, and starts them by itself; empty when there is none."""
    named = filter(RUNNER_SCRIPTS.match, tree.python_files)
    return next((name for name in named if FRAMEWORKS.search(tree.text(name))), "")


def pytest_collects_all(tree: Tree, files: tuple[str, ...]) -> bool:
    """Tell whether plain pytest would find every test: by the files' names, and none assembles its own suite."""
    named = all(COLLECTED.match(posixpath.basename(name)) for name in files)
    return named and not has_load_tests(tree, files)


def discover(tree: Tree, files: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return unittest's discovery over the folders of the tests, with a pattern that finds them all."""
    base = ("python", "-m", "unittest", "discover")
    found = []
    for folder in outermost({posixpath.dirname(name) for name in files}):
        names = [posixpath.basename(n) for n in files if not folder or n.startswith(f"{folder}/")]
        start = ("-s", folder) if folder else ()
        top = ("-t", ".") if folder and tree.has(f"{folder}/__init__.py") else ()
        found.append((*base, *start, *top, *pattern(names)))
    return found


def pattern(names: list[str]) -> tuple[str, ...]:
    """Return the `-p` option that makes discovery find files of these names."""
    if all(name.startswith("test") for name in names):
        return ()
    return ("-p", "*tests.py") if all(name.endswith("tests.py") for name in names) else ("-p", "*test*.py")


def outermost(folders: set[str]) -> list[str]:
    """Return the folders that lie in no other one of them."""
    return sorted(
        f for f in folders if not any(f != other and (not other or f.startswith(f"{other}/")) for other in folders)
    )
