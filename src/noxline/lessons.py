"""What the tests of a run teach: kept for the next run, checked, and said where it deserves a warning."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from noxline.flaky import keep_again, keep_evidence, quarantine_warnings
from noxline.model.run import TaskResult
from noxline.model.task import Cause, Outcome, Status
from noxline.project import Project
from noxline.splits import checked, keep_splits, sharded
from noxline.state import keep_durations, read_json
from noxline.testing.records import Process, read_processes
from noxline.testing.results import read_results
from noxline.testing.verdicts import read_verdicts, sentences

_ENDED_FROM_OUTSIDE = (Cause.TIMEOUT, Cause.SIGNAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lessons:
    """The results as they are after all shards were compared, and what is to be said."""

    results: tuple[TaskResult, ...]
    warnings: tuple[str, ...]


def learn(
    project: Project,
    results: tuple[TaskResult, ...],
    *,
    run: str,
    whole: bool = True,
    fingerprints: Mapping[str, str] | None = None,
    again: Collection[str] = (),
) -> Lessons:
    """Keep what this run taught and check its shards. `whole`: no test was left out by arguments.

    `fingerprints` are those of the tasks: under the same one, a test that fails and passes is flaky. `again` are the
    tasks of which a stored result stands, but for its flaky tests, which ran again.
    """
    root = project.root
    _keep(root, results, Observed(run=run, fingerprints=fingerprints or {}, again=again))
    after = checked(root, results)
    wrong = sharded(result for result in after if result not in results)
    warnings = [f"{session} failed: {shards[0].outcome.reason}" for session, shards in wrong.items()]
    warnings += _flaky(results)
    known = _known(results) if project.settings.gates.quarantine else ()
    complete = whole and _all_ended(project, results)
    warnings += quarantine_warnings(root, project.settings, date.today(), known=known, whole=complete)
    return Lessons(results=after, warnings=tuple(warnings))


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What is known of the tasks of a run beside their results."""

    run: str
    fingerprints: Mapping[str, str]
    again: Collection[str]


def _keep(root: Path, results: Sequence[TaskResult], observed: Observed) -> None:
    """Keep what the tests taught; a stored result that stands teaches nothing anew, but for tests that ran again."""
    new = [replace(one, decision="reused") if one.task.name in observed.again else one for one in results]
    when = round(time.time())
    keep_durations(root, new)
    keep_splits(root, new)
    keep_evidence(root, new, run=observed.run, when=when, fingerprints=observed.fingerprints)
    again = [one for one in results if one.task.name in observed.again]
    outputs = {observed.fingerprints[one.task.name]: one.outcome.output for one in again if one.outcome.output}
    keep_again(root, outputs, run=observed.run, when=when)


def _flaky(results: Sequence[TaskResult]) -> list[str]:
    """Return a sentence for each test whose failure did not count, of reused results too."""
    return [
        f"{result.task.name}: {sentence}"
        for result in results
        if result.outcome.output is not None
        for sentence in sentences(read_verdicts(result.outcome.output))
    ]


def _known(results: Sequence[TaskResult]) -> list[str]:
    outputs = [result.outcome.output for result in results if result.outcome.output is not None]
    return [found.id for found in read_results(outputs).all()]


def _all_ended(project: Project, results: Sequence[TaskResult]) -> bool:
    """Tell whether all tasks that may hold tests came to their end by themselves."""
    stages = {stage.name for stage in project.pipeline.stages if stage.standard in ("", "tests")}
    tasks = {task.name for task in project.graph.tasks.values() if task.stage in stages and not task.skip}
    ended = {
        result.task.name
        for result in results
        if result.outcome.status in (Status.PASSED, Status.FAILED) and result.outcome.cause not in _ENDED_FROM_OUTSIDE
    }
    return tasks <= ended


def naming_tests(outcome: Outcome) -> Outcome:
    """Return the outcome of a task that was ended from outside with the tests that it was at."""
    if outcome.cause not in _ENDED_FROM_OUTSIDE or outcome.output is None:
        return outcome
    names = [name for process in _processes(outcome.output) if process.end is None for name in process.running]
    if not names:
        return outcome
    return replace(outcome, reason=f"{outcome.reason}, while running {', '.join(names)}")


def saying_how_many(outcome: Outcome) -> Outcome:
    """Return the outcome of a task that passed with what it says of its tests: how many ran, of how many, and why."""
    if outcome.status is not Status.PASSED or outcome.output is None:
        return outcome
    said = read_json(outcome.output / "selection.json").get("said")
    return replace(outcome, reason=str(said)) if said else outcome


def _processes(output: Path) -> list[Process]:
    return [process for process in read_processes(output) if isinstance(process, Process)]
