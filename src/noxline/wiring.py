"""The composition root: read a project, build the engine for it, run it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.assembly import assemble, tasks_of
from noxline.errors import MachineError, UsageError
from noxline.flaky import refuse_overdue
from noxline.graph import CycleError, TaskGraph
from noxline.model.gate import Rule
from noxline.model.pipeline import Pipeline
from noxline.model.run import Run
from noxline.model.stage import SessionInfo, Source
from noxline.model.task import Task
from noxline.nox_bridge.child import environment_folder
from noxline.nox_bridge.interpreters import Interpreter, find_interpreters
from noxline.nox_bridge.listing import Listing, find_noxfile, list_sessions
from noxline.ports import Reporter
from noxline.project import Options, Project
from noxline.selection import Selection, select
from noxline.sessions.catalog import covers, standard_sessions
from noxline.settings.detect.project import detect
from noxline.settings.facts import ProjectFacts, TestSuite
from noxline.settings.loader import load, rules
from noxline.settings.root import find_root
from noxline.settings.schema import Settings
from noxline.settings.sources import near_misses
from noxline.splits import auto_shards

if TYPE_CHECKING:
    from noxline.explaining import Explanation
    from noxline.preview import Foreseen
    from noxline.running import RunSession

__all__ = [
    "Options",
    "Project",
    "explain_task",
    "foresee",
    "judge_again",
    "open_project",
    "run_project",
    "run_session",
]


def cores() -> int:
    """Return the number of CPUs this process may use (cpusets and affinity respected)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def state_directory(root: Path) -> Path:
    """Return `.noxline/state`, made when missing, inside a `.noxline` that git ignores."""
    from noxline.sessions.output import ignore_state_directory

    state = root / ".noxline" / "state"
    try:
        ignore_state_directory(root)
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(
            f"cannot write below the project: {error.strerror}", place=str(error.filename or state)
        ) from error
    return state


def open_project(start: Path, options: Options) -> Project:
    """Read the project around `start`; raise UsageError, ConfigError or MachineError for what cannot be."""
    root = find_root(start)
    settings = load(root)
    state = state_directory(root)
    refuse_overdue(root, settings, date.today())
    facts = detect(root)
    interpreters = find_interpreters(os.environ, state)
    matrix, notes = _matrix(settings, facts, interpreters, options.pythons)
    listing = _listing(root, state, matrix)
    pipeline = _pipeline(root, settings, facts, listing=listing, matrix=matrix, notes=notes)
    count = options.jobs or settings.pipeline.workers or cores()
    parallel = _parallel_tests(root, facts)
    auto = auto_shards(root, pipeline, cores=count, parallel_tests=parallel)
    graph = _graph(tasks_of(pipeline, cores=count, parallel_tests=parallel, auto=auto), settings)
    project = Project(
        root=root,
        settings=settings,
        facts=facts,
        pipeline=pipeline,
        graph=graph,
        selection=_selection(root, pipeline, graph, options),
        rules=_rules(settings, facts),
        interpreters=interpreters,
        cores=count,
        noxfile_sources=listing.sources if listing else (),
        noxfile_variables=listing.variable_digests if listing else (),
        reads_all_variables=listing.reads_all_variables if listing else False,
    )
    return _affected(project, options) if options.affected else project


def _affected(project: Project, options: Options) -> Project:
    from noxline.narrowing import ignored_inputs, narrowed
    from noxline.system.git_changes import changed_files

    changes = changed_files(project.root, options.base)
    return narrowed(project, options, changes, unseen=ignored_inputs(project, options))


def _graph(tasks: Sequence[Task], settings: Settings) -> TaskGraph:
    try:
        return TaskGraph.of(tasks)
    except CycleError as error:
        stages = {task.name: task.stage for task in tasks}
        places = (settings.origins.get(f"pipeline.stage.{stages[name]}.needs") for name in error.cycle)
        error.place = next(filter(None, places), "")
        raise


def _parallel_tests(root: Path, facts: ProjectFacts) -> bool:
    """Return whether the tests start workers of their own, by pytest-xdist."""
    if isinstance(facts.tests, TestSuite) and facts.tests.parallel:
        return True
    noxfile = find_noxfile(root)
    return noxfile is not None and "xdist" in noxfile.read_text(encoding="utf-8", errors="replace")


def _pipeline(
    root: Path,
    settings: Settings,
    facts: ProjectFacts,
    *,
    listing: Listing | None,
    matrix: tuple[str, ...],
    notes: tuple[str, ...],
) -> Pipeline:
    return assemble(
        root,
        own=listing.sessions if listing else (),
        standard=_standard(root, facts, matrix),
        settings=settings.pipeline,
        origins=settings.origins,
        pythons=matrix,
        notes=(*notes, *(listing.notes if listing else ()), *near_misses(root), *_without_git(root)),
    )


def _listing(root: Path, state: Path, matrix: tuple[str, ...]) -> Listing | None:
    noxfile = find_noxfile(root)
    # A noxfile that calls `register()` reads the matrix here instead of looking for interpreters.
    environ = {**os.environ, "NOXLINE_PYTHONS": ",".join(matrix)}
    return list_sessions(noxfile, state=state, environ=environ) if noxfile else None


def _without_git(root: Path) -> tuple[str, ...]:
    if any((folder / ".git").exists() for folder in (root, *root.parents)):
        return ()
    return ("no git repository: every file below the project counts as its own, and verdicts name no commit",)


def _standard(root: Path, facts: ProjectFacts, matrix: tuple[str, ...]) -> tuple[SessionInfo, ...]:
    """Return the standard sessions, with the environments' folders as nox names them in this project."""
    envs = root / ".noxline" / "envs" / Source.STANDARD.value
    sessions = standard_sessions(facts, matrix)
    return tuple(replace(s, environment=environment_folder(envs, s.environment)) for s in sessions)


def _matrix(
    settings: Settings, facts: ProjectFacts, interpreters: Sequence[Interpreter], asked: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the Pythons of the standard test matrix and the remarks about those that are left out."""
    available = [interpreter.version for interpreter in interpreters]
    if asked:
        _refuse_absent(asked, available)
        return asked, ()
    declared = tuple(settings.pipeline.python or facts.pythons)
    matrix = tuple(version for version in declared if version in available)
    notes = tuple(
        f"Python {version} is declared but not on this machine: skipped"
        for version in declared
        if version not in available
    )
    return matrix or _nearest(facts, available), notes


def _refuse_absent(asked: Sequence[str], available: Sequence[str]) -> None:
    missing = [version for version in asked if version not in available]
    if missing and not re.fullmatch(r"\d+\.\d+t?", missing[0]):
        raise UsageError(
            f"{missing[0]!r} is not a version of Python like 3.12", place="--python", hint="write: --python 3.12"
        )
    if missing:
        raise MachineError(
            f"Python {', '.join(missing)} is not on this machine",
            place="--python",
            hint=f"found: {', '.join(available)}; install it with: uv python install {missing[0]}",
        )


def _nearest(facts: ProjectFacts, available: Sequence[str]) -> tuple[str, ...]:
    """Return the Python of noxline itself for a project that declares none."""
    import sys

    if facts.pythons:
        raise MachineError(
            f"none of the project's Pythons ({', '.join(facts.pythons)}) is on this machine",
            hint=f"found: {', '.join(available)}; install one with: uv python install {facts.pythons[-1]}",
        )
    return (f"{sys.version_info[0]}.{sys.version_info[1]}",)


def _selection(root: Path, pipeline: Pipeline, graph: TaskGraph, options: Options) -> Selection:
    names = options.names
    if options.failed:
        from noxline.reports.run_directory import latest, read_run

        run_id = latest(root)
        if run_id is None:
            raise UsageError("there is no earlier run in this project", hint="start with: noxline ci")
        run = read_run(root, run_id)
        names = tuple(r.task.name for r in run.tasks if r.outcome.status.value == "failed")
        if not names:
            raise UsageError(f"nothing failed in the last run ({run_id})", hint="noxline ci runs everything")
    return select(pipeline.stages, graph, names=names, only=options.only, skip=options.skip, pythons=options.pythons)


def _rules(settings: Settings, facts: ProjectFacts) -> tuple[Rule, ...]:
    from noxline.gates.defaults import applicable_rules

    return applicable_rules(rules(settings), coverage_fail_under=facts.coverage_fail_under)


def run_project(project: Project, options: Options, reporters: Sequence[Reporter], *, run_id: str | None = None) -> Run:
    """Run the selected tasks, read what they left, judge the gates; tell the reporters all along."""
    return run_session(project, options, reporters, run_id=run_id).run()


def run_session(
    project: Project,
    options: Options,
    reporters: Sequence[Reporter],
    *,
    run_id: str | None = None,
    rehearses: bool = False,
) -> RunSession:
    """Return a run that is ready to begin; one that rehearses ends with WouldRunError before any task would run."""
    from noxline.inputs.lots import new_run_id
    from noxline.running import RunSession
    from noxline.wiring_reuse import rehearsing_reuser_of, reuser_of

    reuse = rehearsing_reuser_of if rehearses else reuser_of
    return RunSession(project, options, reporters, reuse=reuse, run_id=run_id or new_run_id())


def foresee(project: Project, options: Options, warn: Callable[[str], None]) -> dict[str, Foreseen]:
    """Return what a run would do with each selected task; nothing is run and nothing restored."""
    from noxline.wiring_reuse import foreseen

    return foreseen(project, options, warn)


def explain_task(
    project: Project, options: Options, task: str, against: str | None, warn: Callable[[str], None]
) -> Explanation:
    """Return why a task would run or be reused, against its last result or an earlier run."""
    from noxline.wiring_reuse import explained

    return explained(project, options, task, against, warn)


def judge_again(root: Path, run_id: str | None) -> Run:
    """Judge the rules as they are now over the metrics of an earlier run."""
    from noxline.reports.run_directory import latest, read_run
    from noxline.running import judged

    chosen = run_id or latest(root)
    if chosen is None:
        raise UsageError("there is no earlier run in this project", hint="start with: noxline ci")
    settings = load(root)
    run = read_run(root, chosen)
    standards = {name: covers(name) or "" for name in {result.task.stage for result in run.tasks}}
    return judged(replace(run, judged=True), _rules(settings, detect(root)), standards=standards)
