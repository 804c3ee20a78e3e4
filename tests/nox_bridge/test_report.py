import json
from pathlib import Path
from typing import Any

import pytest

from noxline.model.task import Cause, Outcome, Status
from noxline.nox_bridge.report import interpret, with_notified

PASSED = Outcome(task="t", status=Status.PASSED, exit_code=0)
FAILED = Outcome(task="t", status=Status.FAILED, exit_code=1, cause=Cause.EXIT)


def report(folder: Path, *results: tuple[str, str | None]) -> Path:
    rows: list[dict[str, Any]] = [{"name": "t", "result": result, "reason": reason} for result, reason in results]
    file = folder / "nox.json"
    file.write_text(json.dumps({"result": 1, "sessions": rows}))
    return file


@pytest.mark.parametrize(
    ("outcome", "rows", "status", "reason"),
    [
        (PASSED, [("success", None)], Status.PASSED, ""),
        (PASSED, [("skipped", "no docs here")], Status.SKIPPED, "no docs here"),
        (PASSED, [("skipped", None)], Status.SKIPPED, "the session skipped itself"),
        (PASSED, [("skipped", "x"), ("success", None)], Status.PASSED, ""),
        (FAILED, [("failed", None)], Status.FAILED, ""),
        (FAILED, [("aborted", "version is missing")], Status.FAILED, "version is missing"),
        (FAILED, [("success", None), ("failed", "why")], Status.FAILED, "why"),
        (PASSED, [("failed", None)], Status.FAILED, ""),
        (FAILED, [("success", None)], Status.FAILED, "exit code 1 after the session had passed"),
        (PASSED, [("strange", None)], Status.FAILED, "exit code 0"),
        (PASSED, [], Status.FAILED, "nox ran no session"),
    ],
)
def test_what_nox_says_of_a_session_decides(
    tmp_path: Path, outcome: Outcome, rows: list[tuple[str, str | None]], status: Status, reason: str
) -> None:
    result = interpret(outcome, report(tmp_path, *rows))

    assert result.status is status
    assert reason in result.reason
    assert result.cause is (Cause.EXIT if status is Status.FAILED else Cause.NONE)


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"sessions": 1}', '{"sessions": [1]}'])
def test_success_without_a_readable_report_is_a_failure(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "nox.json"
    if content is not None:
        file.write_text(content)

    result = interpret(PASSED, file)

    assert (result.status, result.cause) == (Status.FAILED, Cause.EXIT)
    assert "no readable report" in result.reason


@pytest.mark.parametrize(("code", "reason"), [(3, "does not know this session"), (2, "could not load"), (1, "")])
def test_nox_ending_before_the_session_is_explained(tmp_path: Path, code: int, reason: str) -> None:
    outcome = Outcome(task="t", status=Status.FAILED, exit_code=code, cause=Cause.EXIT)

    assert reason in interpret(outcome, tmp_path / "none.json").reason


@pytest.mark.parametrize("cause", [Cause.TIMEOUT, Cause.SIGNAL, Cause.SETUP, Cause.START])
def test_what_ended_from_outside_keeps_its_cause(tmp_path: Path, cause: Cause) -> None:
    outcome = Outcome(task="t", status=Status.FAILED, cause=cause, reason="as it was")

    assert interpret(outcome, report(tmp_path, ("success", None))) == outcome


def test_a_notified_session_that_does_not_run_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "nox.json"
    assert with_notified(PASSED, file, ()) == PASSED
    (tmp_path / "nox.notified").write_text("coverage\nlint\ncoverage\n", encoding="utf-8")
    assert with_notified(PASSED, file, ("coverage", "lint")) == PASSED
    assert with_notified(PASSED, file, ("lint",)).warnings == (
        "it notifies the session coverage, which is no part of this run; coverage runs with: noxline run coverage",
    )


def test_a_notified_session_is_explained_from_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text(
        "nox > Session t raised exception ValueError('session.notify() is not supported with "
        "--no-dependencies (which --parallel uses ..."
    )
    outcome = Outcome(task="t", status=Status.FAILED, exit_code=1, cause=Cause.EXIT, log=log)

    assert "requires=[…]" in interpret(outcome, report(tmp_path, ("failed", None))).reason
