"""Run the selected tasks of a project, read what they left, and judge it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path

from noxline.engine.plan import Plan
from noxline.engine.results import LoopResult
from noxline.engine.run_loop import run_tasks
from noxline.errors import ExitCode
from noxline.executors.guard import Guard
from noxline.executors.local import LocalExecutor
from noxline.explaining import FINGERPRINTS, text_of
from noxline.flaky_again import stored_place
from noxline.gates.threshold import ThresholdGate, exit_code
from noxline.input_check import InputCheck
from noxline.lessons import Lessons, learn, naming_tests, saying_how_many
from noxline.metrics.collect import merge, read_cut, read_stage
from noxline.model.event import Event, Judged, Measured, RunFinished, RunStarted, Warned
from noxline.model.gate import Rule
from noxline.model.metric import Metric
from noxline.model.run import Run, TaskResult
from noxline.model.stage import Stage
from noxline.model.task import Outcome, Status, Task
from noxline.model.undeclared import Undeclared
from noxline.nox_bridge.report import interpret, with_notified
from noxline.ports import Reading, Reporter
from noxline.project import Options, Project
from noxline.requests import RequestBuilder
from noxline.reuse import Reuser
from noxline.shard_reuse import all_shards_run
from noxline.sharing import Sharing, share_splits
from noxline.splits import Split
from noxline.state import task_durations
from noxline.system.files import write_atomic
from noxline.system.git_origin import repository
from noxline.system.masking import masker

_STATUS = {
    ExitCode.PASSED: "passed",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.INCONCLUSIVE: "inconclusive",
}


@dataclass
class RunSession:
    """One run from its directory to its verdict; `run` is called once."""

    project: Project
    options: Options
    reporters: Sequence[Reporter]
    reuse: Callable[[RunSession, RequestBuilder], Reuser]
    run_id: str
    warnings: list[str] = field(default_factory=list)
    reuser: Reuser = field(init=False)

    @property
    def directory(self) -> Path:
        """Return the run directory."""
        return self.project.root / ".noxline" / "runs" / self.run_id

    def run(self) -> Run:
        """Run, measure, judge and report."""
        started_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        begun = time.monotonic()
        tasks = tuple(self.project.graph.tasks[name] for name in self.project.selection.tasks)
        self.emit(
            RunStarted(run_id=self.run_id, tasks=tasks, workers=self.project.cores, directory=str(self.directory))
        )
        results, interrupted = self._tasks(begun)
        reading = self._read(results)
        whole = merge(reading.values())
        run = Run(
            run_id=self.run_id,
            root=self.project.root,
            directory=self.directory,
            started_at=started_at,
            status="",
            exit_code=0,
            seconds=time.monotonic() - begun,
            workers=self.project.cores,
            tasks=self._checked(_with_tools(results, reading)),
            metrics=_metrics(whole, time.monotonic() - begun),
            missing=whole.missing,
            findings=whole.findings,
            tools={tool.tool: tool for tool in whole.tools},
            warnings=tuple(self.warnings),
            notes=(*self.project.pipeline.notes, *self.project.facts.notes),
            deselected=self.project.selection.deselected_stages,
            judged=self.options.judged,
        )
        run = judged(
            run,
            self.project.rules if self.options.judged else (),
            standards={stage.name: stage.standard for stage in self.project.pipeline.stages},
            interrupted=interrupted,
        )
        if run.verdicts:
            self.emit(Judged(verdicts=run.verdicts))
        self.emit(RunFinished(status=run.status, exit_code=run.exit_code, seconds=run.seconds))
        for reporter in self.reporters:
            reporter.finish(run)
        return run

    def emit(self, event: Event) -> None:
        """Tell all reporters, and keep warnings for the report."""
        if isinstance(event, Warned):
            self.warnings.append(event.message)
        for reporter in self.reporters:
            reporter.handle(event)

    def _tasks(self, begun: float) -> tuple[tuple[TaskResult, ...], bool]:
        if warning := self.check.warning():
            self.emit(warning)
        tasks = [self.project.graph.tasks[name] for name in self.project.selection.tasks]
        builder = RequestBuilder(
            project=self.project,
            options=self.options,
            run_id=self.run_id,
            directory=self.directory,
            check=self.check,
            all_run=lambda session: all_shards_run(self.reuser, tasks, session),
            split=self._split,
            learn=self._take_knowledge,
            stored=self._stored,
        )
        reuser = self.reuser = self.reuse(self, builder)
        plan = Plan(
            self.project.graph.only(self.project.selection.tasks),
            cpus=self.project.cores,
            durations=task_durations(self.project.root),
        )
        try:
            result = self._loop(plan, builder, begun)
            lessons = self._learn(result.results)
        finally:
            self._close(reuser)
        for said in lessons.warnings:
            self.emit(Warned(message=said))
        return lessons.results, result.interrupted

    def _loop(self, plan: Plan, builder: RequestBuilder, begun: float) -> LoopResult:
        executor = LocalExecutor(mask=masker(os.environ), guard=Guard(self.run_id))
        try:
            return run_tasks(
                plan,
                executor,
                request=builder,
                prepare=builder.ahead,
                decide=self.reuser.decide,
                finish=lambda task, end: self.reuser.finished(task, self._read_end(end, builder.report(task.name))),
                emit=self.emit,
                fail_fast=self.options.fail_fast,
                clock=lambda: time.monotonic() - begun,
            )
        finally:
            executor.close()

    @cached_property
    def _sharing(self) -> Sharing:
        name, root = self.project.facts.name, self.project.root
        return Sharing(root, lambda: f"{name} {repository(root)}", self.reuser.store)

    def _take_knowledge(self) -> None:
        self._sharing.take()

    def _split(self, shard: str) -> Split:
        return self.reuser.fingerprints.split(shard)

    def _stored(self, task: str) -> Path | None:
        return stored_place(self.reuser.place(task)[0])[0] if task in self.reuser.again else None

    def _learn(self, results: tuple[TaskResult, ...]) -> Lessons:
        """Keep what the tests of this run taught, for this clone and for others."""
        lessons = learn(
            self.project,
            results,
            run=self.run_id,
            whole=not self.options.posargs,
            fingerprints={name: made.digest for name, made in self.reuser.made.items()},
            again=self.reuser.again,
        )
        if not self.reuser.rehearses:
            self._sharing.give(results)
            share_splits(self.reuser, results)
        return lessons

    def _close(self, reuser: Reuser) -> None:
        try:
            reuser.close()
            if self.directory.is_dir():
                write_atomic(self.directory / FINGERPRINTS, text_of(reuser.made))
        except OSError as error:
            self.emit(Warned(message=f"what was learnt for the next run cannot be kept: {error}"))

    @cached_property
    def check(self) -> InputCheck:
        """Return what watches tasks of this run, each against the inputs that it really has."""
        return InputCheck(
            project=self.project,
            options=self.options,
            run_id=self.run_id,
            directory=self.directory,
            declare=lambda _project: self.reuser.declared,
        )

    def _checked(self, results: Sequence[TaskResult]) -> tuple[TaskResult, ...]:
        """Return the results with what the tasks that were watched used beyond their declarations."""
        checked = tuple(replace(result, undeclared=self._undeclared(result.task)) for result in results)
        for result in checked:
            passed = result.decision == "ran" and result.outcome.status is Status.PASSED
            if passed and result.undeclared is None and self.check.is_checked(result.task.name):
                self.emit(
                    Warned(message=f"the inputs of {result.task.name} are not checked: no process of it was seen")
                )
        return checked

    def _undeclared(self, task: Task) -> tuple[Undeclared, ...] | None:
        try:
            return self.check.result(task)
        except OSError as error:
            self.emit(Warned(message=f"the inputs of {task.name} could not be checked: {error}"))
            return None

    def _read_end(self, outcome: Outcome, report: Path) -> Outcome:
        """Return the outcome of an attempt with what nox says of it."""
        tasks = [self.project.graph.tasks[name] for name in self.project.selection.tasks]
        names = {name for task in tasks for name in (task.name, task.session, task.stage)}
        return saying_how_many(naming_tests(with_notified(interpret(outcome, report), report, names)))

    def _read(self, results: Sequence[TaskResult]) -> dict[str, Reading]:
        """Return what the reports of each stage hold, of the tasks that were started."""
        readings: dict[str, Reading] = {}
        for stage in self.project.pipeline.stages:
            outcomes = [r.outcome for r in results if r.task.stage == stage.name and _left_something(r.outcome)]
            if outcomes:
                reading = readings[stage.name] = self._reading(stage, outcomes)
                self.emit(
                    Measured(
                        stage=stage.name,
                        metrics=reading.metrics,
                        missing=reading.missing,
                        findings=reading.findings,
                    )
                )
        return readings

    def _reading(self, stage: Stage, outcomes: Sequence[Outcome]) -> Reading:
        """Return what one stage's reports hold; the figures of tasks that were cancelled meanwhile are missing."""
        root, name, standard = self.project.root, stage.name, stage.standard
        cut = [outcome for outcome in outcomes if outcome.status is Status.CANCELLED]
        ended = [outcome.output for outcome in outcomes if outcome not in cut and outcome.output]
        whole = read_stage(name, standard, ended, root)
        if not cut:
            return whole
        reason = f"{cut[0].task} was cancelled: {cut[0].reason}"
        left = [one.output for one in cut if one.output]
        return merge([whole, read_cut(name, standard, left, root, others=whole, reason=reason)])


def _left_something(outcome: Outcome) -> bool:
    return outcome.output is not None and outcome.output.is_dir()


def _metrics(whole: Reading, seconds: float) -> dict[str, Metric]:
    own = Metric(name="pipeline.seconds", value=round(seconds, 3), unit="s", source="run.json")
    return {metric.name: metric for metric in (*whole.metrics, own)}


def _with_tools(results: Sequence[TaskResult], readings: Mapping[str, Reading]) -> tuple[TaskResult, ...]:
    return tuple(
        replace(result, tools=readings[result.task.stage].tools) if result.task.stage in readings else result
        for result in results
    )


def judged(run: Run, rules: Sequence[Rule], *, standards: Mapping[str, str], interrupted: bool = False) -> Run:
    """Return the run with its verdicts, status and exit code; `standards` says what each stage stands for."""
    verdicts = ThresholdGate(lambda stage: standards.get(stage, "")).judge(rules, run) if run.judged else ()
    failed = any(r.outcome.status is Status.FAILED and not r.task.warn_only for r in run.tasks)
    code = exit_code(failed=failed, verdicts=verdicts, interrupted=interrupted)
    if code is ExitCode.PASSED and not _anything_ran(run) and not _all_left_out(run):
        code = ExitCode.INCONCLUSIVE
    return replace(run, verdicts=verdicts, exit_code=int(code), status=_STATUS.get(code, "failed"))


def _anything_ran(run: Run) -> bool:
    return any(result.outcome.status in (Status.PASSED, Status.FAILED) for result in run.tasks)


def _all_left_out(run: Run) -> bool:
    """Tell whether tasks had nothing to do because no change reaches them, which is no lack of results."""
    return any(result.task.stage in run.deselected for result in run.tasks)
