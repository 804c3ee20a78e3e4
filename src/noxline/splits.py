"""The splits of test suites into shards: kept from run to run, read by all shards of a run, checked afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

from noxline.model.pipeline import Pipeline
from noxline.model.run import TaskResult
from noxline.model.stage import Stage
from noxline.model.task import Cause, Status
from noxline.state import STATE, durations_of_tests, left_durations, read_json, write_state
from noxline.system.files import task_folder, write_atomic
from noxline.testing import durations
from noxline.testing.auto_shards import Suite, auto_count
from noxline.testing.records import Process, read_processes
from noxline.testing.shards import ShardReport, keep_or_resplit, problem, report, shard_digest

SCHEMA = 1
_AUTO = f"{STATE}/shards.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """The tests of each shard of one session; without `shards` nothing is known yet, and its first run decides."""

    session: str
    count: int
    shards: tuple[tuple[str, ...], ...] = ()

    def digest(self, number: int) -> str:
        """Return the digest of the tests of a shard, counted from 1; empty when they are not known."""
        return shard_digest(self.shards[number - 1]) if self.shards else ""


def split_name(task: str) -> str:
    """Return what all shards of a session share of their names.

    >>> split_name("tests-3.12#2/4")
    'tests-3.12'
    """
    return task.rpartition("#")[0]


def split_file(root: Path, session: str, count: int) -> Path:
    """Return the file in which the split of a session into so many shards is kept."""
    return root / STATE / f"split-{task_folder(session)}-{count}.json"


def kept_split(root: Path, session: str, count: int) -> Split:
    """Return the split of the run before, as it is: what the results of its shards rest on."""
    shards = read_json(split_file(root, session, count)).get("shards")
    return Split(session=session, count=count, shards=shards_of(shards, count))


def shards_of(content: object, count: int) -> tuple[tuple[str, ...], ...]:
    """Return the tests of each shard from plain data; nothing when it is not a split into so many shards."""
    if not isinstance(content, list) or len(content) != count or not all(map(_is_names, content)):
        return ()
    return tuple(tuple(names) for names in content)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def planned_split(root: Path, kept: Split) -> Split:
    """Return the split for a run in which all shards run: the kept one, or a fresh one where that is worth it."""
    if not kept.shards:
        return kept
    ids = [name for names in kept.shards for name in names]
    shards = keep_or_resplit(kept.shards, ids, durations.known(durations_of_tests(root)), kept.count)
    return replace(kept, shards=tuple(map(tuple, shards)))


def write_run_split(path: Path, split: Split, root: Path) -> None:
    """Write the file that all shards of a run read: the split, and what is known for placing tests it does not name."""
    known = durations.known(durations_of_tests(root))
    document = {
        "schema": SCHEMA,
        "count": split.count,
        "shards": split.shards,
        "seconds": known.seconds,
        "uses": known.uses,
        "costs": known.costs,
        "groups": known.groups,
    }
    write_atomic(path, json.dumps(document, sort_keys=True))


def ran_split(results: Sequence[TaskResult]) -> Split | None:
    """Return the split that the shards of one session ran by; None unless each of them says what it ran."""
    reports = _reports(results)
    if reports is None:
        return None
    shards = tuple(tuple(sorted(shard.ids)) for shard in reports)
    return Split(session=split_name(results[0].task.name), count=len(shards), shards=shards)


def _reports(results: Sequence[TaskResult]) -> list[ShardReport] | None:
    ordered = _all_in_order(results)
    reports = [report(number, _processes(result)) for number, result in enumerate(ordered, start=1)]
    found = [one for one in reports if one is not None]
    return found if found and len(found) == len(ordered) else None


def _all_in_order(results: Sequence[TaskResult]) -> list[TaskResult]:
    """Return the shards of one session in their order; nothing unless all of them are there."""
    placed = [(result.task.shard, result) for result in results if result.task.shard is not None]
    placed.sort(key=itemgetter(0))
    count = placed[0][0][1] if placed else 0
    return [result for _, result in placed] if len(placed) == count else []


def _processes(result: TaskResult) -> list[Process]:
    output = result.outcome.output
    read = read_processes(output) if output is not None else ()
    return [process for process in read if isinstance(process, Process)]


def ran_tests(number: int, output: Path) -> str:
    """Return the digest of the tests that a shard really ran, from what it left; empty when it does not say."""
    read = read_processes(output) if output.is_dir() else ()
    said = report(number, [process for process in read if isinstance(process, Process)])
    return shard_digest(said.ids) if said else ""


def sharded(results: Iterable[TaskResult]) -> dict[str, list[TaskResult]]:
    """Return the results of sharded sessions, by session."""
    found: dict[str, list[TaskResult]] = {}
    for result in results:
        if result.task.shard is not None:
            found.setdefault(split_name(result.task.name), []).append(result)
    return found


def checked(root: Path, results: Sequence[TaskResult]) -> tuple[TaskResult, ...]:
    """Return the results with the shards failed that are not, together, every test of their session once.

    Shards of which one failed or did not run prove nothing, and are left as they are.
    """
    wrong: dict[str, str] = {}
    for session, shards in sharded(results).items():
        if all(shard.outcome.status is Status.PASSED for shard in shards):
            wrong |= dict.fromkeys((shard.task.name for shard in shards), _wrong(root, session, shards))
    return tuple(_failed(result, why) if (why := wrong.get(result.task.name)) else result for result in results)


def _wrong(root: Path, session: str, shards: Sequence[TaskResult]) -> str:
    """Return why the shards of a session, all of which passed, are not every test once; nothing when they are."""
    reports = _reports(shards)
    if not reports:
        return _silent(shards)
    kept = kept_split(root, session, len(shards))
    planned = {name: number for number, names in enumerate(kept.shards) for name in names}
    return problem(reports, planned=planned)


def _silent(shards: Sequence[TaskResult]) -> str:
    """Return what is wrong when not all shards say what they ran; nothing when none does: no test process recorded."""
    if not any(_processes(shard) for shard in shards):
        return ""
    silent = [shard.task.name for shard in shards if not _processes(shard)]
    return f"{', '.join(silent)} left no record of its tests" if silent else ""


def _failed(result: TaskResult, why: str) -> TaskResult:
    outcome = replace(result.outcome, status=Status.FAILED, cause=Cause.EXIT, reason=why)
    return replace(result, outcome=outcome)


def keep_splits(root: Path, results: Sequence[TaskResult]) -> None:
    """Keep the splits that the shards ran by, and what starting a shard costs."""
    for session, shards in sharded(results).items():
        split = ran_split(shards)
        if split is not None and split != kept_split(root, session, split.count):
            write_state(split_file(root, session, split.count), {"schema": SCHEMA, "shards": split.shards})
    startups = _startups(results)
    if startups:
        document = read_json(root / _AUTO)
        known = document.get("startup")
        document["startup"] = {**(known if isinstance(known, dict) else {}), **startups}
        write_state(root / _AUTO, document)


def _startups(results: Sequence[TaskResult]) -> dict[str, float]:
    """Return by stage the seconds of a shard in which no test ran: starting, collecting, reporting."""
    ran = {result.task.name: result for result in results if result.decision == "ran"}
    startups: dict[str, float] = {}
    for name, left in left_durations(ran.values()).items():
        spent = sum(entry["seconds"] for part in ("tests", "shared") for entry in left[part].values())
        outcome = ran[name].outcome
        rest = max(0.0, round(outcome.seconds - outcome.setup_seconds - spent, 3))
        stage = ran[name].task.stage
        startups[stage] = min(rest, startups.get(stage, rest))
    return startups


def auto_shards(root: Path, pipeline: Pipeline, *, cores: int, parallel_tests: bool = False) -> dict[str, int]:
    """Return the number of shards of each stage that leaves it to noxline, and keep it for the next run.

    Tests that start workers of their own use all CPUs as they are.
    """
    stages = [stage for stage in pipeline.stages if stage.policy.shards == "auto"]
    if not stages:
        return {}
    if parallel_tests:
        return {stage.name: 1 for stage in stages}
    document = read_json(root / _AUTO)
    known = durations.known(durations_of_tests(root))
    last = _numbers(document.get("auto"))
    startup = _numbers(document.get("startup"))
    counts: dict[str, int] = {}
    for stage in stages:
        suite = Suite(
            total=sum(known.seconds.values()) + sum(known.costs.values()),
            longest=max(known.seconds.values(), default=0.0),
            startup=startup.get(stage.name, 0.0),
        )
        sessions = _sessions(stage)
        counts[stage.name] = auto_count(suite, cores=cores, sessions=sessions, last=int(last.get(stage.name, 0)))
    if counts != last:
        write_state(root / _AUTO, {**document, "auto": {**last, **counts}})
    return counts


def _sessions(stage: Stage) -> int:
    return sum(session.skip is None for session in stage.sessions)


def _numbers(value: object) -> Mapping[str, float]:
    if not isinstance(value, dict):
        return {}
    return {str(name): float(number) for name, number in value.items() if isinstance(number, int | float)}
