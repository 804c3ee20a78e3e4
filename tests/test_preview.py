"""What is foreseen for certain is what a run then does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from noxline.engine.plan import Plan
from noxline.graph import TaskGraph
from noxline.model.decision import Reuse, Run
from noxline.model.task import Status, Task
from noxline.preview import Foreseen, foresee
from tests.reuse.desk import Desk, definition, task_of

TESTS = task_of("tests")
REPORT = task_of("report", needs=("tests",), tolerant=True)
DOCS = task_of("docs")


pytestmark = pytest.mark.process  # git lists the files


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    own = {"tests": definition("src"), "report": definition("conf", needs=("tests",)), "docs": definition("docs")}
    desk = Desk(tmp_path / "p", own)
    for name in ("src/a.py", "conf/x", "docs/x"):
        desk.write(name, "1\n")
    return desk


def run(desk: Desk, tasks: Sequence[Task], output: str = "1") -> dict[str, str]:
    """Run tasks as the loop does and return what was decided."""
    reuser = desk.reuser()
    plan = Plan(TaskGraph.of(tasks), cpus=1)
    done = {outcome.task: "skip" for outcome in plan.begin()}
    while task := plan.take():
        decision = reuser.decide(task)
        if isinstance(decision, Reuse):
            ended = plan.finish(decision.outcome)
        else:
            plan.start(task)
            ended = plan.finish(desk.do(reuser, task, {"out.txt": output}))
        done[task.name] = "reuse" if isinstance(decision, Reuse) else "run"
        done |= {outcome.task: "skip" for outcome in ended if outcome.status is Status.SKIPPED}
    reuser.close()
    return done


def seen(desk: Desk, tasks: Sequence[Task]) -> dict[str, Foreseen]:
    return foresee(desk.project(tasks), desk.reuser())


def agrees(desk: Desk, tasks: Sequence[Task]) -> dict[str, str]:
    """Return what is foreseen, once it was held against a run."""
    foreseen = {name: one.decision for name, one in seen(desk, tasks).items()}
    done = run(desk, tasks)
    assert {name: said for name, said in foreseen.items() if said not in ("depends", done[name])} == {}
    return foreseen


def test_what_never_ran_runs_and_what_needs_it_depends_on_it(desk: Desk) -> None:
    tasks = (TESTS, REPORT, DOCS)
    assert agrees(desk, tasks) == {"tests": "run", "report": "depends", "docs": "run"}
    assert agrees(desk, tasks) == {"tests": "reuse", "report": "reuse", "docs": "reuse"}
    desk.write("src/a.py", "2\n")
    told = seen(desk, tasks)
    assert [one.text for one in told.values()] == ["run: src/a.py changed", "depends on tests", "reuse"]


def test_a_need_that_has_nothing_to_do_now_is_not_taken_for_what_it_left_last_time(desk: Desk) -> None:
    desk.definitions["docs"] = definition("docs", needs=("tests",))
    docs = task_of("docs", needs=("tests",))
    run(desk, (TESTS, docs))
    absent = task_of("tests", skip="no tests any more")
    assert agrees(desk, (absent, docs)) == {"tests": "skip", "docs": "run"}


def test_what_works_on_the_output_of_others_has_nothing_to_do_without_any(desk: Desk) -> None:
    run(desk, (TESTS, REPORT))
    absent = task_of("tests", skip="no tests any more")
    assert agrees(desk, (absent, REPORT)) == {"tests": "skip", "report": "skip"}
    assert seen(desk, (absent, REPORT))["report"].text == "skip: nothing that it needs ran"


def test_an_earlier_state_that_came_back_is_reused_with_all_that_follows(desk: Desk) -> None:
    run(desk, (TESTS, REPORT), "1")
    desk.write("src/a.py", "2\n")
    run(desk, (TESTS, REPORT), "2")
    desk.write("src/a.py", "1\n")
    assert agrees(desk, (TESTS, REPORT)) == {"tests": "reuse", "report": "reuse"}


def test_what_reads_outputs_that_are_put_back_depends_on_the_task_that_made_them(desk: Desk) -> None:
    desk.definitions["tests"] = definition("src", outputs=("gen",))
    desk.definitions["docs"] = definition("gen", "docs", needs=("tests",))
    docs = task_of("docs", needs=("tests",))
    desk.write("gen/x.txt", "made")
    run(desk, (TESTS, docs))
    assert agrees(desk, (TESTS, docs)) == {"tests": "reuse", "docs": "reuse"}
    (desk.root / "gen" / "x.txt").unlink()
    assert agrees(desk, (TESTS, docs)) == {"tests": "reuse", "docs": "depends"}
    desk.write("gen/x.txt", "edited")
    assert agrees(desk, (TESTS, docs)) == {"tests": "reuse", "docs": "depends"}


def test_looking_changes_nothing(desk: Desk) -> None:
    run(desk, (TESTS, REPORT))
    before = dict(desk.reuser().seen.rows)
    desk.write("src/a.py", "2\n")
    assert seen(desk, (TESTS, REPORT)) == seen(desk, (TESTS, REPORT))
    assert desk.reuser().seen.rows == before
    assert isinstance(desk.decision(TESTS), Run)
