"""The report on a terminal: finished tasks scroll by as plain lines, the running ones are a small live table below."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from noxline.model.event import (
    Event,
    RunStarted,
    StillRunning,
    TaskFinished,
    TaskOutput,
    TaskPrepared,
    TaskStarted,
    TaskWaiting,
)
from noxline.model.run import Run
from noxline.reports.cause import plain_text
from noxline.reports.plain import NORMAL, PlainReport, Verbosity
from noxline.reports.style import Style
from noxline.reports.timing import human_seconds

FRAMES_PER_SECOND = 4
_MOST_ROWS = 12
_PREPARING = "preparing environment"


@dataclass
class _Running:
    since: float
    line: str = ""
    state: str = ""

    def hear(self, lines: Sequence[str]) -> None:
        """Keep the last line that says something."""
        said = [text for text in map(plain_text, lines) if text.strip()]
        if said:
            self.line = said[-1].strip()


class LiveReport:
    """Reporter that shows running tasks in place; whatever ended is printed above and stays."""

    def __init__(
        self,
        stream: TextIO,
        style: Style,
        verbosity: Verbosity = NORMAL,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._style = style
        self._clock = clock
        self._console = Console(
            file=stream, force_terminal=True, no_color=not style.colour, highlight=False, markup=False, emoji=False
        )
        self._plain = PlainReport(_Above(self._console, stream), style, verbosity, clock=clock)
        self._running: dict[str, _Running] = {}
        self._total = 0
        self._ended = 0
        self._live = Live(
            console=self._console,
            get_renderable=self.table,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def handle(self, event: Event) -> None:
        """Take an event into the table, and print what is worth a line of its own."""
        match event:
            case RunStarted():
                self._total = len(event.tasks)
                self._plain.handle(event)
                self._live.start()
            case TaskStarted():
                self._running[event.task] = _Running(since=self._clock(), state=_PREPARING if event.preparing else "")
            case TaskWaiting() if event.task in self._running:
                self._running[event.task].state = "waiting for a CPU"
            case TaskPrepared() if event.task in self._running:
                self._running[event.task].state = ""
            case TaskOutput() if event.task in self._running:
                self._running[event.task].hear(event.lines)
            case TaskFinished():
                self._running.pop(event.outcome.task, None)
                self._ended += 1
                self._plain.handle(event)
            case StillRunning():
                pass  # the table says so all the time
            case _:
                self._plain.handle(event)

    def finish(self, run: Run) -> None:
        """Take the table away and print the last screen."""
        self._live.stop()
        self._plain.finish(run)

    def table(self) -> Table:
        """Return the running tasks with their time and last line, and how many there are still to do."""
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True, max_width=32, overflow="ellipsis")
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        # The refreshing thread calls this too: it works on a copy of what the run's own thread changes.
        running = list(self._running.items())
        room = max(1, min(_MOST_ROWS, self._console.size.height - 3))
        now = self._clock()
        for name, row in running[:room]:
            line = row.state or row.line
            table.add_row(Text(name, "bold"), human_seconds(now - row.since), Text(line, "dim"))
        hidden = f", {len(running) - room} not shown" if len(running) > room else ""
        waiting = max(0, self._total - self._ended - len(running))
        table.add_row(Text(f"{self._ended}/{self._total} done"), "", Text(f"{waiting} waiting{hidden}", "dim"))
        return table


class _Above:
    """A text stream that prints above the live table, so that nothing it draws covers a finished line."""

    def __init__(self, console: Console, stream: TextIO) -> None:
        self._console = console
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        self._console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        self._console.file.flush()
