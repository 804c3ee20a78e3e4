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
        clones = (sorted(r.duplicates, key=lambda clone: -clone.lines) for r in reports.read)
        findings = union([_finding(clone, root) for clone in group] for group in clones)
        totals = [report.statistics.total for report in reports.read]
        unseen = [Missing(name=_METRIC, reason=_NOTHING) for total in totals if not total.lines]
        percents = [100 * total.duplicated_lines / total.lines for total in totals if total.lines]
        hint = describe(findings[0]) if findings else ""
        return Reading(
            metrics=tuple(
                Metric(name=_METRIC, value=value, unit="%", source=_NAME, hint=hint) for value in sorted(percents)[-1:]
            ),
            missing=(*reports.missing([_METRIC]), *unseen),
            findings=findings,
            tools=reports.tool("jscpd"),
        )


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
