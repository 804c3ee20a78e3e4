"""Read the combined coverage of a stage from coverage.py's JSON report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import load
from noxline.model.metric import Metric, Missing
from noxline.ports import Reading

SOURCE = "coverage.json"
LINES, BRANCHES = "coverage.line_percent", "coverage.branch_percent"


class Totals(msgspec.Struct):
    """The sums over all files."""

    covered_lines: int
    num_statements: int
    num_branches: int = 0
    covered_branches: int = 0


class FileReport(msgspec.Struct):
    """The figures of one file."""

    summary: Totals


class Report(msgspec.Struct):
    """What coverage.py writes, or why there was nothing to write (`noxline_missing`)."""

    totals: Totals | None = None
    files: Mapping[str, FileReport] = {}
    noxline_missing: str = ""


class CoverageReader:
    """Gives the share of lines, and of branches when they were measured, over the package's own source."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return the percentages of the combined report; None when there is none."""
        reports = load(outputs, SOURCE, Report)
        if not reports:
            return None
        if reports.broken:
            return Reading(missing=reports.missing([LINES]))
        report = reports.read[-1]
        if report.totals is None or not report.totals.num_statements:
            reason = report.noxline_missing or "the coverage report holds no statement"
            return Reading(missing=(Missing(name=LINES, reason=reason),))
        return Reading(metrics=_metrics(report, report.totals))


def _metrics(report: Report, totals: Totals) -> tuple[Metric, ...]:
    lines = _percent(LINES, totals.covered_lines, totals.num_statements, hint=_least_covered(report))
    if not totals.num_branches:
        return (lines,)
    return (lines, _percent(BRANCHES, totals.covered_branches, totals.num_branches))


def _percent(name: str, part: int, whole: int, *, hint: str = "") -> Metric:
    return Metric(name=name, value=100.0 * part / whole, unit="%", source=SOURCE, hint=hint)


def _least_covered(report: Report) -> str:
    """Return the file with the most uncovered lines."""
    missed = {name: f.summary.num_statements - f.summary.covered_lines for name, f in report.files.items()}
    worst = max(missed, key=lambda name: (missed[name], name), default="")
    return f"{worst}: {missed[worst]} lines not covered" if worst and missed[worst] else ""
