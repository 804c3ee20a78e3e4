"""Rehearse the next run: do what it would do, note all that it reads, and keep what it would print and write.

A run that executed tasks changed the project's folders (byte code, reports of tools), so only a second look tells
what the next run finds. It costs about as much as that run, once, and every warm run after it is spared that.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.cache.ledger import line_of
from noxline.errors import NoxlineError
from noxline.explaining import FINGERPRINTS, text_of
from noxline.input_check import share_checked
from noxline.inputs import sealed
from noxline.model.cache import Fingerprint
from noxline.model.event import Event, TaskOutput
from noxline.model.run import Run
from noxline.model.task import Status
from noxline.project import Options, Project
from noxline.replay_terms import ReplayTerms, terms_of
from noxline.reports.events import encode
from noxline.reports.html import page
from noxline.reports.plain import PlainReport, Verbosity
from noxline.reports.run_json import to_document, verdict_document
from noxline.reports.style import style_of
from noxline.system.files import task_folder
from noxline.verification import share_verified
from noxline.warm import replay, trace
from noxline.wiring import open_project, run_session

if TYPE_CHECKING:
    from noxline.warm.witness import Witnesses

_LONGEST = 30 * 24 * 3600.0  # seconds; a snapshot is made anew after that
_KEPT = 8


@dataclass
class Memory:
    """Reporter that keeps all events of a rehearsal."""

    events: list[Event] = field(default_factory=list)

    def handle(self, event: Event) -> None:
        """Keep an event."""
        if not isinstance(event, TaskOutput):
            self.events.append(event)

    def finish(self, run: Run) -> None:
        """Nothing is reported: the run is not a real one."""


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


def rehearse(asked: Asked) -> bool:
    """Rehearse the run and keep a snapshot; return whether there is one now.

    There is none when a task would run, or when something cannot be read: the next run will say so itself.
    """
    watch = trace.begin()
    try:
        project = open_project(asked.folder, asked.options)
        memory = Memory()
        session = run_session(project, asked.options, [memory], run_id=replay.RUN_ID, rehearses=True)
        run = session.run()
        watch.on = False
        terms = terms_of(session.reuser)
        if terms is None or not is_replayable(run):
            return False
        read = trace.witnesses(
            watch,
            project.root,
            programs=[*_interpreters(project), *session.reuser.fingerprints.programs],
            store=terms.store,
            entries=(*terms.entries, *terms.written),
            installed=session.reuser.environments.folders(),
        )
        _keep(asked, project, _Seen(terms=terms, run=run, events=memory.events, read=read, made=session.reuser.made))
        return True
    except (NoxlineError, OSError, trace.MovedError):
        return False
    finally:
        watch.on = False
        for root in (asked.folder, *asked.folder.parents):
            replay.remove(str(root / ".noxline" / "runs" / replay.RUN_ID))


def is_replayable(run: Run) -> bool:
    """Tell whether every task was reused or had nothing to do, and no rule looks at the run's own time.

    A task that was cancelled because somebody interrupted the rehearsal is none that had nothing to do.
    """
    timed = any(verdict.metric.startswith("pipeline.") for verdict in run.verdicts)
    ended = all(result.outcome.status in (Status.PASSED, Status.SKIPPED) for result in run.tasks)
    reused = all(result.decision in ("reused", "skipped") for result in run.tasks)
    return not timed and not run.warnings and ended and reused and run.status != "interrupted"


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What a rehearsal saw."""

    terms: ReplayTerms
    run: Run
    events: Sequence[Event]
    read: Witnesses
    made: Mapping[str, Fingerprint]


def _interpreters(project: Project) -> list[str]:
    return [str(one.path) for one in project.interpreters]


def _keep(asked: Asked, project: Project, seen: _Seen) -> None:
    terms, run = seen.terms, seen.run
    told = _as_told(run)
    root = project.root
    (run.directory / "report.html").touch()  # the last screen names what is there
    out, err = _printed(asked, told, seen.events)
    snapshot: dict[str, Any] = {
        "made": time.time(),
        "expires": min(terms.expires, time.time() + _LONGEST),
        "sets": list(terms.sets),
        "entries": list(terms.entries),
        "witnesses": seen.read,
        "blobs": terms.blobs,
        "tasks": [(task_folder(name), list(files), log) for name, files, log in terms.tasks],
        "store": terms.entry_folder,
        "plan": [(name, patterns, dict(components), needs) for name, patterns, components, needs in terms.plan],
        "told": "" if asked.as_json or not _is_foretold(terms, run) else asked.told(project),
        "version": _version(terms),
        "texts": {**_texts(told, seen.events), FINGERPRINTS: text_of(seen.made)},
        "out": out,
        "err": err,
        "exit_code": run.exit_code,
        "ledger": (f"{terms.store}/ledger", line_of(terms.tally)),
        "verify_rate": share_verified(project.settings.pipeline.cache.verify_rate, os.environ),
        "check_rate": share_checked(asked.options, project.settings.pipeline.cache.check_rate, os.environ),
        "keep_runs": project.settings.pipeline.keep_runs,
    }
    folder = root / replay.FOLDER
    key = replay.key_of(asked.arguments, os.getcwd(), os.environ, replay.style_key())
    sealed.save(str(folder / key), snapshot)
    for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)[_KEPT:]:
        old.unlink(missing_ok=True)


def _is_foretold(terms: ReplayTerms, run: Run) -> bool:
    """Tell whether files alone decide what a later run does with each task: no store of others could have a result."""
    return not terms.shared and all(result.task.skip or result.decision == "reused" for result in run.tasks)


def _version(terms: ReplayTerms) -> str:
    """Return the state of the commits that a result rests on; empty when none does."""
    versions = [str(parts["definition"].get("version", "")) for _, _, parts, _ in terms.plan]
    return next(filter(None, versions), "")


def _as_told(run: Run) -> Run:
    """Return the run with marks in place of its times, for those of each replay."""
    seconds = run.metrics["pipeline.seconds"]
    return replace(
        run,
        started_at=replay.STARTED_AT,
        seconds=replay.SECONDS,
        metrics={**run.metrics, seconds.name: replace(seconds, value=replay.SECONDS)},
        tasks=tuple(replace(result, outcome=replace(result.outcome, started=0.0)) for result in run.tasks),
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
