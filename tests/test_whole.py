"""Small projects through the whole of noxline: real nox, real environments, real test runners."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.process

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = '''\
"""Arithmetic."""


def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


def half(number: int) -> int:
    """Return half of an even number."""
    if number % 2:
        raise ValueError(number)
    return number // 2
'''
TESTS = """\
import pytest

from sums import double, half


@pytest.mark.parametrize("number", range(6))
def test_double(number):
    assert double(number) == number + number


def test_half():
    assert half(4) == 2


@pytest.mark.skip(reason="not today")
def test_later():
    raise AssertionError
"""
PYPROJECT = f"""\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "sums"
version = "1"
requires-python = ">={PYTHON}"

[dependency-groups]
test = ["pytest"]

[tool.pytest.ini_options]
testpaths = ["tests"]
"""
NOXFILE = """\
import nox


@nox.session
def unit(session):
    session.install("pytest", ".")
    session.run("pytest", *session.posargs)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "a project"
    for name, text in {
        "src/sums/__init__.py": SOURCE,
        "tests/test_sums.py": TESTS,
        "pyproject.toml": PYPROJECT,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def noxline(root: Path, command: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run noxline with --json; return its exit status, the document and standard error."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NOXLINE_", "NOX"))}
    done = subprocess.run(
        [sys.executable, "-m", "noxline", command, "--json", *arguments],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=240,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


def values(run: dict[str, Any]) -> dict[str, float]:
    return {name: metric["value"] for name, metric in run["metrics"].items()}


def counts(run: dict[str, Any]) -> tuple[float, ...]:
    return tuple(values(run)[f"tests.{kind}"] for kind in ("passed", "failed", "errors", "skipped"))


def test_an_unconfigured_project_whole_and_in_shards(project: Path) -> None:
    code, whole, errors = noxline(project, "ci", "--python", PYTHON, "--only", "coverage,duplication")
    assert (code, whole["status"]) == (0, "passed"), errors
    assert {task["name"] for task in whole["tasks"]} == {"duplication", f"tests-{PYTHON}", "coverage"}
    assert counts(whole) == (7, 0, 0, 1)
    assert values(whole)["coverage.line_percent"] == pytest.approx(100 * 5 / 6, abs=0.01)
    assert {v["result"] for v in whole["verdicts"] if v["metric"] == "coverage.line_percent"} == {"warn"}
    tasks = project / ".noxline/runs" / whole["run_id"] / "tasks"
    assert "coverage" in (tasks / "coverage/ahead/log.txt").read_text(), "its environment was made while the tests ran"
    assert "Installed" not in (tasks / "coverage/log.txt").read_text()

    (project / "config").mkdir()
    (project / "config/pipeline.toml").write_text("[stage.tests]\nshards = 2\n")
    code, split, errors = noxline(project, "ci", "--python", PYTHON, "--only", "coverage,duplication")
    assert code == 0, errors
    assert [t["shard"] for t in split["tasks"] if t["stage"] == "tests"] == [[1, 2], [2, 2]]
    assert counts(split) == counts(whole)
    assert values(split)["coverage.line_percent"] == values(whole)["coverage.line_percent"]


def test_a_failing_test_and_a_failing_gate(project: Path) -> None:
    tests = project / "tests/test_sums.py"
    tests.write_text(TESTS + "\n\ndef test_wrong():\n    assert double(2) == 5\n")
    code, run, _ = noxline(project, "ci", "--python", PYTHON, "--only", "coverage")
    assert (code, run["exit_code"]) == (1, 1)
    assert counts(run) == (7, 1, 0, 1)
    assert {task["name"]: task["status"] for task in run["tasks"]}["coverage"] == "passed"
    shown = subprocess.run(
        [sys.executable, "-m", "noxline", "logs", f"tests-{PYTHON}"], cwd=project, capture_output=True
    )
    assert b"assert 4 == 5" in shown.stdout

    tests.write_text(TESTS)
    (project / "config").mkdir()
    (project / "config/gates.toml").write_text('[rules]\n"coverage.line_percent" = ">= 90"\n')
    code, run, _ = noxline(project, "ci", "--python", PYTHON, "--only", "coverage")
    assert code == 3
    (verdict,) = [v for v in run["verdicts"] if v["metric"] == "coverage.line_percent"]
    assert (verdict["result"], verdict["rule"]) == ("fail", ">= 90")


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt is another thing there")
def test_what_an_interrupt_ended_is_no_test_that_went_wrong(project: Path) -> None:
    (project / "tests" / "test_slow.py").write_text("import time\n\ndef test_slow():\n    time.sleep(120)\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NOXLINE_", "NOX"))}
    command = [sys.executable, "-m", "noxline", "ci", "--json", "--only", "tests", "--python", PYTHON]
    with subprocess.Popen(command, cwd=project, env=environ, stdout=subprocess.PIPE, text=True) as running:
        until = time.monotonic() + 120
        while time.monotonic() < until and not any(map(_runs_slow_test, (project / ".noxline/runs").rglob("*.jsonl"))):
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)
    run = json.loads(out)
    assert running.returncode == 130
    assert "tests.errors" not in run["metrics"]
    missing = {entry["name"]: entry["reason"] for entry in run["missing"]}
    assert missing["tests.errors"] == f"tests-{PYTHON} was cancelled: interrupted"
    assert {verdict["result"] for verdict in run["verdicts"] if verdict["metric"].startswith("tests.")} <= {
        "inconclusive"
    }


def _runs_slow_test(records: Path) -> bool:
    return "test_slow" in records.read_text()


def test_a_project_with_its_own_noxfile_is_measured_without_being_changed(project: Path) -> None:
    (project / "noxfile.py").write_text(NOXFILE)
    code, run, errors = noxline(project, "run", "unit", "coverage")
    assert code == 0, errors
    assert counts(run) == (7, 0, 0, 1)
    assert values(run)["coverage.line_percent"] == pytest.approx(100 * 5 / 6, abs=0.01)
    assert not (project / ".nox").exists()
    written = {path.name for path in project.iterdir()} - {"noxfile.py", "pyproject.toml", "src", "tests"}
    assert written <= {".noxline", ".pytest_cache", "__pycache__"}  # the latter two are the test runner's own

    code, run, errors = noxline(project, "run", "unit", "--", "-k", "half")
    assert (code, counts(run)[0]) == (0, 1), errors
