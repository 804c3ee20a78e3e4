"""Read radon's report: the complexity of functions and methods, and the maintainability of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from noxline.metrics.report import Reports, load, place
from noxline.model.metric import Metric, Missing
from noxline.ports import Reading

_NAME = "radon.json"
_COMPLEXITY = ("complexity.max", "complexity.mean", "complexity.over_10")
_MAINTAINABILITY = ("maintainability.min",)
_METRICS = (*_COMPLEXITY, *_MAINTAINABILITY)
_HIGH = 10


class _Block(msgspec.Struct):
    type: str
    name: str
    complexity: int
    lineno: int
    classname: str | None = None


class _Failure(msgspec.Struct, forbid_unknown_fields=True):
    error: str


class _Index(msgspec.Struct):
    mi: float | None = None
    error: str | None = None


class _Report(msgspec.Struct):
    cc: dict[str, list[_Block] | _Failure]
    mi: dict[str, _Index]


@dataclass(frozen=True, order=True, slots=True)
class _Function:
    complexity: int
    file: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}: {self.complexity}"


class RadonReader:
    """Reads `radon.json`: `{"cc": radon cc -j, "mi": radon mi -j}`."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return `complexity.*` and `maintainability.min`; a file that radon could not parse makes them incomplete."""
        reports = load(outputs, _NAME, _Report)
        if not reports:
            return None
        missing = (*reports.missing(_METRICS), *_failures(reports, root))
        metrics: tuple[Metric, ...] = ()
        if any(report.mi or report.cc for report in reports.read):
            functions = sorted({f for report in reports.read for f in _functions(report, root)}, reverse=True)
            metrics = (*_complexity(functions), *_maintainability(_indices(reports, root)))
        elif reports.read:
            missing += tuple(Missing(name=name, reason="radon looked at no file") for name in _METRICS)
        return Reading(metrics=metrics, missing=missing, tools=reports.tool("radon"))


def _functions(report: _Report, root: Path) -> Iterator[_Function]:
    """Yield the functions and methods at the top level of each file's listing: no classes, no closures."""
    for file, blocks in report.cc.items():
        for block in blocks if isinstance(blocks, list) else ():
            if block.type in ("function", "method"):
                name = f"{block.classname}.{block.name}" if block.classname else block.name
                yield _Function(block.complexity, place(file, root), block.lineno, name)


def _indices(reports: Reports[_Report], root: Path) -> dict[str, float]:
    return {place(file, root): i.mi for report in reports.read for file, i in report.mi.items() if i.mi is not None}


def _failures(reports: Reports[_Report], root: Path) -> tuple[Missing, ...]:
    errors: dict[tuple[str, str], str] = {}
    for report in reports.read:
        errors |= {(name, file): error for name in _COMPLEXITY for file, error in _unparsed(report).items()}
        errors |= {(name, file): error for name in _MAINTAINABILITY for file, error in _unrated(report).items()}
    return tuple(
        Missing(name=name, reason=f"radon could not read {place(file, root)}: {error}")
        for (name, file), error in errors.items()
    )


def _unparsed(report: _Report) -> dict[str, str]:
    return {file: entry.error for file, entry in report.cc.items() if isinstance(entry, _Failure)}


def _unrated(report: _Report) -> dict[str, str]:
    return {file: entry.error or "no index" for file, entry in report.mi.items() if entry.mi is None}


def _complexity(functions: Sequence[_Function]) -> tuple[Metric, ...]:
    """Return the figures of functions, the most complex first; of no function at all they are 0."""
    high = [function for function in functions if function.complexity > _HIGH]
    hint = ", ".join(map(str, functions[:3]))
    values = {
        "complexity.max": float(functions[0].complexity if functions else 0),
        "complexity.mean": sum(f.complexity for f in functions) / len(functions) if functions else 0.0,
        "complexity.over_10": float(len(high)),
    }
    return tuple(Metric(name=name, value=value, source=_NAME, hint=hint) for name, value in values.items())


def _maintainability(indices: dict[str, float]) -> tuple[Metric, ...]:
    if not indices:
        return ()
    worst = min(indices, key=lambda file: (indices[file], file))
    return (
        Metric(name="maintainability.min", value=indices[worst], source=_NAME, hint=f"{worst}: {indices[worst]:.1f}"),
    )
