"""Check a run of a test suite against the tests on disk: a part that silently did not run is no pass."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.settings.facts import Runner, TestSuite

if TYPE_CHECKING:
    from noxline.testing.results import Results

NO_TESTS = 5  # the exit code of pytest, and of unittest since Python 3.12


def verdict(code: int, results: Results, *, runners: Sequence[Runner], shard: str) -> str:
    """Return why the session fails, or nothing when it passes; "no tests ran" passes for an empty shard only."""
    total = _collected_in_all(results) if shard else 0
    if failure := _failure(code, results, may_be_empty=bool(total)):
        return failure
    if total and _holds_none(results):
        print(f"noxline: shard {shard} holds no test: there are only {total}", flush=True)
        return ""
    if Runner.SCRIPT in runners and not results.processes:
        print("noxline: the runner script leaves no record of single tests; its exit code alone counts", flush=True)
        return ""
    return "" if results.all() else "no tests ran"


def _failure(code: int, results: Results, *, may_be_empty: bool) -> str:
    """Return what the exit code and the records say against the run; an empty shard ends with "no tests"."""
    excused = may_be_empty and code == NO_TESTS and not results.all()
    said = []
    if code and not excused:
        said.append(f"the tests ended with exit code {code}" + (": no tests ran" if code == NO_TESTS else ""))
    return "; ".join([*said, *results.incomplete])


def _collected_in_all(results: Results) -> int:
    """Return how many tests there are in all shards."""
    return sum(process.collected.total for process in results.processes if process.collected)


def _holds_none(results: Results) -> bool:
    return not any(process.collected.ids for process in results.processes if process.collected)


def forgotten_files(suite: TestSuite, results: Results) -> list[str]:
    """Return a warning for each file that looks like tests and of which nothing was collected."""
    return [f"{name}: looks like tests, 0 collected" for name in _uncollected(suite, results)]


def _uncollected(suite: TestSuite, results: Results) -> list[str]:
    if not results.processes:
        return []
    known = _seen_files(results) | _runners(suite)
    return [name for name in suite.files if name not in known]


def _seen_files(results: Results) -> set[str]:
    """Return the files that tests were collected in."""
    seen = {name for process in results.processes if process.collected for name in process.collected.files}
    seen |= {result.id.partition("::")[0] for result in results.all()}
    return seen | {result.file for result in results.all() if result.file}


def _runners(suite: TestSuite) -> set[str]:
    """Return the scripts that run the tests: what they collect is recorded, they themselves hold no tests to find."""
    words = [word for command in suite.commands if command.runner is Runner.SCRIPT for word in command.argv]
    return {posixpath.normpath(posixpath.join(suite.directory, word)) for word in words if word.endswith(".py")}


def unittest_modules(root: Path, suite: TestSuite, results: Results) -> list[str]:
    """Return the files that pytest passed over and that hold test cases or a `load_tests` of unittest."""
    return [name for name in _uncollected(suite, results) if _holds_unittest(root / name)]


def _holds_unittest(path: Path) -> bool:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False
    return any(
        (isinstance(node, ast.FunctionDef) and node.name == "load_tests")
        or (isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("TestCase") for base in node.bases))
        for node in tree.body
    )
