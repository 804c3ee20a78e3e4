"""Read what detect-secrets found, and trivy's secrets beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics import trivy
from noxline.metrics.report import describe, load, place, union
from noxline.model.finding import Finding, Severity
from noxline.model.metric import Metric
from noxline.ports import Reading

_NAME = "secrets.json"
_METRIC = "secrets.found"


class _Secret(msgspec.Struct):
    type: str
    line_number: int | None = None
    is_secret: bool | None = None


class _Report(msgspec.Struct):
    results: dict[str, list[_Secret]]


class SecretsReader:
    """Reads `secrets.json` (a scan of detect-secrets) and the secrets in `trivy.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return `secrets.found`: what a baseline calls no secret is left out, a place that both name counts once."""
        scans = load(outputs, _NAME, _Report)
        others = load(outputs, trivy.NAME, trivy.Report)
        found = union(_findings(report, root) for report in scans.read)
        seen_by_trivy = union(trivy.secrets(report, root) for report in others.read)
        if not scans and not seen_by_trivy:
            return None
        counted = (*found, *_elsewhere(seen_by_trivy, found))
        metric = _metric(counted, _NAME if scans.read else trivy.NAME)
        return Reading(
            metrics=(metric,) if scans.read or seen_by_trivy else (),
            missing=scans.missing([_METRIC]),
            findings=(*found, *seen_by_trivy),
            tools=scans.tool("detect-secrets"),
        )


def _elsewhere(findings: Sequence[Finding], known: Sequence[Finding]) -> list[Finding]:
    """Return the findings at places that none of the known ones names."""
    places = {(finding.file, finding.line) for finding in known}
    return [finding for finding in findings if (finding.file, finding.line) not in places]


def _metric(counted: Sequence[Finding], source: str) -> Metric:
    hint = describe(counted[0]) if counted else ""
    return Metric(name=_METRIC, value=float(len(counted)), source=source, hint=hint)


def _findings(report: _Report, root: Path) -> list[Finding]:
    return [
        Finding(
            tool="detect-secrets",
            rule=secret.type,
            severity=Severity.HIGH,
            message="this looks like a secret",
            file=place(file, root),
            line=secret.line_number,
        )
        for file, secrets in report.results.items()
        for secret in secrets
        if secret.is_secret is not False
    ]
