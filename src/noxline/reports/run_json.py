"""The run as a JSON document (schema 1, the machine-readable contract), and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from enum import Enum
from pathlib import Path
from typing import Any

from noxline.errors import UsageError
from noxline.model.finding import Finding, Severity
from noxline.model.gate import Result, Verdict
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.model.run import Run, TaskResult
from noxline.model.stage import Source
from noxline.model.task import Cause, Outcome, Status, Task
from noxline.model.undeclared import Undeclared, Use
from noxline.reports.timing import critical_path

SCHEMA = 1
# These fields of a task stand at the top of its entry; all others are under "definition".
_TOP = ("name", "stage", "python", "shard", "needs")


def to_document(run: Run) -> dict[str, Any]:
    """Return the run as plain data; every path in it is relative to the run directory."""
    path = critical_path(run.tasks)
    return {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "started_at": run.started_at,
        "status": run.status,
        "exit_code": run.exit_code,
        "seconds": run.seconds,
        "cpu_seconds": sum(result.outcome.cpu_seconds for result in run.tasks),
        "workers": run.workers,
        "judged": run.judged,
        "deselected": list(run.deselected),
        "critical_path": {"seconds": path.seconds, "tasks": list(path.tasks)},
        "tasks": [_task(result, run.directory) for result in run.tasks],
        "metrics": {name: _without(asdict(metric), "name") for name, metric in run.metrics.items()},
        "missing": [asdict(missing) for missing in run.missing],
        "verdicts": verdict_rows(run.verdicts),
        "findings": _findings(run.findings, run.tools),
        "tools": {key: asdict(report) for key, report in run.tools.items()},
        "warnings": list(run.warnings),
        "notes": list(run.notes),
    }


def verdict_document(run: Run, *, commit: str = "") -> dict[str, Any]:
    """Return what later steps (promotion, deployment) need to know of a run: its verdict and what was judged."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "status": run.status,
        "exit_code": run.exit_code,
        "verdicts": verdict_rows(run.verdicts),
    }
    return {**document, "commit": commit} if commit else document


def verdict_rows(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts as plain data."""
    return [{**asdict(verdict), "result": verdict.result.value} for verdict in verdicts]


def severities(findings: Iterable[Finding]) -> dict[str, int]:
    """Count findings by severity; every severity appears, the worst first."""
    counts = {severity.value: 0 for severity in Severity}
    for finding in findings:
        counts[finding.severity.value] += 1
    return counts


def findings_by_tool(findings: Sequence[Finding], tools: Mapping[str, ToolReport]) -> dict[str, dict[str, int]]:
    """Count findings by tool and severity: a tool that worked appears, with zeros; one that did not is absent."""
    names = {report.tool for report in tools.values() if report.status == "worked"}
    names |= {finding.tool for finding in findings}
    return {name: severities(f for f in findings if f.tool == name) for name in sorted(names)}


def _findings(findings: Sequence[Finding], tools: Mapping[str, ToolReport]) -> dict[str, Any]:
    return {
        "total": len(findings),
        "by_severity": severities(findings),
        "by_tool": findings_by_tool(findings, tools),
        "items": [{**asdict(finding), "severity": finding.severity.value} for finding in findings],
    }


def _task(result: TaskResult, directory: Path) -> dict[str, Any]:
    task, outcome = result.task, result.outcome
    rest = {f.name: _plain(getattr(task, f.name)) for f in fields(task) if f.name not in _TOP}
    return {
        "name": task.name,
        "stage": task.stage,
        "python": task.python,
        "shard": list(task.shard) if task.shard else None,
        "status": outcome.status.value,
        "decision": result.decision,
        "source": result.source,
        "reasons": list(result.reasons),
        "started": outcome.started,
        "seconds": outcome.seconds,
        "cpu_seconds": outcome.cpu_seconds,
        "setup_seconds": outcome.setup_seconds,
        "waited_seconds": outcome.waited_seconds,
        "saved_seconds": result.saved_seconds,
        "attempts": outcome.attempts,
        "needs": list(task.needs),
        "exit_code": outcome.exit_code,
        "cause": outcome.cause.value,
        "reason": outcome.reason,
        "output": _relative(outcome.output, directory),
        "log": _relative(outcome.log, directory),
        "warnings": list(outcome.warnings),
        "tools": [asdict(report) for report in result.tools],
        "undeclared": None if result.undeclared is None else [_undeclared(one) for one in result.undeclared],
        "definition": rest,
    }


def _undeclared(one: Undeclared) -> dict[str, Any]:
    return {"use": one.use.value, "names": list(one.names), "count": one.count, "line": one.line}


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


def _relative(path: Path | None, directory: Path) -> str | None:
    if path is None:
        return None
    return path.relative_to(directory).as_posix() if path.is_relative_to(directory) else str(path)


def from_document(document: Mapping[str, Any], directory: Path) -> Run:
    """Return the run that a document in a run directory describes; raise UsageError for another schema."""
    if document.get("schema") != SCHEMA:
        raise UsageError(
            f"this run was written with schema {document.get('schema')!r}; this noxline reads schema {SCHEMA}",
            place=str(directory / "run.json"),
            hint="run noxline ci again",
        )
    return Run(
        run_id=document["run_id"],
        root=directory.parent.parent.parent,
        directory=directory,
        started_at=document["started_at"],
        status=document["status"],
        exit_code=document["exit_code"],
        seconds=document["seconds"],
        workers=document["workers"],
        tasks=tuple(_result(row, directory) for row in document["tasks"]),
        metrics={name: Metric(name=name, **row) for name, row in document["metrics"].items()},
        missing=tuple(Missing(**row) for row in document["missing"]),
        findings=tuple(_finding(row) for row in document["findings"]["items"]),
        tools={key: ToolReport(**row) for key, row in document["tools"].items()},
        verdicts=tuple(_verdict(row) for row in document["verdicts"]),
        warnings=tuple(document["warnings"]),
        notes=tuple(document["notes"]),
        deselected=tuple(document["deselected"]),
        judged=document["judged"],
    )


def _verdict(row: Mapping[str, Any]) -> Verdict:
    return Verdict(**{**row, "result": Result(row["result"])})


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(**{**row, "severity": Severity(row["severity"])})


def _result(row: Mapping[str, Any], directory: Path) -> TaskResult:
    return TaskResult(
        task=_task_of(row),
        decision=row["decision"],
        outcome=_outcome(row, directory),
        reasons=tuple(row["reasons"]),
        source=row["source"],
        saved_seconds=row["saved_seconds"],
        tools=tuple(ToolReport(**tool) for tool in row["tools"]),
        undeclared=_undeclared_of(row.get("undeclared")),
    )


def _undeclared_of(rows: Sequence[Mapping[str, Any]] | None) -> tuple[Undeclared, ...] | None:
    if rows is None:
        return None
    return tuple(Undeclared(**{**row, "use": Use(row["use"]), "names": tuple(row["names"])}) for row in rows)


def _task_of(row: Mapping[str, Any]) -> Task:
    known = {f.name for f in fields(Task)}
    rest = {key: value for key, value in row["definition"].items() if key in known}
    rest["source"] = Source(rest["source"])
    shard = row["shard"]
    return Task(
        name=row["name"],
        stage=row["stage"],
        python=row["python"],
        shard=(shard[0], shard[1]) if shard else None,
        needs=tuple(row["needs"]),
        **rest,
    )


def _outcome(row: Mapping[str, Any], directory: Path) -> Outcome:
    return Outcome(
        task=row["name"],
        status=Status(row["status"]),
        exit_code=row["exit_code"],
        cause=Cause(row["cause"]),
        reason=row["reason"],
        started=row["started"],
        seconds=row["seconds"],
        cpu_seconds=row["cpu_seconds"],
        setup_seconds=row["setup_seconds"],
        waited_seconds=row.get("waited_seconds", 0.0),
        attempts=row["attempts"],
        output=directory / row["output"] if row["output"] is not None else None,
        log=directory / row["log"] if row["log"] is not None else None,
        warnings=tuple(row["warnings"]),
    )
