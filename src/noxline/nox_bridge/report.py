"""Turn nox's own report of a session into the outcome's status and reason."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from noxline.model.task import Cause, Outcome, Status

_NOTIFY = "session.notify() is not supported with --no-dependencies"
_NOTIFY_REASON = (
    "it calls session.notify(), which cannot work in a graph of sessions; "
    "say requires=[…] on the session that should come later"
)
_TAIL_BYTES = 20_000
_EXIT_REASONS = {2: "nox could not load the noxfile", 3: "nox does not know this session (has the noxfile changed?)"}


def interpret(outcome: Outcome, report: Path) -> Outcome:
    """Return the outcome with what nox says of the session: skipped, aborted, failed, and why.

    A task that ended well without a report, or whose report lacks the session, did not pass.
    """
    if outcome.status not in (Status.PASSED, Status.FAILED) or outcome.cause not in (Cause.NONE, Cause.EXIT):
        return outcome
    rows = _sessions(report)
    if rows is None:
        return _without_report(outcome, report)
    if not rows:
        return _failed(outcome, "nox ran no session")
    return _with_rows(outcome, rows)


def with_notified(outcome: Outcome, report: Path, sessions: Collection[str]) -> Outcome:
    """Return the outcome with a warning for each session that it notified and that is not among those of the run."""
    try:
        named = report.with_suffix(".notified").read_text(encoding="utf-8").splitlines()
    except OSError:
        return outcome  # it notified none
    absent = [name for name in dict.fromkeys(named) if name not in sessions]
    warnings = (
        f"it notifies the session {name}, which is no part of this run; {name} runs with: noxline run {name}"
        for name in absent
    )
    return replace(outcome, warnings=(*outcome.warnings, *warnings))


def _with_rows(outcome: Outcome, rows: list[dict[str, Any]]) -> Outcome:
    results = {str(row.get("result")) for row in rows}
    reason = _reason(rows)
    if results & {"failed", "aborted"}:
        return _failed(outcome, reason or (_NOTIFY_REASON if _log_has(outcome, _NOTIFY) else ""))
    if results == {"skipped"}:
        return replace(outcome, status=Status.SKIPPED, cause=Cause.NONE, reason=reason or "the session skipped itself")
    if results <= {"success", "skipped"} and outcome.status is Status.PASSED:
        return outcome
    return _failed(outcome, f"nox ended with exit code {outcome.exit_code} after the session had passed")


def _reason(rows: list[dict[str, Any]]) -> str:
    """Return the first reason that a session without success gives, or ""."""
    return next((str(row["reason"]) for row in rows if row.get("reason") and row.get("result") != "success"), "")


def _without_report(outcome: Outcome, report: Path) -> Outcome:
    if outcome.status is Status.PASSED:
        return _failed(outcome, f"nox ended with exit code 0 and left no readable report ({report.name})")
    known = _EXIT_REASONS.get(outcome.exit_code or 0, "")
    return _failed(outcome, known)


def _failed(outcome: Outcome, reason: str) -> Outcome:
    return replace(outcome, status=Status.FAILED, cause=Cause.EXIT, reason=reason or outcome.reason)


def _sessions(report: Path) -> list[dict[str, Any]] | None:
    """Return the sessions of a report; None when it is absent or torn."""
    try:
        document = json.loads(report.read_text(encoding="utf-8"))
        rows = document["sessions"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    return rows


def _log_has(outcome: Outcome, text: str) -> bool:
    if outcome.log is None:
        return False
    try:
        with outcome.log.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _TAIL_BYTES))
            return text.encode() in log.read()
    except OSError:
        return False  # the log only adds an explanation
