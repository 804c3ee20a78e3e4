"""Splits: kept between runs, read by all shards of a run, checked when they are over."""

from __future__ import annotations

import json
from pathlib import Path

from noxline.model.pipeline import Pipeline
from noxline.model.run import TaskResult
from noxline.model.stage import Policy, SessionInfo, Source, Stage
from noxline.model.task import Outcome, Status, Task
from noxline.splits import (
    auto_shards,
    checked,
    keep_splits,
    kept_split,
    planned_split,
    ran_split,
    split_file,
    write_run_split,
)
from noxline.state import keep_durations
from tests.testing.records_on_disk import collected, ran, record

EVERYTHING = ["a::1", "a::2", "b::1", "b::2"]
OLD = [["a::1", "a::2"], ["b::1", "b::2"]]


def result(root: Path, number: int, ids: list[str] | None, *, status: Status = Status.PASSED) -> TaskResult:
    """Return the result of a shard that ran these tests for a second each; None: it left no record."""
    output = root / f"out-{number}"
    if ids is not None:
        record(output, collected(ids, everything=EVERYTHING), *(ran(name, seconds=1.0) for name in ids))
    task = Task(name=f"tests#{number}/2", stage="tests", session="tests", source=Source.STANDARD, shard=(number, 2))
    outcome = Outcome(task=task.name, status=status, output=output, seconds=5.0, setup_seconds=1.0)
    return TaskResult(task=task, decision="ran", outcome=outcome)


def test_what_the_shards_ran_is_kept_and_planned_again(tmp_path: Path) -> None:
    results = [result(tmp_path, 1, OLD[0]), result(tmp_path, 2, OLD[1])]
    assert planned_split(tmp_path, kept_split(tmp_path, "tests", 2)).shards == ()
    keep_durations(tmp_path, results)
    keep_splits(tmp_path, results)
    planned = planned_split(tmp_path, kept_split(tmp_path, "tests", 2))
    assert planned.shards == kept_split(tmp_path, "tests", 2).shards == (("a::1", "a::2"), ("b::1", "b::2"))
    assert planned == ran_split(results)
    assert planned.digest(1) != planned.digest(2)
    assert kept_split(tmp_path, "tests", 3).shards == ()


def test_a_torn_file_is_no_split(tmp_path: Path) -> None:
    path = split_file(tmp_path, "tests", 2)
    path.parent.mkdir(parents=True)
    for content in ("", "[", '{"shards": [1, 2]}', '{"shards": [["a"], [2]]}', '{"shards": [["a"]]}'):
        path.write_text(content)
        assert kept_split(tmp_path, "tests", 2).shards == ()


def test_a_run_gets_a_file_with_the_split_and_all_durations(tmp_path: Path) -> None:
    results = [result(tmp_path, 1, OLD[0]), result(tmp_path, 2, OLD[1])]
    keep_durations(tmp_path, results)
    keep_splits(tmp_path, results)
    write_run_split(tmp_path / "run.json", planned_split(tmp_path, kept_split(tmp_path, "tests", 2)), tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    assert document["shards"] == OLD
    assert document["seconds"] == dict.fromkeys(EVERYTHING, 1.0)


def test_a_shard_under_an_old_split_beside_one_under_a_new_one_fails_the_session(tmp_path: Path) -> None:
    keep_splits(tmp_path, [result(tmp_path / "before", 1, OLD[0]), result(tmp_path / "before", 2, OLD[1])])
    fine = (result(tmp_path / "fine", 1, OLD[0]), result(tmp_path / "fine", 2, OLD[1]))
    assert checked(tmp_path, fine) == fine
    mixed = (result(tmp_path / "mixed", 1, OLD[0]), result(tmp_path / "mixed", 2, ["a::2", "b::2"]))
    whole = checked(tmp_path, mixed)
    assert [r.outcome.status for r in whole] == [Status.FAILED, Status.FAILED]
    assert whole[0].outcome.reason == "tests ran in more than one shard: a::2"
    lost = checked(tmp_path, (result(tmp_path / "lost", 1, OLD[0]), result(tmp_path / "lost", 2, ["b::2"])))
    assert lost[1].outcome.reason == "only 3 of 4 tests are in a shard: b::1"


def test_a_shard_without_a_record_beside_one_with_is_noticed(tmp_path: Path) -> None:
    whole = checked(tmp_path, (result(tmp_path, 1, OLD[0]), result(tmp_path, 2, None)))
    assert whole[0].outcome.reason == "tests#2/2 left no record of its tests"
    silent = (result(tmp_path / "x", 1, None), result(tmp_path / "x", 2, None))
    assert checked(tmp_path, silent) == silent


def test_shards_that_failed_prove_nothing(tmp_path: Path) -> None:
    results = (result(tmp_path, 1, ["a::1"]), result(tmp_path, 2, OLD[1], status=Status.FAILED))
    assert checked(tmp_path, results) == results
    assert ran_split(results[:1]) is None


def test_auto_counts_shards_by_what_they_cost_and_stays_with_its_choice(tmp_path: Path) -> None:
    policy = Policy(shards="auto")
    session = SessionInfo(name="tests", family="tests", source=Source.STANDARD)
    stage = Stage(name="tests", source=Source.STANDARD, sessions=(session,), policy=policy)
    pipeline = Pipeline(root=tmp_path, stages=(stage,))
    assert auto_shards(tmp_path, pipeline, cores=4) == {"tests": 4}
    results = [result(tmp_path, 1, OLD[0]), result(tmp_path, 2, OLD[1])]  # 4 s of tests, 2 s for starting
    keep_durations(tmp_path, results)
    keep_splits(tmp_path, results)
    assert auto_shards(tmp_path, pipeline, cores=4) == {"tests": 4}
    assert auto_shards(tmp_path, pipeline, cores=1) == {"tests": 1}
    assert auto_shards(tmp_path, pipeline, cores=4, parallel_tests=True) == {"tests": 1}
