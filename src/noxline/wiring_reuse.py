"""The composition of reuse: settings and options → store, stat cache, environments and what decides with them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from noxline.cache.disk import DiskStore
from noxline.cache.open import open_store
from noxline.cache.place import LOCAL, TRUSTED, default_place
from noxline.cache.seals import derived_key
from noxline.cache.signing import SIGNING_KEY, namespace_of
from noxline.definitions import Definition, definitions_of
from noxline.environments import ProjectEnvironments, Terms
from noxline.errors import UsageError, suggest
from noxline.explaining import Explanation, explain
from noxline.fingerprints import Fingerprints, open_index
from noxline.impact_travel import ImpactTravel
from noxline.inputs.environment import DEFAULT_TTL
from noxline.last_seen import LastSeen
from noxline.model.event import Warned
from noxline.nox_bridge.child import inherited
from noxline.ports import CacheStore
from noxline.preview import Foreseen, foresee
from noxline.project import Options, Project
from noxline.requests import RequestBuilder
from noxline.reuse import Reuser
from noxline.running import RunSession
from noxline.split_records import SplitRecords
from noxline.system.own_environment import hide_own_environment
from noxline.verification import Verifier, share_verified


def _local_store(project: Project, warn: Callable[[str], None]) -> DiskStore:
    """Return the store on this disk in this run's scope: a trusted run reads only what one of its kind wrote."""
    namespace = namespace_of(os.environ)
    secret = os.environ.get(SIGNING_KEY, "").strip()
    if secret:
        hide_own_environment()  # from tasks, which run as the same user
    scope = LOCAL if namespace == TRUSTED and not secret else namespace
    return DiskStore(
        default_place(os.environ),
        warn=warn,
        limit=round(project.settings.pipeline.cache.size_gb * 1e9),
        scope=scope,
        mac_key=derived_key(secret.encode()) if secret else None,
    )


def reuser_of(session: RunSession, builder: RequestBuilder) -> Reuser:
    """Return what decides about reuse in a run."""
    reuser = _reuser(session, builder)
    reuser.is_checked = session.check.is_checked
    rate = share_verified(session.project.settings.pipeline.cache.verify_rate, os.environ)
    if reuser.store is not None and rate:
        reuser.verifier = Verifier(session.project.root, reuser.store, session.run_id, rate)
    return reuser


def rehearsing_reuser_of(session: RunSession, builder: RequestBuilder) -> Reuser:
    """Return what decides in a rehearsal: nothing may run in it, and no lot is drawn."""
    reuser = _reuser(session, builder)
    reuser.rehearses = True
    return reuser


def _reuser(session: RunSession, builder: RequestBuilder) -> Reuser:
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
    cache = project.settings.pipeline.cache
    local = None if options.no_cache else _local_store(project, warn)
    store = local and open_store(cache, os.environ, warn=warn, local=local, offline=options.offline)
    return Reuser(
        root=project.root,
        definitions=definitions,
        fingerprints=Fingerprints(definitions, index, inherited(os.environ), SplitRecords(project.root, store)),
        environments=_environments(project, options, definitions, store=store, files=lambda: index.names, warn=warn),
        store=store,
        local=local,
        travel=_travel(project, store),
        seen=LastSeen.load(project.root, warn),
        place=place,
        forced=_forced(project, options),
    )


def _forced(project: Project, options: Options) -> dict[str, str]:
    """Return which stages and tasks run whatever is stored of them, with the option that wants it."""
    stages = project.pipeline.stages if options.all_tests else ()
    tests = {stage.name: "--all-tests" for stage in stages if stage.standard == "tests"}
    return tests | dict.fromkeys(options.force, "--force")


def _travel(project: Project, store: CacheStore | None) -> ImpactTravel | None:
    if store is None or not project.settings.pipeline.tests.select:
        return None
    return ImpactTravel(root=project.root, project=project.facts.name or project.root.name, store=store)


def _environments(
    project: Project,
    options: Options,
    definitions: Mapping[str, Definition],
    *,
    files: Callable[[], Sequence[str]],
    store: CacheStore | None,
    warn: Callable[[str], None],
) -> ProjectEnvironments:
    ttl = project.settings.pipeline.cache.resolve_ttl
    return ProjectEnvironments(
        project=project,
        definitions=definitions,
        names=files,
        environ=inherited(os.environ),
        store=store,
        terms=Terms(
            now=time.time(),
            ttl=DEFAULT_TTL if ttl is None else ttl,
            refresh=options.refresh,
            offline=options.offline,
        ),
        warn=warn,
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
