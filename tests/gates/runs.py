"""Make runs to judge, with nothing in them but what a gate looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from noxline.model.metric import Metric, Missing
from noxline.model.run import Run, TaskResult
from noxline.model.stage import Source
from noxline.model.task import Cause, Outcome, Status, Task


def task(stage: str, status: Status = Status.PASSED, *, skip: str = "", reason: str = "") -> TaskResult:
    failed = status is Status.FAILED
    return TaskResult(
        task=Task(name=stage, stage=stage, session=stage, source=Source.STANDARD, skip=skip),
        decision="skipped" if skip else "ran",
        outcome=Outcome(
            task=stage,
            status=status,
            reason=reason,
            cause=Cause.EXIT if failed else Cause.NONE,
            exit_code=int(failed),
        ),
    )


def run(
    tasks: Sequence[TaskResult] = (),
    *,
    metrics: Mapping[str, float | Metric] | None = None,
    missing: Mapping[str, str] | None = None,
    deselected: tuple[str, ...] = (),
) -> Run:
    given = metrics or {}
    return Run(
        run_id="r",
        root=Path("/p"),
        directory=Path("/p/.noxline/runs/r"),
        started_at="",
        status="",
        exit_code=0,
        seconds=1.0,
        workers=2,
        tasks=tuple(tasks),
        metrics={n: v if isinstance(v, Metric) else Metric(name=n, value=v) for n, v in given.items()},
        missing=tuple(Missing(name=name, reason=reason) for name, reason in (missing or {}).items()),
        tools={},
        deselected=deselected,
    )
