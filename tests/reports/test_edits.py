from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from noxline.model.event import RunStarted, TaskFinished, Warned
from noxline.model.run import Run, TaskResult
from noxline.model.task import Status
from noxline.reports.edits import EditReport
from noxline.reports.style import Style
from tests.reports.sample import result, run_of


def told(report: EditReport, stream: io.StringIO, run: Run) -> str:
    """Return what the report says of a run."""
    stream.truncate(0)
    stream.seek(0)
    tasks = tuple(each.task for each in run.tasks)
    report.handle(RunStarted(run_id="r", tasks=tasks, workers=2, directory="d"))
    for each in run.tasks:
        report.handle(TaskFinished(outcome=each.outcome, decision=each.decision, reasons=each.reasons))
    report.finish(run)
    return stream.getvalue()


def reporter() -> tuple[EditReport, io.StringIO]:
    stream = io.StringIO()
    return EditReport(stream, Style()), stream


def red(name: str) -> TaskResult:
    return result(name, status=Status.FAILED, exit_code=1, seconds=1.0)


def test_one_line_for_the_edit_each_task_and_the_result(tmp_path: Path) -> None:
    report, stream = reporter()
    run = run_of(tmp_path, result("lint", seconds=1.0), result("docs", decision="reused", seconds=2.0))
    lines = told(report, stream, run).splitlines()
    assert lines[0] == "running: lint, docs"
    assert [line.split()[1] for line in lines[1:3]] == ["lint", "docs"]
    assert lines[3].startswith("passed in ")
    assert len(lines) == 4


def test_many_edits_are_counted() -> None:
    report, stream = reporter()
    report.edited(["b.py", "a.py"])
    report.edited([f"{number}.py" for number in range(5)])
    assert stream.getvalue() == "edit: a.py, b.py\nedit: 0.py, 1.py, 2.py and 2 more\n"


def test_what_failed_and_was_not_touched_since_is_not_forgotten(tmp_path: Path) -> None:
    report, stream = reporter()
    still = "still failing, not touched by this edit: types"
    assert still not in told(report, stream, run_of(tmp_path, red("types"), result("lint"), status="failed"))
    assert still in told(report, stream, run_of(tmp_path, result("lint")))
    assert still not in told(report, stream, run_of(tmp_path, result("types")))
    assert still not in told(report, stream, run_of(tmp_path, result("lint")))


def test_a_stopped_run_says_so_and_changes_nothing_of_what_is_known(tmp_path: Path) -> None:
    report, stream = reporter()
    told(report, stream, run_of(tmp_path, red("types"), status="failed"))
    cut = run_of(tmp_path, result("types", status=Status.CANCELLED), status="interrupted", exit_code=130)
    assert told(report, stream, cut) == "running: types\nstopped\n"
    assert "still failing" in told(report, stream, run_of(tmp_path, result("lint")))


def test_warnings_are_passed_on(tmp_path: Path) -> None:
    report, stream = reporter()
    report.handle(Warned(message="no cache", hint="make room"))
    assert stream.getvalue() == "warning: no cache (make room)\n"


def test_tasks_with_nothing_to_do_are_not_named(tmp_path: Path) -> None:
    report, stream = reporter()
    idle = result("hooks", status=Status.SKIPPED, decision="skipped")
    idle = replace(idle, task=replace(idle.task, skip="no configuration"))
    assert told(report, stream, run_of(tmp_path, result("lint"), idle)).startswith("running: lint\n")
    assert "hooks" not in stream.getvalue()
