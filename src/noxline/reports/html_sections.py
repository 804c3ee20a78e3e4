"""The parts of the HTML report, each a string; everything that comes from outside is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from noxline.model.finding import Severity
from noxline.model.gate import Result, Verdict
from noxline.model.run import Run, TaskResult
from noxline.model.task import Status
from noxline.reports.failures import Failure, failures
from noxline.reports.gate_table import NO_GATES_WRITTEN, only_defaults, shown
from noxline.reports.html_timeline import timeline
from noxline.reports.timing import critical_path, human_seconds

_MOST_FINDINGS = 300
_TONES = {
    Status.PASSED: "pass",
    Status.FAILED: "fail",
    Status.SKIPPED: "skip",
    Status.CANCELLED: "skip",
    Result.PASS: "pass",
    Result.FAIL: "fail",
    Result.WARN: "warn",
    Result.INCONCLUSIVE: "warn",
    Result.NOT_APPLICABLE: "skip",
    Result.NOT_JUDGED: "skip",
}
_SEVERITY_TONES = {Severity.CRITICAL: "fail", Severity.HIGH: "fail", Severity.MEDIUM: "warn", Severity.LOW: "skip"}


def header(run: Run, last_line: str) -> str:
    """Return the verdict, when it was reached, and where."""
    tone = {"passed": "pass", "failed": "fail"}.get(run.status, "warn")
    word, _, rest = last_line.partition(" — ")
    origin = f"run {run.run_id}, started {run.started_at}, {run.workers} workers"
    return (
        f'<header class="verdict {tone}"><h1>{escape(run.root.name)} {escape(word)}</h1>'
        f'<p>{escape(rest)}</p><p class="soft">{escape(origin)}</p></header>'
    )


def failure_section(run: Run) -> str:
    """Return each failure with its cause, the end of its log and the command that repeats it."""
    found = failures(run, lines=60)
    return _section("Failures", "".join(_failure(failure, run) for failure in found)) if found else ""


def _failure(failure: Failure, run: Run) -> str:
    lines = escape("\n".join(failure.lines))
    log = f' <a href="{_link(run.root / failure.log, run.directory)}">whole log</a>' if failure.log else ""
    same = f"the same as {failure.same_as}: " if failure.same_as else ""
    opened = "" if failure.same_as or failure.warn_only else " open"
    warns = " only-warns" if failure.warn_only else ""
    ending = f"<details{opened}><summary>last lines</summary><pre>{lines}</pre></details>" if lines else ""
    return (
        f'<div class="failure{warns}"><h3>{escape(failure.task)} <span class="soft">after '
        f'{human_seconds(failure.seconds)}</span></h3><p class="cause">{escape(same + failure.cause)}</p>{ending}'
        f'<span class="soft">repeat:</span> <code>{escape(failure.command)}</code>{log}</div>'
    )


def gate_section(run: Run) -> str:
    """Return the judged rules, those that need attention first, and the ones that were not judged."""
    order = [Result.FAIL, Result.INCONCLUSIVE, Result.WARN, Result.PASS, Result.NOT_JUDGED, Result.NOT_APPLICABLE]
    verdicts = sorted(run.verdicts, key=lambda verdict: order.index(verdict.result))
    if not verdicts:
        return ""
    note = NO_GATES_WRITTEN if only_defaults(verdicts) else ""
    table = _table(("Metric", "#Value", "Bound", "Verdict", "What to do"), map(_gate_row, verdicts))
    return _section("Gates", table, note)


def _gate_row(verdict: Verdict) -> tuple[str, ...]:
    value = shown(verdict) if verdict.value is not None else ""
    hint = "" if verdict.result is Result.PASS else verdict.hint
    tag = _tag(verdict.result.value.replace("_", " "), _TONES[verdict.result])
    bound = f'<span class="bound">{escape(verdict.rule)}</span>'
    advice = f'<span class="hint">{escape(hint)}</span>' if hint else ""
    return escape(verdict.metric), escape(value), bound, tag, advice


def timeline_section(run: Run) -> str:
    """Return the chart of when each task ran, and the critical path in words."""
    chart = timeline(run)
    if not chart:
        return ""
    path = critical_path(run.tasks)
    key = (
        '<div class="key"><span><i style="background:var(--bar)"></i>ran</span>'
        '<span><i style="background:var(--setup)"></i>environment</span>'
        '<span><i style="background:var(--fail)"></i>failed</span><span>bold: on the critical path</span></div>'
    )
    return _section("Time", chart + key, f"critical path {human_seconds(path.seconds)}: {' → '.join(path.tasks)}")


def task_section(run: Run) -> str:
    """Return all tasks with their status, time, reasons and log."""
    rows = (_task_row(result, run) for result in run.tasks)
    return _section("Tasks", _table(("Task", "Status", "#Seconds", "#CPU", "Why", "Log"), rows))


def _task_row(result: TaskResult, run: Run) -> tuple[str, ...]:
    outcome = result.outcome
    status = outcome.status.value if result.decision != "reused" else "reused"
    why = outcome.reason or "; ".join(result.reasons)
    log = f'<a href="{_link(outcome.log, run.directory)}">log</a>' if outcome.log and outcome.log.is_file() else ""
    took = [f"{outcome.seconds:.1f}", f"{outcome.cpu_seconds:.1f}"] if outcome.seconds else ["", ""]
    return escape(result.task.name), _tag(status, _TONES[outcome.status]), *took, escape(why), log


def finding_section(run: Run) -> str:
    """Return the findings, the worst first; very many are cut, for run.json has them all."""
    if not run.findings:
        return ""
    order = list(Severity)
    ordered = sorted(run.findings, key=lambda f: (order.index(f.severity), f.tool, f.file, f.line or 0))
    rows = (
        (
            _tag(finding.severity.value, _SEVERITY_TONES[finding.severity]),
            escape(f"{finding.tool} {finding.rule}".strip()),
            escape(f"{finding.file}:{finding.line}" if finding.line else finding.file),
            escape(finding.message),
        )
        for finding in ordered[:_MOST_FINDINGS]
    )
    note = f"the first {_MOST_FINDINGS} of {len(ordered)}; all are in run.json" if len(ordered) > _MOST_FINDINGS else ""
    return _section("Findings", _table(("Severity", "Rule", "Place", "Problem"), rows), note)


def remark_section(run: Run) -> str:
    """Return warnings, notes and what could not be measured."""
    rows = [("warning", text) for text in run.warnings]
    rows += [("warning", f"{r.task.name}: {text}") for r in run.tasks for text in r.outcome.warnings]
    rows += [("no data", f"{missing.name}: {missing.reason}") for missing in run.missing]
    rows += [("note", text) for text in run.notes]
    cells = [(_tag(kind, "skip" if kind == "note" else "warn"), escape(text)) for kind, text in dict.fromkeys(rows)]
    return _section("Remarks", _table(("Kind", "Text"), cells)) if cells else ""


def link_section(run: Run, reports: Sequence[Path]) -> str:
    """Return links to the reports that the tasks left and to the run's own files."""
    own = [run.directory / name for name in ("run.json", "verdict.json", "events.jsonl")]
    links = [(path.name, path) for path in own if path.is_file()]
    links += [(path.relative_to(run.directory / "tasks").as_posix(), path) for path in reports]
    items = "".join(f'<li><a href="{_link(path, run.directory)}">{escape(name)}</a></li>' for name, path in links)
    return _section("Reports", f'<ul class="links">{items}</ul>') if items else ""


def _section(title: str, content: str, note: str = "") -> str:
    small = f"<small>{escape(note)}</small>" if note else ""
    return f'<section><h2>{escape(title)}{small}</h2><div class="card">{content}</div></section>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already; a head that begins with # is a column of numbers."""
    kinds = [' class="number"' if head.startswith("#") else "" for head in heads]
    top = "".join(f"<th{kind}>{escape(head.lstrip('#'))}</th>" for head, kind in zip(heads, kinds, strict=True))
    kinds[0] = kinds[0] or ' class="name"'
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _tag(text: str, tone: str) -> str:
    return f'<span class="tag {tone}">{escape(text)}</span>'


def _link(path: Path, directory: Path) -> str:
    """Return a link that works wherever the run directory is moved to."""
    inside = path.is_relative_to(directory)
    return quote(path.relative_to(directory).as_posix()) if inside else escape(path.as_uri(), quote=True)
