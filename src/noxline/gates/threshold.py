"""The gate that holds metrics against fixed bounds, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from noxline.errors import PRECEDENCE, ExitCode
from noxline.gates.defaults import producer
from noxline.gates.hints import remedy
from noxline.model.gate import Result, Rule, Verdict
from noxline.model.metric import Metric
from noxline.model.run import Run, TaskResult
from noxline.model.task import Outcome, Status

# What is counted can only grow when the rest is counted too: past its bound it fails whatever the rest says.
_GROWING = ("security.", "secrets.", "dependencies.", "complexity.max", "complexity.over_10", "docs.", "tests.")
_UPPER_BOUNDS = ("<", "<=", "==")


@dataclass(frozen=True, slots=True)
class ThresholdGate:
    """Judges rules; `standard_of` tells which standard stage a project's own stage stands for (or "")."""

    standard_of: Callable[[str], str | None] = str

    def judge(self, rules: Sequence[Rule], run: Run) -> tuple[Verdict, ...]:
        """Return a verdict for each rule, in the order of the rules."""
        return tuple(self._verdict(rule, run) for rule in rules)

    def _verdict(self, rule: Rule, run: Run) -> Verdict:
        metric = run.metrics.get(rule.metric)
        gaps = tuple(dict.fromkeys(missing.reason for missing in run.missing if missing.name == rule.metric))
        if gaps and not (metric and _fails_anyway(rule, metric)):
            result, hint = Result.INCONCLUSIVE, "; ".join(gaps)
        else:
            result, hint = _against(rule, metric) if metric else self._without_metric(rule, run)
        return Verdict(
            metric=rule.metric,
            rule=rule.text,
            value=metric.value if metric else None,
            result=result,
            hint=hint,
            unit=metric.unit if metric else "",
            origin=rule.origin,
            binding=rule.binding,
        )

    def _without_metric(self, rule: Rule, run: Run) -> tuple[Result, str]:
        """Return how a rule comes out of whose metric nothing at all is known, and why."""
        standard = producer(rule.metric)
        there = [result for result in run.tasks if result.task.stage not in run.deselected]
        tasks = [result for result in there if self._stands_for(result.task.stage, standard)]
        return _without_figure(rule, tasks) if tasks else self._without_stage(rule, standard, run)

    def _without_stage(self, rule: Rule, standard: str, run: Run) -> tuple[Result, str]:
        left_out = [name for name in run.deselected if not standard or self._stands_for(name, standard)]
        if left_out:
            why = {result.task.skip for result in run.tasks if result.task.stage in left_out} - {""}
            return Result.NOT_JUDGED, f"left out of this run: {', '.join(left_out)}{_because(why)}"
        if standard:
            return _not_applicable(rule, f"there is no stage {standard!r} in this pipeline")
        return Result.INCONCLUSIVE, f"no stage of this run gave {rule.metric}"

    def _stands_for(self, stage: str, standard: str) -> bool:
        return bool(standard) and standard in (stage, stage.removeprefix("standard-"), self.standard_of(stage))


def _because(reasons: Collection[str]) -> str:
    return f" ({', '.join(sorted(reasons))})" if reasons else ""


def _against(rule: Rule, metric: Metric) -> tuple[Result, str]:
    if rule.holds(metric.value):
        return Result.PASS, ""
    return (Result.FAIL if rule.binding else Result.WARN), remedy(metric)


def _fails_anyway(rule: Rule, metric: Metric) -> bool:
    grows = metric.name.startswith(_GROWING) and rule.operator in _UPPER_BOUNDS
    return grows and metric.value >= rule.bound and not rule.holds(metric.value)


def _without_figure(rule: Rule, tasks: Sequence[TaskResult]) -> tuple[Result, str]:
    if all(result.task.skip for result in tasks):
        return _not_applicable(rule, f"{tasks[0].task.stage}: {tasks[0].task.skip}")
    return Result.INCONCLUSIVE, _why_no_figure(rule, tasks)


def _not_applicable(rule: Rule, reason: str) -> tuple[Result, str]:
    """A default does not apply then; what the user wrote down was meant to be judged."""
    return (Result.INCONCLUSIVE if rule.binding else Result.NOT_APPLICABLE), reason


def _why_no_figure(rule: Rule, tasks: Sequence[TaskResult]) -> str:
    for status in (Status.FAILED, Status.CANCELLED, Status.SKIPPED):
        for result in tasks:
            if result.outcome.status is status:
                return f"{result.task.name} {status.value}{_detail(result.outcome)}"
    return f"{tasks[0].task.name} left no report that gives {rule.metric}"


def _detail(outcome: Outcome) -> str:
    if outcome.reason:
        return f": {outcome.reason}"
    return f" with exit code {outcome.exit_code}" if outcome.exit_code else ""


def exit_code(*, failed: bool, verdicts: Sequence[Verdict], interrupted: bool) -> ExitCode:
    """Return the exit code of a run, by precedence; a rule that only warns cannot change it."""
    binding = {verdict.result for verdict in verdicts if verdict.binding}
    applies = {
        ExitCode.INTERRUPTED: interrupted,
        ExitCode.TASK_FAILED: failed,
        ExitCode.GATE_FAILED: Result.FAIL in binding,
        ExitCode.INCONCLUSIVE: Result.INCONCLUSIVE in binding,
    }
    return next((code for code in PRECEDENCE if applies.get(code)), ExitCode.PASSED)
