"""Rehearse the next run: do what it would do, note all that it reads, and keep what it would print and write.

A run that executed tasks changed the project's folders (byte code, reports of tools), so only a second look tells
what the next run finds. It costs about as much as that run, once, and every warm run after it is spared that.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

from noxline.cache.ledger import line_of
from noxline.cache.place import LOCAL
from noxline.errors import NoxlineError
from noxline.input_check import share_checked
from noxline.inputs import sealed
from noxline.model.event import Event, TaskOutput
from noxline.model.run import Run
from noxline.model.task import Status
from noxline.project import Project
from noxline.replay_terms import ReplayTerms, terms_of
from noxline.system.files import task_folder
from noxline.verification import share_verified
from noxline.warm import replay, trace
from noxline.warm.key import FOLDER, key_of, style_key
from noxline.warm.telling import Asked, Seen, told
from noxline.wiring import open_project, run_session

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
        seen = Seen(terms=terms, run=run, events=memory.events, read=read, reuser=session.reuser)
        if terms.scope != LOCAL:  # whoever signs does not trust what lies in the project, but may be believed by others
            from noxline.warm.lend import lend  # the remote's modules: only who signs pays for them

            lend(asked, project, seen)
            return False
        _keep(asked, project, seen)
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


def _interpreters(project: Project) -> list[str]:
    return [str(one.path) for one in project.interpreters]


def _keep(asked: Asked, project: Project, seen: Seen) -> None:
    terms, run, root = seen.terms, seen.run, project.root
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
        **told(asked, seen),
        "exit_code": run.exit_code,
        "ledger": (f"{terms.store}/ledger", line_of(terms.tally)),
        "verify_rate": share_verified(project.settings.pipeline.cache.verify_rate, os.environ),
        "check_rate": share_checked(asked.options, project.settings.pipeline.cache.check_rate, os.environ),
        "keep_runs": project.settings.pipeline.keep_runs,
    }
    folder = root / FOLDER
    key = key_of(asked.arguments, os.getcwd(), os.environ, style_key())
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
