"""The default report where nobody watches: plain lines, grouped by task, in the order things end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from noxline.model.event import (
    Event,
    RunningTask,
    RunStarted,
    StillRunning,
    TaskFinished,
    TaskPrepared,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
    Warned,
)
from noxline.model.run import Run
from noxline.model.task import Outcome, Status
from noxline.reports.cause import plain_text
from noxline.reports.failures import cause_of
from noxline.reports.logs import read_log
from noxline.reports.style import Style, TextOutput, printable
from noxline.reports.summary import failure_lines, last_line, summary
from noxline.reports.task_line import finished_line, name_width, start_line
from noxline.reports.timing import human_seconds

_PROGRESS_SECONDS = 10.0
_HEARTBEAT_SECONDS = 30.0
_LONGEST = 300  # characters of a cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Verbosity:
    """How much is printed: `quiet` only failures and the last line, `verbose` whole logs, `github` its own marks."""

    quiet: bool = False
    verbose: bool = False
    github: bool = False


NORMAL = Verbosity()


class PlainReport:
    """Reporter that prints a line for each task as it ends, failures with their last lines, and the last screen."""

    def __init__(
        self,
        stream: TextOutput,
        style: Style,
        verbosity: Verbosity = NORMAL,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._style = style
        self._verbosity = verbosity
        self._clock = clock
        self._width = 0
        self._warn_only: frozenset[str] = frozenset()
        self._preparing: dict[str, None] = {}
        self._progress_at = float("-inf")
        self._heartbeat_at = float("-inf")

    def handle(self, event: Event) -> None:
        """Print what an event is worth."""
        match event:
            case RunStarted():
                self._start(event)
            case TaskStarted():
                self._started(event)
            case TaskPrepared() | TaskWaiting():
                self._preparing.pop(event.task, None)
                self._progress()
            case TaskRetried(task=task, outcome=outcome):
                self._say(f"{self._style.symbol('warn')} {task}  attempt {outcome.attempts} failed, once more")
            case TaskFinished():
                self._preparing.pop(event.outcome.task, None)
                self._finished(event)
            case Warned():
                self._say(f"warning: {event.message}" + (f" ({event.hint})" if event.hint else ""))
            case StillRunning():
                self._heartbeat(event)
            case _:
                self._progress()

    def finish(self, run: Run) -> None:
        """Print the last screen; of a quiet run the failures and the verdict."""
        if self._verbosity.quiet:
            lines = [*failure_lines(run, self._style), last_line(run, self._style)]
            self._print("\n".join(lines))
        else:
            self._print("\n" + summary(run, self._style))

    def _start(self, event: RunStarted) -> None:
        self._width = name_width(event)
        self._warn_only = frozenset(task.name for task in event.tasks if task.warn_only)
        self._say(start_line(event, self._style))

    def _started(self, event: TaskStarted) -> None:
        if event.preparing:
            self._preparing[event.task] = None
        self._progress()

    def _finished(self, event: TaskFinished) -> None:
        outcome = event.outcome
        only_warns = outcome.task in self._warn_only
        self._say(finished_line(event, self._style, width=self._width, warn_only=only_warns))
        ended = outcome.status in (Status.PASSED, Status.FAILED)
        if self._verbosity.verbose and ended:
            self._whole_log(outcome)
        elif outcome.status is Status.FAILED:
            self._cause(outcome)
        if self._verbosity.github and outcome.status is Status.FAILED:
            kind = "warning" if only_warns else "error"
            message = _escaped(cause_of(outcome, read_log(outcome.log)))
            self._print(f"::{kind} title={_escaped_property(outcome.task)}::{message}")

    def _whole_log(self, outcome: Outcome) -> None:
        lines = [plain_text(line) for line in read_log(outcome.log)]
        if self._verbosity.github:
            self._print("\n".join([f"::group::{outcome.task}", *lines, "::endgroup::"]))
        else:
            self._print("\n".join([*(f"  | {line}" for line in lines)]))

    def _cause(self, outcome: Outcome) -> None:
        """Say why at once; the last lines of the log come on the last screen."""
        if not self._verbosity.quiet:
            cause = cause_of(outcome, read_log(outcome.log))
            cut = cause if len(cause) <= _LONGEST else f"{cause[:_LONGEST]}…"
            self._print(self._style.paint(f"    {cut}", "dim"))

    def _progress(self) -> None:
        """Say which environments are being made, at most every ten seconds."""
        now = self._clock()
        if self._preparing and now - self._progress_at >= _PROGRESS_SECONDS:
            self._progress_at = now
            names = ", ".join(self._preparing)
            self._say(f"{self._style.symbol('wait')} {names}  preparing environment")

    def _heartbeat(self, event: StillRunning) -> None:
        """Say what goes on while nothing else happens, at most every half minute."""
        now = self._clock()
        if event.tasks and now - self._heartbeat_at >= _HEARTBEAT_SECONDS:
            self._heartbeat_at = self._progress_at = now
            self._say(f"{self._style.symbol('wait')} running: {', '.join(map(_running, event.tasks))}")

    def _say(self, line: str) -> None:
        if not self._verbosity.quiet:
            self._print(line)

    def _print(self, text: str) -> None:
        if text:
            self._stream.write(printable(text, self._stream) + "\n")
            self._stream.flush()


def _running(task: RunningTask) -> str:
    state = " preparing" if task.preparing else " waiting for a CPU" if task.waiting else ""
    return f"{task.task}{state} {human_seconds(round(task.seconds))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
