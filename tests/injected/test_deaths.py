"""A test that takes its process down, hangs, or kills its worker is named in the cause of the failure."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from noxline.lessons import naming_tests
from noxline.model.task import Cause, Outcome, Status
from noxline.reports.failures import cause_of
from noxline.sessions.suite_check import verdict
from noxline.settings.facts import Runner
from noxline.testing.records import Process, read_processes
from noxline.testing.results import read_results
from tests.injected.processes import Project, outcomes

pytestmark = pytest.mark.process
BEFORE = "def test_before(): pass\n"
AFTER = "def test_after(): pass\n"


def said(project: Project, code: int) -> str:
    """Return the cause that a report shows for the session's end."""
    results = read_results([project.root.parent / f"output-{project.runs}"])
    reason = verdict(code, results, runners=[Runner.PYTEST], shard="")
    outcome = Outcome(task="tests", status=Status.FAILED, exit_code=code, cause=Cause.EXIT, reason=reason)
    return cause_of(outcome, project.said.splitlines())


@pytest.mark.parametrize(
    "death", ["os._exit(0)", "os._exit(3)", "os.kill(os.getpid(), 11)", "os.abort()"], ids=["0", "3", "segv", "abort"]
)
def test_a_crash_of_the_interpreter(project: Project, death: str) -> None:
    project.write("test_die.py", f"import os\n{BEFORE}def test_dies(): {death}\n{AFTER}")
    code, process = project.pytest("-p", "no:faulthandler")
    assert process.running == ("test_die.py::test_dies",)
    assert outcomes(process) == {"test_die.py::test_before": "passed"}
    assert "died while running test_die.py::test_dies" in said(project, code)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_hang_that_is_ended_from_outside(project: Project, tmp_path: Path) -> None:
    project.write("test_hang.py", f"import time\n{BEFORE}def test_hangs(): time.sleep(600)\n{AFTER}")
    output = tmp_path / "output"
    output.mkdir()
    hanging = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=project.root,
        env=project.environ(output),
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not _is_at("test_hang.py::test_hangs", output) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        hanging.send_signal(signal.SIGKILL)
        hanging.wait(30)
    ended = Outcome(
        task="tests", status=Status.FAILED, cause=Cause.TIMEOUT, reason="no end after 2 s", output=output, exit_code=-9
    )
    assert cause_of(naming_tests(ended), []) == "no end after 2 s, while running test_hang.py::test_hangs"
    said_no = Outcome(task="tests", status=Status.FAILED, cause=Cause.EXIT, reason="no", output=output)
    assert naming_tests(said_no) is said_no


def _is_at(test: str, output: Path) -> bool:
    return any(test in process.running for process in read_processes(output) if isinstance(process, Process))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_worker_that_is_killed(project: Project) -> None:
    project.write(
        "test_die.py", f"import os, signal\n{BEFORE}def test_dies(): os.kill(os.getpid(), signal.SIGKILL)\n{AFTER}"
    )
    code, process = project.pytest("-n2", "-p", "no:faulthandler")
    assert code == 1
    assert outcomes(process) == {
        "test_die.py::test_before": "passed",
        "test_die.py::test_dies": "failed",
        "test_die.py::test_after": "passed",
    }
    assert "test_die.py::test_dies" in said(project, code)
    assert "crashed" in next(test.message for test in process.tests if test.outcome == "failed")
