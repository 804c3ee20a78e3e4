"""The composition of reuse: settings and options → store, stat cache, environments and what decides with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from noxline.cache.disk import DiskStore
from noxline.cache.place import default_place
from noxline.definitions import definitions_of
from noxline.environments import ProjectEnvironments
from noxline.errors import UsageError, suggest
from noxline.explaining import Explanation, explain
from noxline.fingerprints import Fingerprints, open_index
from noxline.last_seen import LastSeen
from noxline.model.event import Warned
from noxline.nox_bridge.child import inherited
from noxline.preview import Foreseen, foresee
from noxline.project import Options, Project
from noxline.requests import RequestBuilder
from noxline.reuse import Reuser
from noxline.running import RunSession


def _store(project: Project, warn: Callable[[str], None]) -> DiskStore:
    """Return the store of results that the settings ask for."""
    settings = project.settings.pipeline.cache
    return DiskStore(default_place(os.environ), warn=warn, limit=round(settings.size_gb * 1e9))


def reuser_of(session: RunSession, builder: RequestBuilder) -> Reuser:
    """Return what decides about reuse in a run."""

    def warn(message: str) -> None:
        session.emit(Warned(message=message))

    def place(task: str) -> tuple[Path, Path]:
        return builder.output(task), builder.folder(task) / "log.txt"

    return open_reuse(session.project, session.options, place, warn)


def open_reuse(
    project: Project, options: Options, place: Callable[[str], tuple[Path, Path]], warn: Callable[[str], None]
) -> Reuser:
    """Return what decides about reuse; `place` gives where a task's output and log belong."""
    definitions = definitions_of(project, options)
    index = open_index(project.root, warn)
    index.refresh()
    local = None if options.no_cache else _store(project, warn)
    return Reuser(
        root=project.root,
        definitions=definitions,
        fingerprints=Fingerprints(definitions, index, inherited(os.environ)),
        environments=ProjectEnvironments(project),
        store=local,
        local=local,
        seen=LastSeen.load(project.root, warn),
        place=place,
        forced=frozenset(options.force),
    )


def explained(
    project: Project, options: Options, task: str, against: str | None, warn: Callable[[str], None]
) -> Explanation:
    """Return why a task would run or be reused; raise UsageError for a task or a run that is not there."""
    if task not in project.selection.tasks:
        raise UsageError(f"there is no task called {task!r}", hint=suggest(task, list(project.selection.tasks)))
    reuser = _looking(project, options, warn)
    explanation = explain(project, reuser, task, against)
    reuser.fingerprints.index.save()
    return explanation


def _looking(project: Project, options: Options, warn: Callable[[str], None]) -> Reuser:
    """Return what decides about reuse for somebody who only looks: nothing is put anywhere."""
    nowhere = project.root / ".noxline" / "runs" / "none"
    return open_reuse(project, options, lambda _task: (nowhere, nowhere), warn)


def foreseen(project: Project, options: Options, warn: Callable[[str], None]) -> dict[str, Foreseen]:
    """Return what a run would do with each selected task; nothing is run and nothing restored."""
    reuser = _looking(project, options, warn)
    found = foresee(project, reuser)
    reuser.fingerprints.index.save()
    return found
