from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from noxline.model.event import (
    Event,
    Judged,
    Measured,
    RunFinished,
    RunningTask,
    RunStarted,
    StillRunning,
    TaskFinished,
    TaskOutput,
    TaskPrepared,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
    Warned,
)
from noxline.model.finding import Finding, Severity
from noxline.model.gate import Result, Verdict
from noxline.model.metric import Metric, Missing
from noxline.model.stage import Source
from noxline.model.task import Outcome, Status, Task
from noxline.reports.events import encode, event_name

TASK = Task(name="lint", stage="lint", session="lint", source=Source.STANDARD)
OUTCOME = Outcome(task="lint", status=Status.PASSED, output=Path("/r/output"))
EVENTS: tuple[Event, ...] = (
    RunStarted(run_id="r", tasks=(TASK,), workers=2, directory="/r"),
    TaskStarted(task="lint", at=1.5),
    TaskWaiting(task="lint", at=2.25),
    TaskPrepared(task="lint", at=2.5, seconds=1.0),
    TaskOutput(task="lint", lines=("a",)),
    TaskRetried(task="lint", outcome=OUTCOME),
    TaskFinished(outcome=OUTCOME, decision="ran", reasons=("first run",)),
    StillRunning(at=3.0, tasks=(RunningTask(task="lint", seconds=1.5, preparing=False),)),
    Measured(
        stage="lint",
        metrics=(Metric(name="m", value=1.0),),
        missing=(Missing(name="n", reason="why"),),
        findings=(Finding(tool="t", rule="R1", severity=Severity.LOW, message="m"),),
    ),
    Judged(verdicts=(Verdict(metric="m", rule="< 1", value=1.0, result=Result.FAIL),)),
    Warned(message="w"),
    RunFinished(status="passed", exit_code=0, seconds=3.0),
)


def test_every_kind_of_event_is_tried_here() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_one_line_of_json(event: Event) -> None:
    encoded = encode(event, at=9.0)
    assert json.loads(json.dumps(encoded)) == encoded
    assert encoded["event"] == event_name(type(event))
    assert encoded["at"] == getattr(event, "at", 9.0)


def test_an_event_in_full() -> None:
    encoded = encode(TaskFinished(outcome=OUTCOME, decision="ran", reasons=("first run",)), at=3.14159)
    assert encoded["event"] == "task-finished"
    assert encoded["at"] == 3.142
    assert encoded["decision"] == "ran"
    assert encoded["reasons"] == ["first run"]
    assert encoded["outcome"]["status"] == "passed"
    assert encoded["outcome"]["output"] == "/r/output"
