"""Read the figures of pytest-benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.metrics.report import load
from noxline.model.metric import Metric, Missing
from noxline.ports import Reading

_NAME = "benchmark.json"


class _Stats(msgspec.Struct):
    min: float
    median: float
    rounds: int


class _Benchmark(msgspec.Struct):
    fullname: str
    stats: _Stats


class _Report(msgspec.Struct):
    benchmarks: list[_Benchmark]


class BenchmarkReader:
    """Reads `benchmark.json`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return `benchmark.min:TEST` and `benchmark.median:TEST` in seconds, the best of several tasks."""
        reports = load(outputs, _NAME, _Report)
        if not reports:
            return None
        best: dict[str, Metric] = {}
        for benchmark in (b for report in reports.read for b in report.benchmarks):
            for metric in _figures(benchmark):
                kept = best.setdefault(metric.name, metric)
                best[metric.name] = min(kept, metric, key=lambda m: m.value)
        empty = () if best or not reports.read else (Missing(name="benchmark", reason=f"{_NAME} holds no benchmark"),)
        return Reading(metrics=tuple(best.values()), missing=(*reports.missing(["benchmark"]), *empty))


def _figures(benchmark: _Benchmark) -> tuple[Metric, ...]:
    stats = benchmark.stats
    return tuple(
        Metric(
            name=f"benchmark.{name}:{benchmark.fullname}",
            value=value,
            unit="s",
            source=_NAME,
            hint=f"{stats.rounds} rounds",
        )
        for name, value in (("min", stats.min), ("median", stats.median))
    )
