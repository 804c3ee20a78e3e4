"""What the tests of a run teach."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from noxline.graph import TaskGraph
from noxline.lessons import learn
from noxline.model.pipeline import Pipeline
from noxline.model.run import TaskResult
from noxline.model.stage import SessionInfo, Source, Stage
from noxline.model.task import Outcome, Status, Task
from noxline.settings.loader import load
from noxline.splits import kept_split
from noxline.state import durations_of_tests, task_durations
from noxline.testing.retry import Finding
from noxline.testing.verdicts import Verdicts, write_verdicts
from tests.testing.records_on_disk import collected, ran, record


def shard(root: Path, number: int, ids: list[str], everything: list[str], *, decision: str = "ran") -> TaskResult:
    output = root / f"out-{number}"
    record(output, collected(ids, everything=everything), *map(ran, ids))
    task = Task(name=f"tests#{number}/2", stage="tests", session="tests", source=Source.STANDARD, shard=(number, 2))
    outcome = Outcome(task=task.name, status=Status.PASSED, output=output, seconds=2.0)
    return TaskResult(task=task, decision=decision, outcome=outcome)


def project(root: Path, results: tuple[TaskResult, ...]) -> SimpleNamespace:
    session = SessionInfo(name="tests", family="tests", source=Source.STANDARD)
    stage = Stage(name="tests", source=Source.STANDARD, sessions=(session,), standard="tests")
    graph = TaskGraph.of([result.task for result in results])
    return SimpleNamespace(root=root, settings=load(root), graph=graph, pipeline=Pipeline(root=root, stages=(stage,)))


def test_a_run_teaches_durations_and_its_split(tmp_path: Path) -> None:
    results = (shard(tmp_path, 1, ["a"], ["a", "b"]), shard(tmp_path, 2, ["b"], ["a", "b"]))
    lessons = learn(project(tmp_path, results), results, run="r1")
    assert (lessons.results, lessons.warnings) == (results, ())
    assert set(durations_of_tests(tmp_path)["tests"]) == {"a", "b"}
    assert task_durations(tmp_path) == {"tests#1/2": 2.0, "tests#2/2": 2.0}
    assert kept_split(tmp_path, "tests", 2).shards == (("a",), ("b",))


def test_shards_that_do_not_fit_together_fail_and_are_said(tmp_path: Path) -> None:
    old = shard(tmp_path, 1, ["a"], ["a", "b"], decision="reused")
    results = (old, shard(tmp_path, 2, ["a", "b"], ["a", "b"]))
    lessons = learn(project(tmp_path, results), results, run="r1")
    assert [result.outcome.status for result in lessons.results] == [Status.FAILED] * 2
    assert lessons.warnings == ("tests failed: tests ran in more than one shard: a",)


def test_a_reused_result_keeps_saying_what_is_flaky(tmp_path: Path) -> None:
    results = (shard(tmp_path, 1, ["a"], ["a", "b"], decision="reused"), shard(tmp_path, 2, ["b"], ["a", "b"]))
    write_verdicts(tmp_path / "out-1", Verdicts(flaky=(Finding(id="a", kind="flaky", attempts=("passed alone",)),)))
    lessons = learn(project(tmp_path, results), results, run="r1")
    assert lessons.warnings == ("tests#1/2: a is flaky: it failed, then passed alone",)


def test_an_unknown_test_in_quarantine_is_said_only_when_all_tests_ran(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "gates.toml").write_text(
        '[[quarantine]]\ntest = "gone"\nreason = "x"\nowner = "y"\nexpires = 2999-01-01\n'
    )
    results = (shard(tmp_path, 1, ["a"], ["a", "b"]), shard(tmp_path, 2, ["b"], ["a", "b"]))
    made = project(tmp_path, results)
    assert "names gone, which is no test" in learn(made, results, run="r1").warnings[0]
    assert learn(made, results, run="r1", whole=False).warnings == ()
    assert learn(made, results[:1], run="r1").warnings == ()
