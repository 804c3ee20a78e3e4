"""Run anew whenever a file changes: the newest edit wins, and what an edit touched is never forgotten.

One thread looks at the files and adds edits; the main thread runs. An edit during a run interrupts it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from noxline.fingerprints import open_index
from noxline.inputs.input_lines import parse
from noxline.narrowing import all_patterns
from noxline.project import Options, Project

# Waiting without a limit cannot be interrupted on every platform.
_HEARTBEAT = 0.5

# None stands for everything: the first run, whatever changed meanwhile.
Changed = frozenset[str] | None


class Ended(Enum):
    """How one run ended: it judged the edits, something interrupted it, or it could not even begin."""

    DONE = "done"
    INTERRUPTED = "interrupted"
    BROKEN = "broken"


@dataclass
class Edits:
    """The edits that no run has seen yet; `add` may be called from any thread.

    `ended` is set when the user wants to end it all, whatever edits come at the same time.
    """

    ended: bool = False
    _paths: set[str] = field(default_factory=set)
    _interrupt: Callable[[], None] | None = None
    _trouble: Exception | None = None
    _news: threading.Condition = field(default_factory=threading.Condition)

    def add(self, paths: Collection[str]) -> None:
        """Take in changed paths; the run that is on is interrupted, once."""
        if not paths:
            return
        with self._news:
            self._paths.update(paths)
            self._news.notify_all()
            self._fire()

    def fail(self, error: Exception) -> None:
        """Say that no more edits will come, and why: the one that waits raises it."""
        with self._news:
            self._trouble = error
            self._news.notify_all()

    def _fire(self) -> None:
        interrupt, self._interrupt = self._interrupt, None
        if interrupt is not None:
            interrupt()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Have the next edit call `interrupt` while the block runs; at once when one came before."""
        try:
            with self._news:
                self._interrupt = interrupt
                if self._paths:
                    self._fire()
            yield
        finally:
            with self._news:
                self._interrupt = None

    @property
    def any(self) -> bool:
        """Return whether there are edits that no run has seen."""
        with self._news:
            return bool(self._paths)

    def take(self) -> frozenset[str]:
        """Return the edits so far; they are no longer new."""
        with self._news:
            taken = frozenset(self._paths)
            self._paths.clear()
            return taken

    def wait(self) -> frozenset[str]:
        """Wait for an edit and return what there is; raise what ended the watching."""
        with self._news:
            while not self._paths:
                if self._trouble is not None:
                    raise self._trouble
                self._news.wait(_HEARTBEAT)
        return self.take()


def watch(run: Callable[[Changed], Ended], edits: Edits, interrupt: Callable[[], None]) -> None:
    """Run everything, then what each edit touches, for ever; KeyboardInterrupt ends it.

    `interrupt` raises KeyboardInterrupt in the thread that runs. A run that an edit interrupted, or that could not
    begin, is made up for: the next one gets its edits as well.
    """
    changed: Changed = None
    while True:
        if _run(run, changed, edits, interrupt) is Ended.DONE:
            changed = edits.wait()
        else:
            more = edits.wait()
            changed = None if changed is None else changed | more


def _run(run: Callable[[Changed], Ended], changed: Changed, edits: Edits, interrupt: Callable[[], None]) -> Ended:
    try:
        with edits.interrupting(interrupt):
            ended = run(changed)
        time.sleep(0)  # an interrupt on its way strikes here, and not in what follows
    except KeyboardInterrupt:
        ended = Ended.INTERRUPTED
    if ended is Ended.INTERRUPTED and (edits.ended or not edits.any):
        raise KeyboardInterrupt  # the user did it, or at least no edit
    return ended


class Look:
    """Tells what changed between two looks at the files: names of which the content differs, is new or gone."""

    def __init__(self, look: Callable[[], Mapping[str, str]]) -> None:
        self._look = look
        self._known = look()

    def changed(self) -> set[str]:
        """Return what changed since the last time; a file that was only touched or written alike did not."""
        before, self._known = self._known, self._look()
        names = before.keys() | self._known.keys()
        return {name for name in names if before.get(name) != self._known.get(name)}


def file_look(project: Project, options: Options) -> Callable[[], Mapping[str, str]]:
    """Return a function that looks at the files that may be inputs and gives the digest of each."""

    patterns = all_patterns(project, options)

    def look() -> Mapping[str, str]:
        # Anew each time: an index that finds no listed file changed says again what it said of ignored ones.
        index = open_index(project.root, lambda _: None)
        index.refresh()
        return parse(index.select(patterns).text)

    first = open_index(project.root, lambda _: None)
    first.refresh()
    first.save()  # or every look until the end of the first run would read all files
    return look


def follow(batches: Iterable[Collection[str]], look: Look, edits: Edits) -> None:
    """Look at the files whenever the system reports something; what stops that is told to the one that waits."""
    try:
        for _ in batches:
            edits.add(look.changed())
    except Exception as error:  # noqa: BLE001 - in a thread it would be lost; the main thread raises it
        edits.fail(error)
