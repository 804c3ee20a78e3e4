"""One line for each task that came to its end, the same wherever it is printed."""

from __future__ import annotations

from noxline.model.event import RunStarted, TaskFinished
from noxline.model.task import Status
from noxline.reports.style import OF_STATUS, Style
from noxline.reports.timing import human_seconds

_NAME_WIDTH = 32


def start_line(event: RunStarted, style: Style) -> str:
    """Return what runs: the number of tasks and stages, and the workers."""
    active = [task for task in event.tasks if not task.skip]
    stages = len({task.stage for task in active})
    skipped = len(event.tasks) - len(active)
    left_out = f", {skipped} skipped" if skipped else ""
    text = (
        f"noxline {style.symbol('dash')} {_count(len(active), 'task')} of {_count(stages, 'stage')}{left_out}, "
        f"{_count(event.workers, 'worker')}, run {event.run_id}"
    )
    return style.paint(text, "bold")


def finished_line(event: TaskFinished, style: Style, *, width: int, warn_only: bool = False) -> str:
    """Return how a task ended: mark, name, status, seconds, and why it ran, was reused or was left out."""
    outcome = event.outcome
    name = f"{outcome.task:<{min(width, _NAME_WIDTH)}}"
    if outcome.status in (Status.SKIPPED, Status.CANCELLED):
        reason = outcome.reason or "; ".join(event.reasons)
        text = f"{outcome.status.value}: {reason}" if reason else outcome.status.value
        return f"{style.mark(outcome.status)} {name}  {style.paint(text, 'dim')}"
    if event.decision == "reused":
        word = style.paint(f"reused ({_source(event)})", "cyan")
        return f"{style.mark(outcome.status)} {name}  {word}"
    mark = (
        style.paint(style.symbol("warn"), "yellow")
        if _only_warns(event, warn_only=warn_only)
        else style.mark(outcome.status)
    )
    word = style.paint(outcome.status.value, OF_STATUS[outcome.status][1])
    details = "  ".join([f"{human_seconds(outcome.seconds):>7}", *_details(event, warn_only=warn_only)])
    return f"{mark} {name}  {word}  {details}".rstrip()


def _source(event: TaskFinished) -> str:
    saved = f", saved {human_seconds(event.saved_seconds)}" if event.saved_seconds else ""
    return f"{event.source or 'local'}{saved}"


def _details(event: TaskFinished, *, warn_only: bool) -> list[str]:
    reasons = "; ".join(event.reasons)
    details = [f"{event.decision}: {reasons}"] if reasons else []
    if event.outcome.status is Status.PASSED and event.outcome.reason:
        details.append(event.outcome.reason)
    if event.outcome.attempts > 1:
        details.append(f"attempt {event.outcome.attempts}")
    if _only_warns(event, warn_only=warn_only):
        details.append("only warns")
    return details


def _only_warns(event: TaskFinished, *, warn_only: bool) -> bool:
    return warn_only and event.outcome.status is Status.FAILED


def name_width(event: RunStarted) -> int:
    """Return the width of the names' column."""
    return max((len(task.name) for task in event.tasks), default=0)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
