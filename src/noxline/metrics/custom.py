"""Read `metrics.json`, by which any check in any language adds numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from noxline.model.metric import Metric, Missing
from noxline.ports import Reading

_NAME = "metrics.json"


class CustomReader:
    """Reads `metrics.json`: `{"startup.seconds": {"value": 0.8, "unit": "s"}}`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return the numbers; an entry that is none is missing, and takes no other with it."""
        files = [path for path in (output / _NAME for output in outputs) if path.exists()]
        if not files:
            return None
        entries = list(chain.from_iterable(map(_entries, files)))
        return Reading(
            metrics=tuple(entry for entry in entries if isinstance(entry, Metric)),
            missing=tuple(entry for entry in entries if isinstance(entry, Missing)),
        )


def _entries(path: Path) -> Iterator[Metric | Missing]:
    # The standard decoder: what Python writes for a NaN is no JSON, and must cost that one metric only.
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        yield Missing(name=_NAME, reason=f"{_NAME} cannot be read: {error.strerror}")
        return
    except (ValueError, RecursionError) as error:
        yield Missing(name=_NAME, reason=f"{_NAME} is torn or no JSON: {error}")
        return
    if not isinstance(document, dict):
        yield Missing(name=_NAME, reason=f'{_NAME} must hold an object like {{"name": {{"value": 1.0}}}}')
        return
    for name, entry in document.items():
        yield _entry(name, entry)


def _entry(name: str, entry: object) -> Metric | Missing:
    value = entry.get("value") if isinstance(entry, dict) else entry
    unit = entry.get("unit", "") if isinstance(entry, dict) else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Missing(name=name, reason=f"{_NAME} gives no number for it")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        return Missing(name=name, reason=f"{_NAME} gives {value!s:.20} for it, which no bound can be held against")
    return Metric(name=name, value=number, unit=str(unit), source=_NAME)
