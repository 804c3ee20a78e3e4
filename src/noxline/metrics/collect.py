"""Read everything that the tasks of a stage left behind, each report by the reader of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from itertools import chain
from pathlib import Path

from noxline.metrics.report import union
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.ports import MetricReader, Reading

# Pattern below an output directory, module and class of the reader; loaded only when such a report is there.
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("tools.json", "tools", "ToolsReader"),
    ("tests/*.jsonl", "tests", "TestsReader"),
    ("coverage.json", "coverage", "CoverageReader"),
    ("radon.json", "radon", "RadonReader"),
    ("jscpd.json", "jscpd", "JscpdReader"),
    ("bandit.json", "bandit", "BanditReader"),
    ("zizmor.json", "zizmor", "ZizmorReader"),
    ("trivy.json", "trivy", "TrivyReader"),
    ("secrets.json", "secrets", "SecretsReader"),
    ("trivy.json", "secrets", "SecretsReader"),
    ("pip-audit.json", "dependencies", "DependenciesReader"),
    ("safety.json", "dependencies", "DependenciesReader"),
    ("*.sarif", "sarif", "SarifReader"),
    ("docs.json", "docs", "DocsReader"),
    ("build.json", "build", "BuildReader"),
    ("benchmark.json", "benchmark", "BenchmarkReader"),
    ("metrics.json", "custom", "CustomReader"),
)
# How figures of one name combine when several reports or stages give it; all others must agree.
_ADDED = ("security.", "secrets.", "dependencies.", "docs.", "tests.")
_WORST: Mapping[str, Callable[[Sequence[float]], float]] = {
    "complexity.max": max,
    "complexity.over_10": max,
    "duplication.percent": max,
    "maintainability.min": min,
    "build.reproducible": min,
}
_SEVERAL = ("unavailable", "worked", "not_applicable")  # of two reports on one tool the first of these wins


def read_stage(stage_name: str, standard: str, outputs: Sequence[Path], root: Path) -> Reading:
    """Return what the output directories of one stage's tasks hold; `standard` is the standard stage that it is."""
    readings = (reader.read(outputs, root) for reader in _readers(outputs, standard))
    merged = merge(reading for reading in readings if reading is not None)
    return replace(
        merged,
        metrics=tuple(replace(metric, stage=stage_name) for metric in merged.metrics),
        missing=tuple(replace(missing, stage=stage_name) for missing in merged.missing),
    )


def read_cut(
    stage_name: str, standard: str, outputs: Sequence[Path], root: Path, *, others: Reading, reason: str
) -> Reading:
    """Return what tasks hold that were ended before they were done: findings, and that their figures are missing.

    A process that was ended by us is no test that went wrong. `others` is what the stage's other tasks hold: of these
    figures each is a part of what it would have been.
    """
    begun = read_stage(stage_name, standard, outputs, root)
    names = dict.fromkeys([*(metric.name for metric in begun.metrics), *(missing.name for missing in begun.missing)])
    names |= dict.fromkeys(metric.name for metric in others.metrics)
    missing = tuple(Missing(name=name, reason=reason, stage=stage_name) for name in names)
    return Reading(missing=missing, findings=begun.findings, tools=begun.tools)


def _readers(outputs: Sequence[Path], standard: str) -> Iterator[MetricReader]:
    kinds = [(module, name) for pattern, module, name in _KINDS if any(_has(output, pattern) for output in outputs)]
    for module, name in dict.fromkeys(kinds):
        kind = getattr(import_module(f"noxline.metrics.{module}"), name)
        yield kind(standard) if module == "sarif" else kind()


def _has(output: Path, pattern: str) -> bool:
    return next(output.glob(pattern), None) is not None


def merge(readings: Iterable[Reading]) -> Reading:
    """Return several readings as one: counts added up, of other figures the worst, each missing one once.

    Figures that can be neither added nor ranked and that contradict each other become missing.
    """
    whole = list(readings)
    figures = [_combine(group) for group in _by_name(whole).values()]
    contradictions = [figure for figure in figures if isinstance(figure, Missing)]
    missing = tuple(dict.fromkeys([*chain.from_iterable(reading.missing for reading in whole), *contradictions]))
    return Reading(
        metrics=_complete((figure for figure in figures if isinstance(figure, Metric)), missing),
        missing=missing,
        findings=union(reading.findings for reading in whole),
        tools=_tools(chain.from_iterable(reading.tools for reading in whole)),
    )


def _complete(figures: Iterable[Metric], missing: Iterable[Missing]) -> tuple[Metric, ...]:
    """Leave out an incomplete count of nothing: it is no figure, and would read like a clean result."""
    incomplete = {entry.name for entry in missing}
    return tuple(figure for figure in figures if figure.value or figure.name not in incomplete)


def _by_name(readings: Iterable[Reading]) -> dict[str, list[Metric]]:
    groups: dict[str, list[Metric]] = {}
    for metric in (metric for reading in readings for metric in reading.metrics):
        groups.setdefault(metric.name, []).append(metric)
    return groups


def _combine(group: Sequence[Metric]) -> Metric | Missing:
    first = group[0]
    if first.name.startswith(_ADDED):
        return _sum(group)
    values = [metric.value for metric in group]
    if len(set(values)) == 1:
        return first
    if first.name in _WORST:
        return group[values.index(_WORST[first.name](values))]
    given = ", ".join(f"{value:g}" for value in values)
    return Missing(name=first.name, reason=f"{_sources(group)} gives it several times, and differently: {given}")


def _sum(group: Sequence[Metric]) -> Metric:
    hint = next((metric.hint for metric in group if metric.hint), "")
    return replace(group[0], value=sum(metric.value for metric in group), source=_sources(group), hint=hint)


def _sources(group: Sequence[Metric]) -> str:
    return ", ".join(dict.fromkeys(metric.source for metric in group))


def _tools(reports: Iterable[ToolReport]) -> tuple[ToolReport, ...]:
    chosen: dict[str, ToolReport] = {}
    for report in reports:
        kept = chosen.setdefault(report.tool, report)
        if _SEVERAL.index(report.status) < _SEVERAL.index(kept.status):
            chosen[report.tool] = report
    return tuple(chosen.values())
