"""What failed in a run, why, and how to repeat it: the facts that every final report starts with."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from noxline.model.run import Run, TaskResult
from noxline.model.task import Cause, Outcome, Status
from noxline.reports.cause import find_cause, last_lines
from noxline.reports.logs import read_log

_ENDED_FROM_OUTSIDE = (Cause.TIMEOUT, Cause.SIGNAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One failed task; `same_as` names an earlier one with the same cause, whose lines are not repeated."""

    task: str
    cause: str
    lines: tuple[str, ...]
    log: str
    command: str
    seconds: float
    warn_only: bool
    same_as: str = ""


def failures(run: Run, *, lines: int = 10) -> tuple[Failure, ...]:
    """Return the failed tasks of a run in the order they began; those that only warn come last."""
    failed = [result for result in run.tasks if result.outcome.status is Status.FAILED]
    seen: dict[str, str] = {}
    found: list[Failure] = []
    for result in sorted(failed, key=lambda r: (r.task.warn_only, r.outcome.started)):
        failure = failure_of(result, run.root, lines=lines, known=seen)
        seen.setdefault(failure.cause, failure.task)
        found.append(failure)
    return tuple(found)


def failure_of(result: TaskResult, root: Path, *, lines: int, known: dict[str, str]) -> Failure:
    """Return why one task failed; `known` maps causes that were shown already to their tasks."""
    log = read_log(result.outcome.log)
    cause = cause_of(result.outcome, log)
    return Failure(
        task=result.task.name,
        cause=cause,
        lines=last_lines(log, lines),
        log=relative(result.outcome.log, root),
        command=repeat_command(result.task.name),
        seconds=result.outcome.seconds,
        warn_only=result.task.warn_only,
        same_as=known.get(cause, ""),
    )


def cause_of(outcome: Outcome, log: Sequence[str]) -> str:
    """Return one line: what the session or the executor says of the end, then the first cause in the log."""
    if outcome.cause in _ENDED_FROM_OUTSIDE and outcome.reason:
        return outcome.reason
    found = find_cause(log)
    if not outcome.reason and found:
        return found.message
    if found and found.message not in outcome.reason and not _tells(found.message, outcome.reason):
        return f"{outcome.reason}: {found.message}"
    return outcome.reason or f"ended with exit code {outcome.exit_code}"


def _tells(message: str, reason: str) -> bool:
    """Return whether a message holds what a reason ends with, so that it would say the same again."""
    return reason.rpartition(": ")[2] in message


def repeat_command(task: str) -> str:
    """Return the command that runs a task again."""
    return f"noxline run {shlex.quote(task)}"


def relative(path: Path | None, root: Path) -> str:
    """Return a path as a person in the project's root would write it."""
    if path is None:
        return ""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
