"""What a replayed run will print and write, with marks where its own id and times belong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.explaining import FINGERPRINTS, text_of
from noxline.model.event import Event, TaskFinished
from noxline.model.run import Run
from noxline.project import Options, Project
from noxline.replay_terms import ReplayTerms
from noxline.reports.events import encode
from noxline.reports.html import page
from noxline.reports.plain import PlainReport, Verbosity
from noxline.reports.run_json import to_document, verdict_document
from noxline.reports.style import style_of
from noxline.reuse import Reuser
from noxline.warm import replay

if TYPE_CHECKING:
    from noxline.warm.witness import Witnesses


@dataclass
class Page:
    """A text stream in memory with the encoding of the real one."""

    encoding: str | None
    text: str = ""

    def write(self, text: str) -> int:
        """Take text."""
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing to bring out."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the run was asked for: its arguments, and what goes to which stream."""

    arguments: Sequence[str]
    folder: Path
    options: Options
    how: Verbosity
    as_json: bool
    told: Callable[[Project], str]  # what `--dry-run` prints, with `@@task@@` in place of each decision


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a rehearsal saw."""

    terms: ReplayTerms
    run: Run
    events: Sequence[Event]
    read: Witnesses
    reuser: Reuser


def told(asked: Asked, seen: Seen, source: str = "local") -> dict[str, Any]:
    """Return what a run writes and prints whose results come from a source: "local" or "remote"."""
    run = _as_told(seen.run, source)
    events = [_from(event, source) for event in seen.events]
    (seen.run.directory / "report.html").touch()  # the last screen names what is there
    out, err = _printed(asked, run, events)
    return {
        "texts": {**_texts(run, events), FINGERPRINTS: text_of(seen.reuser.made)},
        "out": out,
        "err": err,
    }


def _from(event: Event, source: str) -> Event:
    return replace(event, source=source) if isinstance(event, TaskFinished) and event.source else event


def _as_told(run: Run, source: str) -> Run:
    """Return the run with marks in place of its times, for those of each replay."""
    seconds = run.metrics["pipeline.seconds"]
    return replace(
        run,
        started_at=replay.STARTED_AT,
        seconds=replay.SECONDS,
        metrics={**run.metrics, seconds.name: replace(seconds, value=replay.SECONDS)},
        tasks=tuple(
            replace(result, outcome=replace(result.outcome, started=0.0), source=source if result.source else None)
            for result in run.tasks
        ),
    )


def _texts(run: Run, events: Sequence[Event]) -> dict[str, str]:
    """Return the files of a run directory, as the ordinary reporters write them."""
    rows = [encode(event, at=0.0) for event in events]
    verdict = verdict_document(run, commit=replay.COMMIT)
    return {
        "events.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "run.json": json.dumps(to_document(run), indent=1) + "\n",
        "verdict.json": json.dumps(verdict, indent=1) + "\n",
        "report.html": page(run),
    }


def _printed(asked: Asked, run: Run, events: Sequence[Event]) -> tuple[str, str]:
    """Return what goes to standard output and standard error."""
    stream = sys.stderr if asked.as_json else sys.stdout
    shown = Page(encoding=stream.encoding)
    report = PlainReport(shown, style_of(stream, os.environ), asked.how)
    for event in events:
        report.handle(event)
    report.finish(run)
    if asked.as_json:
        return json.dumps(to_document(run), indent=2) + "\n", shown.text
    return shown.text, ""
