"""Write findings as SARIF 2.1.0, one run for each tool."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from noxline.model.finding import Finding, Severity

_RATED_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_LEVELS = {**_RATED_LEVELS, Severity.MEDIUM: "error", Severity.LOW: "warning"}
# The scale of CVSS, which readers of SARIF use for `security-severity`.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}


def write_sarif(path: Path, tools: Sequence[str], findings: Iterable[Finding], *, rated: bool = False) -> None:
    """Write the findings; every tool that worked has a run, with no results when it found nothing.

    `rated` findings are security's and carry a score.
    """
    found = list(findings)
    runs = [_run(tool, [finding for finding in found if finding.tool == tool], rated=rated) for tool in tools]
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": runs}
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def add_findings(path: Path, tool: str, findings: Sequence[Finding]) -> None:
    """Append findings to the run of the same tool in a report that the tool wrote itself."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for run in document["runs"]:
        if run["tool"]["driver"]["name"] == tool:
            run["results"] += [_result(finding, rated=False) for finding in findings]
            known = run["tool"]["driver"].setdefault("rules", [])
            known += [{"id": rule} for rule in dict.fromkeys(finding.rule for finding in findings)]
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def relative_uris(path: Path, root: Path) -> None:
    """Make the places of a report relative to the root: a report must read the same in every checkout."""
    document = json.loads(path.read_text(encoding="utf-8"))
    prefixes = [folder.as_uri() + "/" for folder in (root.absolute(), root.resolve())]
    for run in document["runs"]:
        for result in run.get("results", ()):
            for location in result.get("locations", ()):
                place = location["physicalLocation"]["artifactLocation"]
                prefix = next((p for p in prefixes if place["uri"].startswith(p)), "")
                place["uri"] = place["uri"].removeprefix(prefix)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _run(tool: str, findings: Sequence[Finding], *, rated: bool) -> dict[str, Any]:
    rules = [{"id": rule} for rule in dict.fromkeys(finding.rule for finding in findings)]
    results = [_result(finding, rated=rated) for finding in findings]
    return {"tool": {"driver": {"name": tool, "rules": rules}}, "results": results}


def _result(finding: Finding, *, rated: bool) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": (_RATED_LEVELS if rated else _LEVELS)[finding.severity],
        "message": {"text": finding.message},
        "locations": _locations(finding),
        **({"properties": {"security-severity": _SCORES[finding.severity]}} if rated else {}),
    }


def _locations(finding: Finding) -> list[dict[str, Any]]:
    if not finding.file:
        return []
    place: dict[str, Any] = {"artifactLocation": {"uri": finding.file}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    return [{"physicalLocation": place}]
