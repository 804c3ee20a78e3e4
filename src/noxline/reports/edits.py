"""The compact report of `noxline watch`: one line for the edit, one for each task that ran, one for the result."""

from __future__ import annotations

from collections.abc import Collection

from noxline.model.event import Event, RunStarted, TaskFinished, Warned
from noxline.model.run import Run
from noxline.model.task import Status
from noxline.reports.style import Style, TextOutput, printable
from noxline.reports.summary import failure_lines, last_line
from noxline.reports.task_line import finished_line, name_width

_NAMED = 3


class EditReport:
    """Reporter for one run after another; it remembers which tasks failed when they last ran."""

    def __init__(self, stream: TextOutput, style: Style) -> None:
        self._stream = stream
        self._style = style
        self._width = 0
        self._failing: dict[str, None] = {}

    def edited(self, paths: Collection[str]) -> None:
        """Say which files changed."""
        names = sorted(paths)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        self.say(self._style.paint(f"edit: {', '.join(names[:_NAMED])}{more}", "bold"))

    def say(self, text: str) -> None:
        """Print text."""
        self._stream.write(printable(text, self._stream) + "\n")
        self._stream.flush()

    def handle(self, event: Event) -> None:
        """Print the end of each task that ran or was reused."""
        if isinstance(event, RunStarted):
            self._width = name_width(event)
            names = [task.name for task in event.tasks if not task.skip]
            self.say(f"running: {', '.join(names) or 'nothing'}")
        elif isinstance(event, Warned):
            self.say(f"warning: {event.message}" + (f" ({event.hint})" if event.hint else ""))
        elif isinstance(event, TaskFinished) and event.outcome.status in (Status.PASSED, Status.FAILED):
            self.say(finished_line(event, self._style, width=self._width))

    def finish(self, run: Run) -> None:
        """Print failures and the result, and what failed before and was not touched since."""
        if run.status == "interrupted":
            self.say("stopped")
            return
        touched = {result.task.name for result in run.tasks}
        still = [name for name in self._failing if name not in touched]
        for result in run.tasks:
            self._failing.pop(result.task.name, None)
            if result.outcome.status is Status.FAILED:
                self._failing[result.task.name] = None
        self.say("\n".join([*failure_lines(run, self._style), last_line(run, self._style)]))
        if still:
            self.say(f"still failing, not touched by this edit: {', '.join(still)}")
