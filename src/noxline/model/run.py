"""One invocation: tasks, outcomes, metrics, findings, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from noxline.model.finding import Finding
from noxline.model.gate import Verdict
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.model.task import Outcome, Task
from noxline.model.undeclared import Undeclared


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskResult:
    """A task with its decision ("ran", "reused", "skipped"), outcome and the tools that worked in it.

    `undeclared` is what it used beyond what its stage declares; None when that was not checked.
    """

    task: Task
    decision: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    source: str | None = None
    saved_seconds: float = 0.0
    tools: tuple[ToolReport, ...] = ()
    undeclared: tuple[Undeclared, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Everything known of one invocation once it is over; `directory` is the run directory.

    `judged` is false for `noxline run`, which judges no gates. `deselected` names stages left out by --only/--skip.
    """

    run_id: str
    root: Path
    directory: Path
    started_at: str
    status: str
    exit_code: int
    seconds: float
    workers: int
    tasks: tuple[TaskResult, ...]
    metrics: Mapping[str, Metric]
    missing: tuple[Missing, ...] = ()
    findings: tuple[Finding, ...] = ()
    tools: Mapping[str, ToolReport]
    verdicts: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()
    judged: bool = True
