"""Read the dependency audits of pip-audit and safety: whichever could reach its data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from noxline.metrics.report import Reports, load
from noxline.model.finding import Finding, Severity
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.ports import Reading

_METRIC = "dependencies.vulnerable"
_PIP_AUDIT, _SAFETY = "pip-audit.json", "safety.json"


class _Vulnerability(msgspec.Struct):
    id: str
    fix_versions: list[str] = []


class _Dependency(msgspec.Struct):
    name: str
    version: str = ""
    vulns: list[_Vulnerability] = []
    skip_reason: str = ""


class _PipAudit(msgspec.Struct):
    dependencies: list[_Dependency]


class _SafetyRow(msgspec.Struct):
    package_name: str
    vulnerability_id: str
    analyzed_version: str | None = None
    fixed_versions: list[str] | None = None
    ignored: bool | None = False


class _Safety(msgspec.Struct):
    vulnerabilities: list[_SafetyRow]


@dataclass(frozen=True, slots=True)
class _Problem:
    """A known vulnerability of one dependency."""

    tool: str
    name: str
    version: str
    id: str
    fixed: tuple[str, ...]

    def finding(self) -> Finding:
        """Return it as a finding; neither audit rates by severity, so it is a medium one."""
        remedy = f"fixed in {', '.join(self.fixed)}" if self.fixed else "no fixed version is known"
        message = f"{self.name} {self.version} has {self.id}: {remedy}"
        return Finding(tool=self.tool, rule=self.id, severity=Severity.MEDIUM, message=message)


class DependenciesReader:
    """Reads `pip-audit.json` and `safety.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return `dependencies.vulnerable`, missing unless one of the audits looked at every dependency."""
        audits = load(outputs, _PIP_AUDIT, _PipAudit)
        checks = load(outputs, _SAFETY, _Safety)
        if not audits and not checks:
            return None
        problems = tuple(dict.fromkeys((*_from_pip_audit(audits), *_from_safety(checks))))
        skipped = tuple(_skipped(audits))
        whole = (audits.read and not skipped and not audits.broken) or (checks.read and not checks.broken)
        return Reading(
            metrics=_metrics(problems, audits, checks),
            missing=() if whole else (*audits.missing([_METRIC]), *checks.missing([_METRIC]), *skipped),
            findings=tuple(problem.finding() for problem in problems),
            tools=(*_pip_audit_tool(audits, skipped), *checks.tool("safety")),
        )


def _pip_audit_tool(reports: Reports[_PipAudit], skipped: Sequence[Missing]) -> tuple[ToolReport, ...]:
    """Return what pip-audit did; where it skipped every dependency it did nothing."""
    rows = [dependency for report in reports.read for dependency in report.dependencies]
    if rows and all(row.skip_reason for row in rows):
        return (ToolReport(tool="pip-audit", status="unavailable", reason=skipped[0].reason),)
    return reports.tool("pip-audit")


def _metrics(problems: Sequence[_Problem], audits: Reports[_PipAudit], checks: Reports[_Safety]) -> tuple[Metric, ...]:
    if not audits.read and not checks.read:
        return ()
    names = {_normalized(problem.name) for problem in problems}
    source = ", ".join(reports.name for reports in (audits, checks) if reports.read)
    hint = problems[0].finding().message if problems else ""
    return (Metric(name=_METRIC, value=float(len(names)), source=source, hint=hint),)


def _from_pip_audit(reports: Reports[_PipAudit]) -> Iterator[_Problem]:
    for report in reports.read:
        for dependency in report.dependencies:
            for found in dependency.vulns:
                fixed = tuple(found.fix_versions)
                yield _Problem("pip-audit", dependency.name, dependency.version, found.id, fixed)


def _from_safety(reports: Reports[_Safety]) -> Iterator[_Problem]:
    for report in reports.read:
        for row in report.vulnerabilities:
            if not row.ignored:
                fixed = tuple(row.fixed_versions or ())
                yield _Problem("safety", row.package_name, row.analyzed_version or "", row.vulnerability_id, fixed)


def _skipped(reports: Reports[_PipAudit]) -> Iterator[Missing]:
    names = {d.name: d.skip_reason for report in reports.read for d in report.dependencies if d.skip_reason}
    if names:
        first, reason = next(iter(names.items()))
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Missing(name=_METRIC, reason=f"pip-audit skipped {first}{more}: {reason}")


def _normalized(name: str) -> str:
    """Return a distribution's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
