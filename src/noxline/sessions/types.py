"""The standard stage `types`: the type checkers that the project configures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from noxline.model.finding import Finding, Severity
from noxline.model.metric import ToolReport
from noxline.model.stage import NotApplicable
from noxline.sessions.command import Completed, capture, show
from noxline.sessions.output import write_tools
from noxline.sessions.sarif import write_sarif
from noxline.sessions.tools import install_tool, prepared
from noxline.settings.facts import ProjectFacts, Tool

if TYPE_CHECKING:
    import nox

_MYPY_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::\d+)*: error: (?P<text>.*?)(?:  \[(?P<code>[\w-]+)\])?$")
_PYRIGHT_SEVERITY = {"error": Severity.MEDIUM, "warning": Severity.LOW}


def run_types(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `types.sarif`; fail when a checker does."""
    if isinstance(facts.types, NotApplicable):
        session.skip(facts.types.reason)
    for tool in facts.types:
        install_tool(session, facts, tool)
    output = prepared(session)
    if output is None:
        return
    reports, findings, failed = [], [], []
    for tool in facts.types:
        done, found = _check(session, facts, tool)
        problem = _could_not_work(tool, done, found)
        reports.append(_report(tool, problem))
        findings += found
        if done.code:
            failed.append(f"{tool.name} {f'could not work: {problem}' if problem else 'found problems'}")
    write_tools(output, reports)
    write_sarif(output / "types.sarif", _working(reports), findings)
    if failed:
        session.error("; ".join(failed))


def _working(reports: Sequence[ToolReport]) -> list[str]:
    return [report.tool for report in reports if report.status == "worked"]


def _report(tool: Tool, problem: str) -> ToolReport:
    return ToolReport(tool=tool.name, status="unavailable" if problem else "worked", reason=problem)


def _check(session: nox.Session, facts: ProjectFacts, tool: Tool) -> tuple[Completed, list[Finding]]:
    directory = facts.root / tool.directory
    known = _PARSERS.get(tool.name)
    options, parse = known(facts.root) if known else ((), _no_findings)
    done = capture(session, *tool.command, *options, env=dict(tool.env), directory=directory)
    findings = parse(done.out)
    if "--outputjson" in options and findings:
        for finding in findings:
            show(f"{finding.file}:{finding.line}: {finding.message} [{finding.rule}]")
    else:
        show(done.out)
    show(done.err)
    return done, [_in_project(finding, tool.directory) for finding in findings]


def _no_findings(text: str) -> list[Finding]:
    """Stand for the parser of a checker whose output noxline does not read: its exit code decides alone."""
    del text
    return []


Parser = Callable[[str], list[Finding]]


def _mypy(root: Path) -> tuple[tuple[str, ...], Parser]:
    cache = root / ".noxline" / "cache" / "mypy"
    options = ("--cache-dir", str(cache), "--no-pretty", "--no-color-output", "--show-error-codes")
    return options, mypy_findings


def _pyright(root: Path) -> tuple[tuple[str, ...], Parser]:
    return ("--outputjson",), lambda text: pyright_findings(text, root)


_PARSERS: dict[str, Callable[[Path], tuple[tuple[str, ...], Parser]]] = {
    "mypy": _mypy,
    "pyright": _pyright,
    "basedpyright": _pyright,
}


def mypy_findings(text: str) -> list[Finding]:
    """Return the errors that mypy printed, one a line.

    >>> [(f.file, f.line, f.rule) for f in mypy_findings("a.py:3:5: error: No  [attr-defined]")]
    [('a.py', 3, 'attr-defined')]
    """
    matches = (_MYPY_LINE.match(line) for line in text.splitlines())
    return [
        Finding(
            tool="mypy",
            rule=match["code"] or "error",
            severity=Severity.MEDIUM,
            message=match["text"],
            file=PurePath(match["file"]).as_posix(),
            line=int(match["line"]),
        )
        for match in matches
        if match
    ]


def pyright_findings(text: str, root: Path) -> list[Finding]:
    """Return the diagnostics of pyright's JSON report, without the merely informative; none when it is no report."""
    try:
        rows = json.loads(text)["generalDiagnostics"]
    except (ValueError, KeyError):
        return []
    return [
        Finding(
            tool="pyright",
            rule=row.get("rule", row["severity"]),
            severity=_PYRIGHT_SEVERITY[row["severity"]],
            message=row["message"],
            file=_relative(Path(row["file"]), root),
            line=row["range"]["start"]["line"] + 1 if "range" in row else None,
        )
        for row in rows
        if row["severity"] in _PYRIGHT_SEVERITY
    ]


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _in_project(finding: Finding, directory: str) -> Finding:
    from dataclasses import replace

    if not directory or PurePath(finding.file).is_absolute() or finding.tool == "pyright":
        return finding
    return replace(finding, file=(PurePath(directory) / finding.file).as_posix())


def _could_not_work(tool: Tool, done: Completed, found: list[Finding]) -> str:
    """Return why the checker's exit code is not a judgement on the code, or ""."""
    # mypy and pyright end with 1 for errors in the code; mypy also ends with 2 for code that does not parse.
    if done.code in {0, 1} or found:
        return ""
    return f"{tool.name} ended with exit code {done.code}: {done.last_line}"
