"""Read whether two builds of the same source gave the same files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import load
from noxline.model.metric import Metric, Missing
from noxline.ports import Reading

_NAME = "build.json"
_METRIC = "build.reproducible"


class _Report(msgspec.Struct):
    reproducible: bool | None
    differs: list[str] = []
    reason: str = "the two builds were not compared"


class BuildReader:
    """Reads `build.json`: `{"reproducible": false, "differs": ["demo-1.0.tar.gz"]}`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return `build.reproducible`, 1 or 0; the files that differ are its hint."""
        reports = load(outputs, _NAME, _Report)
        if not reports:
            return None
        unknown = tuple(Missing(name=_METRIC, reason=r.reason) for r in reports.read if r.reproducible is None)
        known = [report for report in reports.read if report.reproducible is not None]
        return Reading(metrics=(_metric(known),) if known else (), missing=(*reports.missing([_METRIC]), *unknown))


def _metric(reports: Sequence[_Report]) -> Metric:
    differs = dict.fromkeys(name for report in reports for name in report.differs)
    return Metric(
        name=_METRIC,
        value=float(all(report.reproducible for report in reports)),
        source=_NAME,
        hint=f"these differ: {', '.join(differs)}" if differs else "",
    )
