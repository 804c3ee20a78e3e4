"""Read bandit's report: what it found in the code, and the files it could not parse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import SECURITY, load, place, security_metrics, union
from noxline.model.finding import Finding, Severity
from noxline.model.metric import Missing
from noxline.ports import Reading

_NAME = "bandit.json"


class _Result(msgspec.Struct):
    test_id: str
    issue_severity: str
    issue_text: str
    filename: str
    line_number: int


class _Error(msgspec.Struct):
    filename: str
    reason: str


class _Report(msgspec.Struct):
    results: list[_Result]
    errors: list[_Error]


class BanditReader:
    """Reads `bandit.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return bandit's findings and `security.*`; a file that it could not parse makes those incomplete."""
        reports = load(outputs, _NAME, _Report)
        if not reports:
            return None
        findings = union([_finding(result, root) for result in report.results] for report in reports.read)
        errors = dict.fromkeys(
            f"bandit could not check {place(error.filename, root)}: {error.reason}"
            for report in reports.read
            for error in report.errors
        )
        unseen = tuple(Missing(name=name, reason=reason) for name in SECURITY for reason in errors)
        return Reading(
            metrics=security_metrics(findings, _NAME) if reports.read else (),
            missing=(*reports.missing(SECURITY), *unseen),
            findings=findings,
            tools=reports.tool("bandit"),
        )


def _finding(result: _Result, root: Path) -> Finding:
    severity = result.issue_severity.lower()
    return Finding(
        tool="bandit",
        rule=result.test_id,
        # bandit's UNDEFINED: it gives no rating
        severity=Severity(severity) if severity in ("high", "medium", "low") else Severity.LOW,
        message=result.issue_text,
        file=place(result.filename, root),
        line=result.line_number,
    )
