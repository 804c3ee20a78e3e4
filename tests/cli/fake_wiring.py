"""A composition root that runs nothing: it tells what it was asked for and hands back runs built by hand."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

from noxline.errors import ConfigError, UsageError
from noxline.explaining import Explanation
from noxline.graph import TaskGraph
from noxline.model.event import RunStarted, TaskFinished
from noxline.model.gate import Result, Rule, Verdict
from noxline.model.pipeline import Pipeline
from noxline.model.run import Run
from noxline.model.task import Status
from noxline.ports import Reporter
from noxline.preview import Foreseen
from noxline.project import Options
from noxline.selection import Selection
from noxline.settings.facts import NotApplicable, ProjectFacts
from tests.reports.sample import failed, result, run_of

__all__ = ["Options", "explain_task", "foresee", "judge_again", "open_project", "run_project"]

NOTHING = NotApplicable(reason="not configured")
RULE = Rule(metric="complexity.max", operator="<", bound=10, origin="config/gates.toml:3")


def facts(root: Path) -> ProjectFacts:
    return ProjectFacts(
        root=root,
        name="demo",
        installable=True,
        backend="hatchling",
        layout="src",
        sources=("src",),
        modules=("demo",),
        test_dirs=("tests",),
        requires_python=">=3.10",
        pythons=("3.12",),
        tests=NOTHING,
        lint=NOTHING,
        types=NOTHING,
        docs=NOTHING,
        hooks=NOTHING,
        benchmarks=NOTHING,
        workflows=False,
    )


def tasks() -> TaskGraph:
    tests = replace(result("tests-3.12").task, environment="tests-3-12", timeout=60.0)
    coverage = replace(result("coverage", needs=("tests-3.12",)).task, exclusive=True, warn_only=True)
    return TaskGraph.of((tests, coverage, replace(result("hooks").task, skip="no hook configuration")))


def foresee(project: SimpleNamespace, options: Options, warn: object) -> dict[str, Foreseen]:
    return {
        "tests-3.12": Foreseen(decision="run", reasons=("src/a.py changed",)),
        "coverage": Foreseen(decision="depends", reasons=("tests-3.12",)),
        "hooks": Foreseen(decision="skip", reasons=("no hook configuration",)),
    }


def explain_task(
    project: SimpleNamespace, options: Options, task: str, against: str | None, warn: Callable[[str], None]
) -> Explanation:
    warn("the index is damaged")
    told = {
        "tests-3.12": ("run", ("src/a.py changed", "1 more"), "the last result", ("src/a.py changed", "MODE is set")),
        "coverage": ("depends", ("tests-3.12", "lint"), "the last result", ()),
        "hooks": ("skip", ("no hook configuration",), "", ()),
        "lint": ("reuse", (), f"run {against}", ()),
    }
    if task not in told:
        raise UsageError(f"there is no task called {task!r}", hint="did you mean 'lint'?")
    decision, reasons, since, changes = told[task]
    return Explanation(task=task, decision=decision, reasons=reasons, against=since, changes=changes)


def open_project(start: Path, options: Options) -> SimpleNamespace:
    if os.environ.get("FAKE") == "config":
        raise ConfigError("unknown key 'shard'", place="config/pipeline.toml:3", hint="did you mean 'shards'?")
    given = {f.name: getattr(options, f.name) for f in fields(options) if getattr(options, f.name) != f.default}
    Path(start, "asked.txt").write_text(repr(given), encoding="utf-8")
    graph = tasks()
    return SimpleNamespace(
        root=start,
        settings=SimpleNamespace(pipeline=SimpleNamespace(keep_runs=20)),
        facts=facts(start),
        pipeline=Pipeline(root=start, stages=(), pythons=("3.12",), notes=("no git repository",)),
        graph=graph,
        selection=Selection(tasks=tuple(graph.tasks), deselected_stages=("docs",)),
        rules=(RULE,),
    )


def _misfortune() -> None:
    match os.environ.get("FAKE"):
        case "crash":
            raise ZeroDivisionError("a bug")
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device", "/full/disk")
        case "interrupt":
            raise KeyboardInterrupt
        case "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
        case "hang-up":
            os.kill(os.getpid(), signal.SIGHUP)


def run_project(
    project: SimpleNamespace, options: Options, reporters: Sequence[Reporter], *, run_id: str | None = None
) -> Run:
    _misfortune()
    run = run_of(project.root, result("lint", seconds=1.0), judged=options.judged)
    if os.environ.get("FAKE") == "fail":
        bad = failed("types", run.directory, "types", seconds=2.0)
        skipped = result("hooks", decision="skipped", status=Status.SKIPPED, reason="no hook configuration")
        run = replace(run, tasks=(*run.tasks, bad, skipped), status="failed", exit_code=1)
    started = tuple(each.task for each in run.tasks)
    for reporter in reporters:
        reporter.handle(RunStarted(run_id=run.run_id, tasks=started, workers=2, directory=str(run.directory)))
        for each in run.tasks:
            reporter.handle(TaskFinished(outcome=each.outcome, decision=each.decision))
    for reporter in reporters:
        reporter.finish(run)
    return run


def judge_again(root: Path, run_id: str | None) -> Run:
    if run_id == "none":
        raise UsageError("there is no earlier run in this project", hint="start with: noxline ci")
    verdict = Verdict(
        metric="complexity.max", rule="< 10", value=14, result=Result.FAIL, origin=RULE.origin, hint="split it"
    )
    return run_of(root, result("lint"), verdicts=(verdict,), status="failed", exit_code=3)
