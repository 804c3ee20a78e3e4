"""The stable names of metrics: what each counts, in which unit, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricName:
    """What a metric measures; `more_is_better` decides which operator a hint proposes."""

    unit: str
    measures: str
    more_is_better: bool = False


def _more(unit: str, measures: str) -> MetricName:
    return MetricName(unit, measures, more_is_better=True)


METRIC_NAMES: Mapping[str, MetricName] = {
    "tests.passed": _more("", "tests that passed, counted per Python"),
    "tests.failed": MetricName("", "tests that failed, counted per Python"),
    "tests.errors": MetricName("", "tests that broke outside their own body, counted per Python"),
    "tests.skipped": MetricName("", "tests that were skipped or expected to fail, counted per Python"),
    "tests.flaky": MetricName("", "tests that both passed and failed on the same code"),
    "tests.seconds": MetricName("s", "time that the test suite took"),
    "coverage.line_percent": _more("%", "lines of the package's own source that the tests ran"),
    "coverage.branch_percent": _more("%", "branches of the package's own source that the tests took"),
    "coverage.diff_percent": _more("%", "changed lines that the tests ran"),
    "complexity.max": MetricName("", "cyclomatic complexity of the most complex function"),
    "complexity.mean": MetricName("", "mean cyclomatic complexity of all functions"),
    "complexity.over_10": MetricName("", "functions with a cyclomatic complexity over 10"),
    "maintainability.min": _more("", "maintainability index of the worst module, 0 to 100"),
    "duplication.percent": MetricName("%", "lines of the package's own source that are copies"),
    "security.critical": MetricName("", "critical findings of static analysis"),
    "security.high": MetricName("", "findings of static analysis of high severity"),
    "security.medium": MetricName("", "findings of static analysis of medium severity"),
    "security.low": MetricName("", "findings of static analysis of low severity"),
    "dependencies.vulnerable": MetricName("", "dependencies with a known vulnerability"),
    "secrets.found": MetricName("", "passwords, keys and tokens found in the files"),
    "docs.warnings": MetricName("", "warnings of the documentation's build"),
    "build.reproducible": _more("", "1 when two builds give the same files, else 0"),
    "benchmark.slowdown_percent": MetricName("%", "slowdown of the benchmarks against their baseline"),
    "startup.seconds": MetricName("s", "time that the program takes to start"),
    "memory.peak_mb": MetricName("MB", "most memory that was in use"),
    "latency.p95_ms": MetricName("ms", "time in which 95 % of requests are answered"),
    "pipeline.seconds": MetricName("s", "time that the whole run took"),
}
FAMILIES = frozenset(name.split(".")[0] for name in METRIC_NAMES)


def is_custom(name: str) -> bool:
    """Tell whether a name can be one that the project's own metrics.json gives: `bundle.kilobytes`."""
    family, dot, rest = name.partition(".")
    return bool(family and dot and rest) and family not in FAMILIES
