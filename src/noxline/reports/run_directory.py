"""The run directory: written while a run goes on, kept for the newest runs, and read again later."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from noxline.errors import UsageError, suggest
from noxline.model.event import Event, RunStarted, TaskOutput
from noxline.model.run import Run
from noxline.reports.events import encode
from noxline.reports.junit import NAME, junit_of
from noxline.reports.outlet import warn_on_stderr
from noxline.reports.run_json import from_document, to_document, verdict_document
from noxline.system.files import write_atomic

KEEP_RUNS = 20
REHEARSAL = "00000000-000000-0000"  # the folder of a rehearsal (warm/), which is no run; it is gone when that ends


class RunDirectory:
    """Reporter that keeps a run on disk: events as they come, then run.json, verdict.json and the tests' junit.xml.

    Output lines are left out of `events.jsonl`: the task's own log has them. A disk that cannot be written to gives
    one warning and ends the writing, never the run.
    """

    def __init__(
        self,
        root: Path,
        *,
        keep_runs: int = KEEP_RUNS,
        commit: str = "",
        warn: Callable[[str], None] = warn_on_stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._keep_runs = keep_runs
        self._commit = commit
        self._warn = warn
        self._clock = clock
        self._begun = clock()
        self._events: TextIO | None = None
        self._broken = False

    def handle(self, event: Event) -> None:
        """Append an event to `events.jsonl`."""
        if not isinstance(event, TaskOutput):
            self._guarded(lambda: self._append(event))

    def finish(self, run: Run) -> None:
        """Write run.json, verdict.json and junit.xml, name this run the last one, and remove the oldest runs."""
        self._guarded(lambda: self._conclude(run))
        if self._events is not None:
            self._events.close()

    def _guarded(self, write: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            write()
        except OSError as error:
            self._broken = True
            self._warn(f"the run directory cannot be written ({error.strerror}); the run goes on without it")

    def _append(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._events = self._open(event)
        if self._events is not None:
            self._events.write(json.dumps(encode(event, at=self._clock() - self._begun)) + "\n")
            self._events.flush()

    def _open(self, event: RunStarted) -> TextIO:
        directory = Path(event.directory)
        directory.mkdir(parents=True, exist_ok=True)
        ignore = self._root / ".noxline" / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        write_atomic(directory.parent / "last", event.run_id + "\n")
        return (directory / "events.jsonl").open("a", encoding="utf-8")

    def _conclude(self, run: Run) -> None:
        run.directory.mkdir(parents=True, exist_ok=True)
        write_verdict(run, commit=self._commit)
        write_atomic(run.directory / "run.json", json.dumps(to_document(run), indent=1) + "\n")
        if junit := junit_of(run):
            write_atomic(run.directory / NAME, junit)
        prune(self._root, keep=self._keep_runs, current=run.run_id)


def write_verdict(run: Run, *, commit: str = "") -> None:
    """Write verdict.json of a run (again)."""
    document = verdict_document(run, commit=commit)
    write_atomic(run.directory / "verdict.json", json.dumps(document, indent=1) + "\n")


def prune(root: Path, *, keep: int, current: str) -> None:
    """Remove all runs but the newest `keep`; the current one always stays."""
    names = _run_names(root)
    for name in names[: max(0, len(names) - max(keep, 1))]:
        if name != current:
            with suppress(FileNotFoundError):  # a run that ends at the same time removes it as well
                shutil.rmtree(_runs(root) / name)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSummary:
    """One line about an earlier run; `status` is "unfinished" when it ended before its report was written."""

    run_id: str
    started_at: str
    status: str
    exit_code: int | None
    seconds: float | None
    tasks: Mapping[str, int]


def runs(root: Path) -> list[RunSummary]:
    """Return the runs that are kept, the newest first."""
    return [_summary(_runs(root) / name) for name in reversed(_run_names(root))]


def latest(root: Path) -> str | None:
    """Return the id of the newest run that has a report; None when there is none."""
    return next((name for name in reversed(_run_names(root)) if (_runs(root) / name / "run.json").is_file()), None)


def read_run(root: Path, run_id: str) -> Run:
    """Return an earlier run; raise UsageError when it is not there or cannot be read."""
    directory = _runs(root) / run_id
    names = _run_names(root)
    if run_id not in names:
        raise UsageError(f"there is no run called {run_id!r}", hint=suggest(run_id, names) if names else "noxline runs")
    path = directory / "run.json"
    if not path.is_file():
        raise UsageError(f"run {run_id} ended before its report was written", hint="run noxline ci again")
    try:
        return from_document(json.loads(path.read_text(encoding="utf-8")), directory)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"the report of run {run_id} cannot be read: {error}", place=str(path)) from error


def _runs(root: Path) -> Path:
    return root / ".noxline" / "runs"


def _run_names(root: Path) -> list[str]:
    """Return the ids of all runs, the oldest first: ids sort by time."""
    folder = _runs(root)
    names = (path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ()
    return sorted(name for name in names if name != REHEARSAL)


def _summary(directory: Path) -> RunSummary:
    document = _document(directory / "run.json")
    counts: dict[str, int] = {}
    for row in document.get("tasks", ()):
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    return RunSummary(
        run_id=directory.name,
        started_at=document.get("started_at", ""),
        status=document.get("status", "unfinished"),
        exit_code=document.get("exit_code"),
        seconds=document.get("seconds"),
        tasks=counts,
    )


def _document(path: Path) -> dict[str, Any]:
    """Return a run's document; an unfinished or torn one counts as empty and is shown as unfinished."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
