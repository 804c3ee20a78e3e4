"""A run with a bit of everything, built by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from noxline.model.finding import Finding, Severity
from noxline.model.gate import Result, Verdict
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.model.run import Run, TaskResult
from noxline.model.stage import Source
from noxline.model.task import Cause, Outcome, Status, Task

LOGS = Path(__file__).parent / "logs"
RUN_ID = "20260131-142530-9f3a"


def result(name: str, *, needs: tuple[str, ...] = (), decision: str = "ran", **outcome: object) -> TaskResult:
    given = {"status": Status.PASSED, "exit_code": 0, **outcome}
    stage, _, rest = name.partition("-")
    return TaskResult(
        task=Task(name=name, stage=stage, session=name, source=Source.STANDARD, python=rest or None, needs=needs),
        decision=decision,
        outcome=Outcome(task=name, **given),  # type: ignore[arg-type]
    )


def failed(name: str, directory: Path, log: str, **outcome: object) -> TaskResult:
    """Return a failed task whose log is one of the kept real ones."""
    folder = directory / "tasks" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.txt").write_text((LOGS / f"{log}.log").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "output").mkdir(exist_ok=True)
    return result(
        name,
        status=Status.FAILED,
        exit_code=1,
        cause=Cause.EXIT,
        log=folder / "log.txt",
        output=folder / "output",
        **outcome,
    )


def run_of(root: Path, *tasks: TaskResult, **more: object) -> Run:
    base = Run(
        run_id=RUN_ID,
        root=root,
        directory=root / ".noxline" / "runs" / RUN_ID,
        started_at="2026-01-31T14:25:30+00:00",
        status="passed",
        exit_code=0,
        seconds=12.3,
        workers=2,
        tasks=tasks,
        metrics={},
        tools={},
    )
    return replace(base, **more)  # type: ignore[arg-type]


def full_run(root: Path) -> Run:
    """Return a run with two failures of the same cause, a warning one, cancelled and skipped tasks, and all gates."""
    directory = root / ".noxline" / "runs" / RUN_ID
    return run_of(
        root,
        result("lint", started=0.1, seconds=0.9, cpu_seconds=0.8),
        failed("tests-3.11", directory, "tests", started=0.2, seconds=5.1, cpu_seconds=4.9, setup_seconds=1.1),
        failed("tests-3.12", directory, "tests", started=1.0, seconds=6.2, cpu_seconds=5.5, setup_seconds=1.4),
        replace_task(failed("docs", directory, "docs", started=1.1, seconds=2.0, cpu_seconds=1.9), warn_only=True),
        result("security", started=2.5, seconds=4.0, cpu_seconds=3.0),
        result("complexity", decision="reused", seconds=1.5),
        result("coverage", needs=("tests-3.11", "tests-3.12"), status=Status.CANCELLED, cause=Cause.NEED),
        result("hooks", decision="skipped", status=Status.SKIPPED, reason="no hook configuration", exit_code=None),
        result("types", decision="skipped", status=Status.SKIPPED, reason="no type checker", exit_code=None),
        status="failed",
        exit_code=1,
        metrics={
            "complexity.max": Metric(name="complexity.max", value=14, source="radon.json", stage="complexity"),
            "tests.failed": Metric(name="tests.failed", value=8, source="junit.xml", stage="tests"),
        },
        missing=(
            Missing(name="coverage.line_percent", reason="the coverage stage did not run", stage="coverage"),
            Missing(name="dependencies.vulnerable", reason="pip-audit could not reach its data", stage="security"),
        ),
        findings=(
            Finding(tool="bandit", rule="B303", severity=Severity.HIGH, message="weak hash <md5>", file="a.py", line=3),
            Finding(tool="bandit", rule="B101", severity=Severity.LOW, message="assert used", file="b.py", line=9),
        ),
        tools={
            "bandit": ToolReport(tool="bandit", status="worked"),
            "detect-secrets": ToolReport(tool="detect-secrets", status="worked"),
            "pip-audit": ToolReport(tool="pip-audit", status="unavailable", reason="its data is out of reach"),
            "safety": ToolReport(tool="safety", status="unavailable", reason="no database is configured"),
        },
        verdicts=(
            Verdict(
                metric="complexity.max",
                rule="< 10",
                value=14,
                result=Result.FAIL,
                origin="config/gates.toml:3",
                hint="split the most complex functions (a.py:10 parse: 14)",
            ),
            Verdict(
                metric="coverage.line_percent",
                rule=">= 90",
                value=None,
                result=Result.INCONCLUSIVE,
                unit="%",
                hint="the coverage stage did not run",
                origin="config/gates.toml:2",
            ),
            Verdict(metric="tests.seconds", rule="< 300", value=11.25, result=Result.PASS, unit="s"),
            Verdict(
                metric="duplication.percent",
                rule="< 3",
                value=3.5,
                result=Result.WARN,
                unit="%",
                binding=False,
                hint="give the repeated lines one home",
            ),
            Verdict(metric="docs.warnings", rule="== 0", value=None, result=Result.NOT_APPLICABLE, hint="no docs"),
        ),
        warnings=("the durations of earlier runs could not be read",),
        notes=("not a git repository: ignored files are not known",),
    )


def replace_task(given: TaskResult, **changes: object) -> TaskResult:
    return replace(given, task=replace(given.task, **changes))  # type: ignore[arg-type]
