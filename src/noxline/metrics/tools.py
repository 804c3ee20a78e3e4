"""Read which tools of a session worked, and make the figures of the others missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from noxline.metrics.report import SECURITY, load
from noxline.model.metric import Missing, ToolReport
from noxline.ports import Reading

_NAME = "tools.json"
_RADON = ("complexity.max", "complexity.mean", "complexity.over_10", "maintainability.min")
# What each tool's figures are, and the report that it must have left when it worked.
_GIVES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "bandit": ("bandit.json", SECURITY),
    "zizmor": ("zizmor.json", SECURITY),
    "trivy": ("trivy.json", SECURITY),
    "detect-secrets": ("secrets.json", ("secrets.found",)),
    "radon": ("radon.json", _RADON),
    "jscpd": ("jscpd.json", ("duplication.percent",)),
}
_AUDITS: Mapping[str, str] = {"pip-audit": "pip-audit.json", "safety": "safety.json"}


class _Row(msgspec.Struct):
    tool: str
    status: Literal["worked", "unavailable", "not_applicable"]
    reason: str = ""


class ToolsReader:
    """Reads `tools.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return the tools; what one that could not work would have measured is missing, with its reason."""
        reports = load(outputs, _NAME, list[_Row])
        if not reports:
            return None
        missing: list[Missing] = list(reports.missing(["tools"]))
        for output in outputs:
            rows = [row for rows in load([output], _NAME, list[_Row]).read for row in rows]
            missing += [*_of_tools(rows, output), *_of_audits(rows, output)]
        return Reading(
            missing=tuple(missing),
            tools=tuple(
                ToolReport(tool=row.tool, status=row.status, reason=row.reason) for rows in reports.read for row in rows
            ),
        )


def _of_tools(rows: Sequence[_Row], output: Path) -> Iterator[Missing]:
    for row in rows:
        report, metrics = _GIVES.get(row.tool, ("", ()))
        reason = _why_nothing(row, output / report)
        if reason:
            yield from (Missing(name=metric, reason=reason) for metric in metrics)


def _of_audits(rows: Sequence[_Row], output: Path) -> Iterator[Missing]:
    """One audit that worked is enough: yield only when none did and one should have."""
    audits = [row for row in rows if row.tool in _AUDITS]
    reasons = [_why_nothing(row, output / _AUDITS[row.tool]) for row in audits]
    enough = any(row.status == "worked" and not reason for row, reason in zip(audits, reasons, strict=True))
    if any(reasons) and not enough:
        yield Missing(name="dependencies.vulnerable", reason="; ".join(filter(None, reasons)))


def _why_nothing(row: _Row, report: Path) -> str:
    """Return why a tool gave no figures; empty when it did, or had none to give."""
    if row.status == "unavailable":
        return f"{row.tool} could not work: {row.reason or 'no reason given'}"
    if row.status == "worked" and not report.exists():
        return f"{row.tool} left no {report.name}"
    return ""
