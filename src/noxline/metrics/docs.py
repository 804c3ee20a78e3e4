"""Read how many warnings the documentation's build gave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import load
from noxline.model.metric import Metric
from noxline.ports import Reading

_NAME = "docs.json"
_METRIC = "docs.warnings"


class _Report(msgspec.Struct):
    warnings: int


class DocsReader:
    """Reads `docs.json`: `{"warnings": 3}`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return `docs.warnings`, the most that one of the tasks saw."""
        reports = load(outputs, _NAME, _Report)
        if not reports:
            return None
        counts = sorted(report.warnings for report in reports.read)
        return Reading(
            metrics=tuple(Metric(name=_METRIC, value=float(count), source=_NAME) for count in counts[-1:]),
            missing=reports.missing([_METRIC]),
        )
