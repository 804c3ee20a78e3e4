"""The one screen at the end of a run: failures first, then gates, time, findings, reports and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from noxline.model.gate import Result
from noxline.model.run import Run
from noxline.model.task import Cause, Status
from noxline.reports.failures import Failure, failures, relative
from noxline.reports.gate_table import gate_lines
from noxline.reports.run_json import findings_by_tool
from noxline.reports.style import Style
from noxline.reports.timing import critical_path, human_seconds, own_seconds, slowest
from noxline.reports.undeclared_table import undeclared_lines

_WITH_LINES = 3  # so many failures are shown with their last lines; the others with cause and command
_REMARKS = 6
_NAMED = 4  # names of what failed in the last line


def summary(run: Run, style: Style) -> str:
    """Return the whole last screen, sections apart by blank lines; its last line is the verdict."""
    sections = (
        failure_lines(run, style),
        _cancelled(run),
        _titled("Gates", gate_lines(run.verdicts, style), style),
        _titled("Without data", _missing(run, style), style),
        _titled("Inputs and outputs", undeclared_lines(run, style), style),
        _time(run, style),
        _findings(run, style),
        _remarks(run, style),
        _reports(run, style),
        [last_line(run, style)],
    )
    return "\n\n".join("\n".join(section) for section in sections if section)


def failure_lines(run: Run, style: Style) -> list[str]:
    """Return each failure with its cause, last lines and the command that repeats it."""
    lines: list[str] = []
    for place, failure in enumerate(failures(run)):
        shown = failure.lines if place < _WITH_LINES and not failure.same_as else ()
        lines += ["", *_failure(failure, shown, style)] if lines else _failure(failure, shown, style)
    return lines


def _failure(failure: Failure, shown: Sequence[str], style: Style) -> list[str]:
    mark = style.paint(style.symbol("warn"), "yellow") if failure.warn_only else style.mark(Status.FAILED)
    words = "failed, only warns," if failure.warn_only else "failed"
    cause = f"the same as {failure.same_as}: {failure.cause}" if failure.same_as else failure.cause
    head = f"{mark} {style.paint(failure.task, 'bold')}  {words} after {human_seconds(failure.seconds)}"
    lines = [head, "  " + style.paint(style.cut(cause, 4 * style.width), "yellow" if failure.warn_only else "red")]
    lines += [style.paint(style.cut(f"  | {line}").rstrip(), "dim") for line in shown]
    lines.append(f"  repeat: {failure.command}")
    return [*lines, f"  log:    {failure.log}"] if failure.log else lines


def _cancelled(run: Run) -> list[str]:
    cancelled = [result for result in run.tasks if result.outcome.status is Status.CANCELLED]
    if not cancelled:
        return []
    words = {
        Cause.NEED: "something they need did not pass",
        Cause.FAIL_FAST: "another task failed",
        Cause.INTERRUPT: "interrupted",
    }
    why = dict.fromkeys(words.get(result.outcome.cause, result.outcome.reason) for result in cancelled)
    names = ", ".join(result.task.name for result in cancelled)
    reasons = "; ".join(reason for reason in why if reason)
    return [f"cancelled: {names}" + (f" ({reasons})" if reasons else "")]


def _titled(title: str, lines: Sequence[str], style: Style) -> list[str]:
    return [style.paint(title, "bold"), *lines] if lines else []


def _missing(run: Run, style: Style) -> list[str]:
    """Return what could not be measured and no verdict above says: metrics of one reason share a line."""
    shown = {verdict.metric for verdict in run.verdicts if verdict.result is Result.INCONCLUSIVE}
    names: dict[str, dict[str, None]] = {}
    for reason, name in (*((m.reason, m.name) for m in run.missing if m.name not in shown), *_unavailable(run)):
        names.setdefault(reason, {})[name] = None
    texts = [f"{', '.join(without)}: {reason}" for reason, without in names.items()]
    return list(chain.from_iterable(style.wrapped(text, "  ") for text in texts))


def _unavailable(run: Run) -> list[tuple[str, str]]:
    """Return reason and name of the tools that could not work and that no missing metric tells of."""
    told = " ".join(missing.reason for missing in run.missing)
    away = [report for report in run.tools.values() if report.status == "unavailable"]
    return [(report.reason, report.tool) for report in away if report.tool not in told]


def _time(run: Run, style: Style) -> list[str]:
    top = slowest(run.tasks)
    if not top:
        return []
    path = critical_path(run.tasks)
    cpu = sum(result.outcome.cpu_seconds for result in run.tasks)
    chain = f" {style.symbol('to')} ".join(path.tasks)
    heads = [
        f"{human_seconds(run.seconds)} wall, {human_seconds(cpu)} cpu, {run.workers} worker{'s' * (run.workers > 1)}",
        f"critical path {human_seconds(path.seconds)}: {chain}",
    ]
    width = max(len(result.task.name) for result in top)
    rows = [
        f"  {result.task.name:<{width}}  {human_seconds(own_seconds(result)):>9}"
        f"  cpu {human_seconds(result.outcome.cpu_seconds):>9}"
        + (f"  environment {human_seconds(result.outcome.setup_seconds)}" if result.outcome.setup_seconds else "")
        for result in top
    ]
    return _titled("Time", [style.cut(f"  {head}") for head in heads] + [style.cut(row) for row in rows], style)


def _findings(run: Run, style: Style) -> list[str]:
    rows: list[str] = []
    for tool, counts in findings_by_tool(run.findings, run.tools).items():
        parts = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
        rows.append(f"{tool} {sum(counts.values())}" + (f" ({parts})" if parts else ""))
    return [style.paint("Findings", "bold") + "  " + ", ".join(rows)] if rows else []


def _remarks(run: Run, style: Style) -> list[str]:
    warnings = [*run.warnings, *(f"{r.task.name}: {text}" for r in run.tasks for text in r.outcome.warnings)]
    lines = [f"{style.paint('warning:', 'yellow')} {text}" for text in dict.fromkeys(warnings)]
    lines += [f"note: {text}" for text in dict.fromkeys(run.notes)]
    more = len(lines) - _REMARKS
    return [*lines[:_REMARKS], f"{style.symbol('wait')} {more} more in run.json"] if more > 0 else lines


def _reports(run: Run, style: Style) -> list[str]:
    directory = relative(run.directory, run.root)
    named = [f"{directory}/report.html"] if (run.directory / "report.html").is_file() else [f"{directory}/"]
    named += [relative(path, run.root) for path in task_reports(run)]
    return [style.paint("Reports", "bold"), *(f"  {name}" for name in named)]


def task_reports(run: Run) -> tuple[Path, ...]:
    """Return what the tasks left for people to open: HTML reports and built distributions."""
    outputs = [result.outcome.output for result in run.tasks if result.outcome.output is not None]
    return tuple(
        path for pattern in ("*/index.html", "dist") for output in outputs for path in sorted(output.glob(pattern))
    )


def last_line(run: Run, style: Style) -> str:
    """Return the verdict: `passed in 12.3 s — 10 ran, 0 reused, 3 skipped`, and the names of what failed."""
    colour = {"passed": "green", "failed": "red"}.get(run.status, "yellow")
    word = run.status if run.exit_code == 0 else f"{run.status} (exit {run.exit_code})"
    text = f"{word} in {human_seconds(run.seconds)} {style.symbol('dash')} {', '.join(_counts(run))}"
    return style.paint(text, colour)


def _counts(run: Run) -> list[str]:
    """Return how many tasks came out how, and how many gates failed."""
    states = Counter(result.outcome.status for result in run.tasks)
    ended = [r.decision for r in run.tasks if r.outcome.status in (Status.PASSED, Status.FAILED)]
    counts = [f"{ended.count('ran')} ran", f"{ended.count('reused')} reused", f"{states[Status.SKIPPED]} skipped"]
    if states[Status.CANCELLED]:
        counts.append(f"{states[Status.CANCELLED]} cancelled")
    return [*counts, *_failed_names(run)]


def _failed_names(run: Run) -> Iterator[str]:
    tasks = [result.task.name for result in run.tasks if result.outcome.status is Status.FAILED]
    gates = [verdict.metric for verdict in run.verdicts if verdict.result is Result.FAIL]
    if tasks:
        yield f"{len(tasks)} failed: {_some(tasks)}"
    if gates:
        yield f"{len(gates)} gate{'s' if len(gates) > 1 else ''} failed: {_some(gates)}"


def _some(names: Sequence[str]) -> str:
    """Return the first names, so that the last line stays one."""
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
