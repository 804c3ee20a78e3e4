"""Read trivy's report: misconfigurations, and the secrets that `secrets.found` counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import SECURITY, load, place, security_metrics, union
from noxline.model.finding import Finding, Severity
from noxline.ports import Reading

NAME = "trivy.json"


class _Cause(msgspec.Struct, rename="pascal"):
    start_line: int | None = None


class _Misconfiguration(msgspec.Struct, rename="pascal"):
    id: str = msgspec.field(name="ID")
    severity: str
    title: str = ""
    message: str = ""
    status: str = "FAIL"
    cause_metadata: _Cause = msgspec.field(default_factory=_Cause)


class _Secret(msgspec.Struct, rename="pascal"):
    rule_id: str = msgspec.field(name="RuleID")
    severity: str
    title: str = ""
    start_line: int | None = None


class _Target(msgspec.Struct, rename="pascal"):
    target: str
    misconfigurations: list[_Misconfiguration] = []
    secrets: list[_Secret] = []


class Report(msgspec.Struct, rename="pascal"):
    """What `trivy fs --format json` writes; `Results` is left out when there are none."""

    schema_version: int
    results: list[_Target] = []


class TrivyReader:
    """Reads the misconfigurations in `trivy.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return trivy's misconfigurations as findings and `security.*`."""
        reports = load(outputs, NAME, Report)
        if not reports:
            return None
        findings = union(_misconfigurations(report, root) for report in reports.read)
        return Reading(
            metrics=security_metrics(findings, NAME) if reports.read else (),
            missing=reports.missing(SECURITY),
            findings=findings,
            tools=reports.tool("trivy"),
        )


def secrets(report: Report, root: Path) -> list[Finding]:
    """Return the secrets that trivy found; their text is not repeated."""
    return [
        Finding(
            tool="trivy",
            rule=secret.rule_id,
            severity=_severity(secret.severity),
            message=secret.title or secret.rule_id,
            file=place(target.target, root),
            line=secret.start_line,
        )
        for target in report.results
        for secret in target.secrets
    ]


def _misconfigurations(report: Report, root: Path) -> list[Finding]:
    return [
        Finding(
            tool="trivy",
            rule=problem.id,
            severity=_severity(problem.severity),
            message=problem.message or problem.title,
            file=place(target.target, root),
            line=problem.cause_metadata.start_line or None,
        )
        for target in report.results
        for problem in target.misconfigurations
        if problem.status == "FAIL"
    ]


def _severity(given: str) -> Severity:
    known = {severity.value: severity for severity in Severity}
    return known.get(given.lower(), Severity.LOW)
