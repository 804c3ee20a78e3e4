from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from noxline.model.task import Cause, Outcome, Status
from noxline.reports.failures import cause_of, failures, repeat_command
from tests.reports.sample import failed, full_run, replace_task, result, run_of


def test_failures_name_cause_lines_log_and_command(tmp_path: Path) -> None:
    first, second, third = failures(full_run(tmp_path))
    assert first.task == "tests-3.11"
    assert first.cause == "tests/test_a.py::test_bad: AssertionError: the message"
    assert first.lines[-1] == "nox > Command pytest -q tests failed with exit code 1"
    assert first.log == ".noxline/runs/20260131-142530-9f3a/tasks/tests-3.11/log.txt"
    assert first.command == "noxline run tests-3.11"
    assert (second.task, second.same_as) == ("tests-3.12", "tests-3.11")
    assert (third.task, third.warn_only, third.same_as) == ("docs", True, "")


def test_those_that_only_warn_come_last_whenever_they_began(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    early = replace_task(failed("docs", directory, "docs", started=0.0), warn_only=True)
    late = failed("tests", directory, "tests", started=9.0)
    assert [failure.task for failure in failures(run_of(tmp_path, early, late))] == ["tests", "docs"]


def test_what_ended_the_process_from_outside_goes_before_its_log() -> None:
    killed = Outcome(task="t", status=Status.FAILED, cause=Cause.TIMEOUT, reason="ended after 15 min")
    assert cause_of(killed, ["ERROR: something older"]) == "ended after 15 min"
    said_no = Outcome(task="t", status=Status.FAILED, cause=Cause.EXIT, reason="hooks could not run", exit_code=1)
    assert cause_of(said_no, ["ERROR: the reason"]) == "hooks could not run: the reason"
    assert cause_of(said_no, ["ERROR: hooks could not run"]) == "hooks could not run"
    ended = "nox > Session hooks aborted: hooks could not run (took a minute)."
    assert cause_of(said_no, [ended]) == "hooks could not run"
    no_room = replace(said_no, reason="a.txt cannot be installed: Failed to copy: No space left")
    assert cause_of(no_room, ["error: Failed to install", "  cause: x: No space left"]) == no_room.reason
    assert cause_of(said_no, []) == "hooks could not run"
    no_start = Outcome(task="t", status=Status.FAILED, cause=Cause.START, reason="nox could not load the noxfile")
    assert cause_of(no_start, ["SyntaxError: x", "ERROR: why"]) == "nox could not load the noxfile: why"
    silent = Outcome(task="t", status=Status.FAILED, cause=Cause.EXIT, exit_code=3)
    assert cause_of(silent, ["3 passed"]) == "ended with exit code 3"


def test_the_command_is_safe_in_a_shell() -> None:
    assert repeat_command("tests-3.12#1/2") == "noxline run 'tests-3.12#1/2'"
    assert repeat_command("tests(dep='1')") == "noxline run 'tests(dep='\"'\"'1'\"'\"')'"


def test_a_run_without_failures_has_none(tmp_path: Path) -> None:
    assert failures(run_of(tmp_path, result("lint"))) == ()
