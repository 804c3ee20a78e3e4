"""What tests taught one clone, another learns through the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.cache.disk import DiskStore
from noxline.flaky import add_evidence, evidence
from noxline.model.run import TaskResult
from noxline.model.stage import Source
from noxline.model.task import Outcome, Status, Task
from noxline.sharing import Sharing
from noxline.state import add_durations, durations_of_tests
from noxline.testing.evidence import EMPTY, Seen, observe
from tests.testing.records_on_disk import ran, record

TASK = Task(name="tests", stage="tests", session="tests", source=Source.STANDARD)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return the output of a task with tests."""
    record(tmp_path / "output", ran("a"))
    return tmp_path / "output"


def result(output: Path, decision: str, source: str | None = None) -> TaskResult:
    outcome = Outcome(task="tests", status=Status.PASSED, output=output)
    return TaskResult(task=TASK, decision=decision, outcome=outcome, source=source)


def lasting(name: str, seconds: float, when: float) -> dict[str, object]:
    return {"schema": 1, "tests": {name: {"seconds": seconds, "when": when}}, "shared": {}}


def known(root: Path) -> dict[str, float]:
    return {name: entry["seconds"] for name, entry in durations_of_tests(root)["tests"].items()}


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(str(tmp_path / "store"), warn=pytest.fail, limit=10**9)


def test_two_clones_come_to_know_the_same(tmp_path: Path, store: DiskStore, output: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    add_durations(one, lasting("a", 1.0, 1.0))
    add_evidence(one, observe(EMPTY, Seen(run="r1", when=1.0, outcomes={"a": "failed"}, fingerprint="f")))
    Sharing(one, lambda: "demo", store).give([result(output, "ran")])
    add_durations(other, lasting("b", 2.0, 2.0))
    sharing = Sharing(other, lambda: "demo", store)
    sharing.take()
    assert known(other) == {"a": 1.0, "b": 2.0}
    assert evidence(other) == evidence(one)
    sharing.give([result(output, "ran")])
    Sharing(one, lambda: "demo", store).take()
    assert known(one) == {"a": 1.0, "b": 2.0}


def test_projects_are_kept_apart(tmp_path: Path, store: DiskStore, output: Path) -> None:
    add_durations(tmp_path / "one", lasting("a", 1.0, 1.0))
    Sharing(tmp_path / "one", lambda: "demo of here", store).give([result(output, "ran")])
    Sharing(tmp_path / "other", lambda: "demo of there", store).take()
    assert known(tmp_path / "other") == {}


def test_a_run_in_which_nothing_ran_gives_nothing_and_takes_what_came_with_results_of_others(
    tmp_path: Path, store: DiskStore, output: Path
) -> None:
    add_durations(tmp_path / "one", lasting("a", 1.0, 1.0))
    Sharing(tmp_path / "one", lambda: "demo", store).give([result(output, "reused", "local")])
    assert known(tmp_path / "one") == {"a": 1.0}
    Sharing(tmp_path / "other", lambda: "demo", store).give([result(output, "reused", "remote")])
    assert known(tmp_path / "other") == {}, "nothing was given before"
    Sharing(tmp_path / "one", lambda: "demo", store).give([result(output, "ran")])
    Sharing(tmp_path / "other", lambda: "demo", store).give([result(output, "reused", "local")])
    assert known(tmp_path / "other") == {}, "what all comes from here brings nothing"
    Sharing(tmp_path / "other", lambda: "demo", store).give([result(output, "reused", "remote")])
    assert known(tmp_path / "other") == {"a": 1.0}


def test_tasks_without_tests_ask_nobody(tmp_path: Path, store: DiskStore, output: Path) -> None:
    add_durations(tmp_path / "one", lasting("a", 1.0, 1.0))
    Sharing(tmp_path / "one", lambda: "demo", store).give([result(output, "ran")])
    (tmp_path / "lint").mkdir()
    Sharing(tmp_path / "other", lambda: "demo", store).give([result(tmp_path / "lint", "ran")])
    assert known(tmp_path / "other") == {}


def test_without_a_store_all_stays_as_it_is(tmp_path: Path, output: Path) -> None:
    add_durations(tmp_path, lasting("a", 1.0, 1.0))
    sharing = Sharing(tmp_path, lambda: "demo", None)
    sharing.take()
    sharing.give([result(output, "ran")])
    assert known(tmp_path) == {"a": 1.0}
