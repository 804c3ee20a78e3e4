"""Read jscpd's report: how much of the source is repeated, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import describe, load, place, union
from noxline.model.finding import Finding, Severity
from noxline.model.metric import Metric, Missing
from noxline.ports import Reading

_NAME = "jscpd.json"
_METRIC = "duplication.percent"
_NOTHING = "jscpd looked at no file (it leaves out files of fewer than 5 lines or 50 tokens)"


class _Part(msgspec.Struct):
    name: str
    start: int
    end: int


class _Clone(msgspec.Struct, rename="camel"):
    first_file: _Part
    second_file: _Part
    lines: int


class _Total(msgspec.Struct, rename="camel"):
    lines: int
    sources: int
    duplicated_lines: int


class _Statistics(msgspec.Struct):
    total: _Total


class _Report(msgspec.Struct):
    statistics: _Statistics
    duplicates: list[_Clone]


class JscpdReader:
    """Reads `jscpd.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return `duplication.percent` (repeated lines of all lines) and each repeated piece as a finding."""
        reports = load(outputs, _NAME, _Report)
        if not reports:
            return None
        findings = union(_findings(report, root) for report in reports.read)
        totals = [report.statistics.total for report in reports.read]
        unseen = [Missing(name=_METRIC, reason=_NOTHING) for total in totals if not total.lines]
        return Reading(
            metrics=_worst([total for total in totals if total.lines], hint=describe(findings[0]) if findings else ""),
            missing=(*reports.missing([_METRIC]), *unseen),
            findings=findings,
            tools=reports.tool("jscpd"),
        )


def _worst(totals: Sequence[_Total], *, hint: str) -> tuple[Metric, ...]:
    """Return the highest share of repeated lines that a report gives, if any does."""
    if not totals:
        return ()
    percent = max(100 * total.duplicated_lines / total.lines for total in totals)
    return (Metric(name=_METRIC, value=percent, unit="%", source=_NAME, hint=hint),)


def _findings(report: _Report, root: Path) -> list[Finding]:
    """Return the repeated pieces, the longest first."""
    return [_finding(clone, root) for clone in sorted(report.duplicates, key=lambda clone: -clone.lines)]


def _finding(clone: _Clone, root: Path) -> Finding:
    first, second = clone.first_file, clone.second_file
    return Finding(
        tool="jscpd",
        rule="duplicate",
        severity=Severity.LOW,
        message=f"{clone.lines} lines stand again at {place(second.name, root)}:{second.start}-{second.end}",
        file=place(first.name, root),
        line=first.start,
    )
