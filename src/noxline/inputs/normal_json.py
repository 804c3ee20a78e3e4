"""What counts of the JSON reports that tools leave: all but times, machines and orders without meaning."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from noxline.inputs.normal_text import Places

# For each report the paths of what is left out, and of the lists whose order means nothing; `*` is any key or place.
_REPORTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bandit.json": (("generated_at",), ("errors", "results")),
    "build.json": (("sizes",), ("differs",)),  # the sizes of archives follow from how they were packed
    "coverage.json": (("meta.timestamp",), ()),
    "docs.json": ((), ("messages",)),
    "jscpd.json": (("statistics.detectionDate",), ("duplicates",)),
    "pip-audit.json": ((), ("dependencies", "dependencies.*.vulns", "fixes")),
    "radon.json": ((), ("cc.*",)),
    "safety.json": (
        ("report_meta.timestamp", "report_meta.telemetry", "report_meta.git"),
        ("vulnerabilities", "ignored_vulnerabilities"),
    ),
    "sbom.cdx.json": (
        ("serialNumber", "metadata.timestamp"),
        ("components", "dependencies", "dependencies.*.dependsOn", "metadata.properties", "components.*.properties"),
    ),
    "secrets.json": (("generated_at",), ("plugins_used", "filters_used", "results.*")),
    "tools.json": ((), ("",)),
    "trivy.json": (
        ("CreatedAt", "ReportID"),
        ("Results", "Results.*.Misconfigurations", "Results.*.Secrets", "Results.*.Vulnerabilities"),
    ),
    "warnings.json": ((), ("",)),
    "zizmor.json": ((), ("",)),
}
_SARIF = (
    tuple(
        f"runs.*.{name}"
        for name in (
            *(f"invocations.*.{key}" for key in ("startTimeUtc", "endTimeUtc", "machine", "account", "processId")),
            "invocations.*.environmentVariables",
            "automationDetails.guid",
            "automationDetails.correlationGuid",
            "results.*.guid",
            "results.*.correlationGuid",
        )
    ),
    ("runs", "runs.*.results"),
)
KNOWN = frozenset(_REPORTS)


def report(name: str, content: bytes, places: Places) -> object:
    """Return what counts of the report called `name`; raise ValueError when it is none."""
    import json

    document = json.loads(content)
    dropped, unordered = _REPORTS[name]
    return _Reading(places, dropped, unordered).of(document)


def sarif(content: bytes, places: Places) -> object:
    """Return what counts of a SARIF report; raise ValueError when it is none."""
    import json

    document = json.loads(content)
    runs = document.get("runs") if isinstance(document, dict) else None
    if not isinstance(runs, list):
        raise ValueError("no SARIF")
    named = all(_names_its_rules(run) for run in runs)
    dropped, unordered = list(_SARIF[0]), list(_SARIF[1])
    if named:
        dropped.append("runs.*.results.*.ruleIndex")
        unordered.append("runs.*.tool.driver.rules")
    return _Reading(places, dropped, unordered).of(document)


def _names_its_rules(run: Any) -> bool:
    """Tell whether every result names its rule, so that the places of the rules in their list mean nothing."""
    results = run.get("results") or [] if isinstance(run, dict) else []
    return all(isinstance(result, dict) and "ruleId" in result and "rule" not in result for result in results)


def benchmarks(content: bytes, _places: Places) -> object:
    """Return the names of the benchmarks: their figures are never twice the same; raise ValueError if it is none."""
    import json

    document = json.loads(content)
    rows = document.get("benchmarks") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("fullname") for row in rows):
        raise ValueError("no report of pytest-benchmark")
    return sorted([str(row["fullname"]), str(row.get("group"))] for row in rows)


class _Reading:
    """Goes through a document once, leaving out and sorting what its kind says."""

    def __init__(self, places: Places, dropped: Iterable[str], unordered: Iterable[str]) -> None:
        self._places = places
        self._dropped = frozenset(tuple(path.split(".")) for path in dropped)
        self._unordered = frozenset(tuple(path.split(".")) if path else () for path in unordered)
        self._depth = max((len(path) for path in (*self._dropped, *self._unordered)), default=0)

    def of(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        """Return a value as it counts; beyond the depth of what is said of its kind, the path is no longer kept."""
        if isinstance(value, str):
            return self._places.words(value)
        if isinstance(value, dict):
            return dict(self._pairs(value, path))
        if isinstance(value, list):
            return self._rows(value, path)
        return value

    def _pairs(self, value: dict[str, Any], path: tuple[str, ...]) -> Iterable[tuple[str, Any]]:
        for key, inner in value.items():
            below = (*path, key) if len(path) <= self._depth else path
            if not _matches(below, self._dropped):
                yield self._places.words(key), self.of(inner, below)

    def _rows(self, value: list[Any], path: tuple[str, ...]) -> list[Any]:
        from noxline.inputs.canonical import encode

        below = (*path, "*") if len(path) <= self._depth else path
        rows = [self.of(inner, below) for inner in value]
        return sorted(rows, key=encode) if _matches(path, self._unordered) else rows


def _matches(path: tuple[str, ...], patterns: Iterable[tuple[str, ...]]) -> bool:
    return any(
        len(pattern) == len(path) and all(p in ("*", name) for p, name in zip(pattern, path, strict=True))
        for pattern in patterns
    )
