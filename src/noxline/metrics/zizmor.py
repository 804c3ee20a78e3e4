"""Read zizmor's report: problems in GitHub workflows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import SECURITY, load, place, security_metrics, union
from noxline.model.finding import Finding, Severity
from noxline.ports import Reading

_NAME = "zizmor.json"


class _Key(msgspec.Struct):
    local: dict[str, str] = msgspec.field(default_factory=dict, name="Local")


class _Symbolic(msgspec.Struct):
    key: _Key
    kind: str = ""


class _Point(msgspec.Struct):
    row: int


class _Span(msgspec.Struct):
    start_point: _Point


class _Concrete(msgspec.Struct):
    location: _Span


class _Location(msgspec.Struct):
    symbolic: _Symbolic
    concrete: _Concrete


class _Determinations(msgspec.Struct):
    severity: str


class _Problem(msgspec.Struct):
    ident: str
    desc: str
    determinations: _Determinations
    locations: list[_Location]
    ignored: bool = False


class ZizmorReader:
    """Reads `zizmor.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return zizmor's findings and `security.*`; what the project tells it to ignore is left out."""
        reports = load(outputs, _NAME, list[_Problem])
        if not reports:
            return None
        findings = union([_finding(p, root) for p in problems if not p.ignored] for problems in reports.read)
        return Reading(
            metrics=security_metrics(findings, _NAME) if reports.read else (),
            missing=reports.missing(SECURITY),
            findings=findings,
            tools=reports.tool("zizmor"),
        )


def _finding(problem: _Problem, root: Path) -> Finding:
    severity = problem.determinations.severity.lower()
    primary = [location for location in problem.locations if location.symbolic.kind == "Primary"]
    first = next(iter(primary or problem.locations), None)
    # Informational and Unknown are the least that a finding can be.
    return Finding(
        tool="zizmor",
        rule=problem.ident,
        severity=Severity(severity) if severity in ("high", "medium", "low") else Severity.LOW,
        message=problem.desc,
        file=_file(first, root) if first else "",
        line=first.concrete.location.start_point.row + 1 if first else None,
    )


def _file(location: _Location, root: Path) -> str:
    local = location.symbolic.key.local
    path = local.get("verbatim_path") or local.get("given_path")
    return place(path, root) if path else ""
