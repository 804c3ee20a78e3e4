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
    messages: list[str] = []


class DocsReader:
    """Reads `docs.json`: `{"warnings": 1, "messages": ["docs/a.rst:3: WARNING: no such label"]}`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return `docs.warnings`, the most that one of the tasks saw."""
        reports = load(outputs, _NAME, _Report)
        if not reports:
            return None
        worst = max(reports.read, key=lambda report: report.warnings, default=None)
        return Reading(
            metrics=(_metric(worst),) if worst else (),
            missing=reports.missing([_METRIC]),
        )


def _metric(report: _Report) -> Metric:
    return Metric(name=_METRIC, value=float(report.warnings), source=_NAME, hint="".join(report.messages[:1]))
