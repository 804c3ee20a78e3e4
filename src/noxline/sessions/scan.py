"""What one security scanner did, in the words that all of them share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from noxline.model.finding import Finding, Severity
from noxline.model.metric import ToolReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """The fate of one scanner with what it found; `note` is a remark on a scan that worked (how old its data are)."""

    report: ToolReport
    findings: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def worked(self) -> bool:
        """Tell whether the scanner did its work."""
        return self.report.status == "worked"

    @property
    def line(self) -> str:
        """Return the scan in one line: `bandit: 2 findings (0 high)`."""
        if not self.worked:
            return f"{self.report.tool}: {self.report.status.replace('_', ' ')}: {self.report.reason}"
        counts = Counter(finding.severity for finding in self.findings)
        high = counts[Severity.HIGH] + counts[Severity.CRITICAL]
        noun = "finding" if len(self.findings) == 1 else "findings"
        note = f"; {self.note}" if self.note else ""
        return f"{self.report.tool}: {len(self.findings)} {noun} ({high} high){note}"


def did_work(tool: str, findings: list[Finding], *, note: str = "") -> Scan:
    """Return a scan that looked at everything it should."""
    return Scan(report=ToolReport(tool=tool, status="worked", reason=note), findings=tuple(findings), note=note)


def could_not_work(tool: str, reason: str) -> Scan:
    """Return a scan without a result, which is never the result "nothing found"."""
    return Scan(report=ToolReport(tool=tool, status="unavailable", reason=reason))


def not_applicable(tool: str, reason: str) -> Scan:
    """Return a scan that this project gives no reason for."""
    return Scan(report=ToolReport(tool=tool, status="not_applicable", reason=reason))


def severity_of(given: str) -> Severity:
    """Return a scanner's rating as ours; one that it does not rate is low."""
    known = {severity.value: severity for severity in Severity}
    return known.get(given.lower(), Severity.LOW)
