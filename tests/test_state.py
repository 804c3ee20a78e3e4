"""Durations that earlier runs taught."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from noxline.model.run import TaskResult
from noxline.model.stage import Source
from noxline.model.task import Outcome, Status, Task
from noxline.state import durations_of_tests, keep_durations, task_durations
from tests.testing.records_on_disk import ran, record


def result(name: str, seconds: float, *, decision: str = "ran", output: Path | None = None) -> TaskResult:
    task = Task(name=name, stage=name, session=name, source=Source.STANDARD)
    outcome = Outcome(task=name, status=Status.PASSED, seconds=seconds, output=output)
    return TaskResult(task=task, decision=decision, outcome=outcome)


def test_durations_of_tasks_that_ran_are_kept_and_others_stay(tmp_path: Path) -> None:
    keep_durations(tmp_path, [result("lint", 1.0), result("tests", 5.0)])
    keep_durations(tmp_path, [result("lint", 2.0), result("docs", 9.0, decision="reused")])
    assert task_durations(tmp_path) == {"lint": 2.0, "tests": 5.0}


def learned(**tests: float) -> dict[str, object]:
    return {"schema": 1, "tests": {f"t::{n}": {"seconds": s, "when": 1} for n, s in tests.items()}, "shared": {}}


def test_durations_of_single_tests_are_merged_over_shards_and_runs_reused_ones_too(tmp_path: Path) -> None:
    for shard, tests, decision in (("a", {"one": 0.5}, "ran"), ("b", {"two": 1.5}, "reused")):
        (tmp_path / shard).mkdir()
        (tmp_path / shard / "durations.json").write_text(json.dumps(learned(**tests)))
        keep_durations(tmp_path, [result(f"tests-{shard}", 1.0, output=tmp_path / shard, decision=decision)])
    assert durations_of_tests(tmp_path) == learned(one=0.5, two=1.5)


def test_a_session_that_leaves_only_the_records_of_its_processes_teaches_too(tmp_path: Path) -> None:
    record(tmp_path / "out", ran("t::one", seconds=2.0))
    keep_durations(tmp_path, [result("tests", 1.0, output=tmp_path / "out")])
    assert durations_of_tests(tmp_path)["tests"]["t::one"]["seconds"] == 2.0


@given(st.binary(max_size=60))
def test_a_torn_file_counts_as_empty(tmp_path_factory: object, content: bytes) -> None:
    root = Path(tmp_path_factory.mktemp("state"))  # type: ignore[attr-defined]
    state = root / ".noxline/state"
    state.mkdir(parents=True)
    (state / "tasks.json").write_bytes(content)
    assert all(isinstance(seconds, float) for seconds in task_durations(root).values())


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / ".noxline").write_text("a file where a folder should be")
    keep_durations(tmp_path, [result("lint", 1.0)])
    assert task_durations(tmp_path) == {}
