"""From outcomes and figures to the status and the exit code of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from noxline.inputs.lots import new_run_id
from noxline.model.gate import Rule
from noxline.model.metric import Metric
from noxline.model.run import Run, TaskResult
from noxline.model.stage import Source
from noxline.model.task import Outcome, Status, Task
from noxline.running import judged

RULE = Rule(metric="coverage.line_percent", operator=">=", bound=90, origin="config/gates.toml:2", binding=True)


def result(name: str, status: Status, *, warn_only: bool = False) -> TaskResult:
    task = Task(name=name, stage=name, session=name, source=Source.STANDARD, warn_only=warn_only)
    return TaskResult(task=task, decision="ran", outcome=Outcome(task=name, status=status))


def run_of(*tasks: TaskResult, covered: float | None = 95.0) -> Run:
    metrics = {}
    if covered is not None:
        metrics[RULE.metric] = Metric(name=RULE.metric, value=covered, unit="%", stage="coverage")
    return Run(
        run_id="20260101-000000-abcd",
        root=Path("/p"),
        directory=Path("/p/.noxline/runs/x"),
        started_at="",
        status="",
        exit_code=0,
        seconds=1.0,
        workers=2,
        tasks=tasks,
        metrics=metrics,
        tools={},
    )


PASSED, FAILED = result("coverage", Status.PASSED), result("lint", Status.FAILED)


@pytest.mark.parametrize(
    ("run", "interrupted", "code", "status"),
    [
        (run_of(PASSED), False, 0, "passed"),
        (run_of(PASSED, FAILED), False, 1, "failed"),
        (run_of(PASSED, result("lint", Status.FAILED, warn_only=True)), False, 0, "passed"),
        (run_of(PASSED, covered=80.0), False, 3, "failed"),
        (run_of(PASSED, FAILED, covered=80.0), False, 1, "failed"),
        (run_of(PASSED, covered=None), False, 4, "inconclusive"),
        (run_of(PASSED, FAILED), True, 130, "interrupted"),
        (run_of(result("hooks", Status.SKIPPED)), False, 4, "inconclusive"),
        # No change reaches it: that nothing ran is then what was asked for.
        (
            replace(run_of(result("coverage", Status.SKIPPED), covered=None), deselected=("coverage",)),
            False,
            0,
            "passed",
        ),
    ],
)
def test_status_and_exit_code(run: Run, interrupted: bool, code: int, status: str) -> None:
    ended = judged(run, [RULE], standards={"coverage": "coverage"}, interrupted=interrupted)
    assert (ended.exit_code, ended.status) == (code, status)


def test_a_run_without_gates_judges_none() -> None:
    ended = judged(replace(run_of(PASSED, covered=10.0), judged=False), [RULE], standards={})
    assert (ended.verdicts, ended.exit_code) == ((), 0)


def test_run_ids_differ_and_sort_by_time() -> None:
    ids = {new_run_id() for _ in range(50)}
    assert len(ids) > 1
    assert all(len(i) == len("20260131-142530-9f3a") for i in ids)
