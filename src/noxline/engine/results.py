"""What the loop hands back: a result for each task."""

from __future__ import annotations

from dataclasses import dataclass

from noxline.engine.attempts import Attempts
from noxline.model.decision import Reuse
from noxline.model.run import TaskResult
from noxline.model.task import Outcome, Task


@dataclass(frozen=True, slots=True)
class LoopResult:
    """The results of all tasks in graph order, and whether the run was interrupted."""

    results: tuple[TaskResult, ...]
    interrupted: bool


def result_of(task: Task, outcome: Outcome, attempts: Attempts | None, reuse: Reuse | None) -> TaskResult:
    """Return the result of a task that was reused, that ran (attempts), or that was left out (neither)."""
    if reuse:
        return TaskResult(
            task=task,
            decision="reused",
            outcome=outcome,
            reasons=reuse.reasons,
            source=reuse.source,
            saved_seconds=reuse.saved_seconds,
        )
    if attempts:
        return TaskResult(task=task, decision="ran", outcome=outcome, reasons=attempts.reasons)
    reasons = (outcome.reason,) if outcome.reason else ()
    return TaskResult(task=task, decision="skipped", outcome=outcome, reasons=reasons)
