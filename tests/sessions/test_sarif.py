from __future__ import annotations

import json
from pathlib import Path

from noxline.model.finding import Finding, Severity
from noxline.sessions.sarif import add_findings, relative_uris, write_sarif


def finding(**changes: object) -> Finding:
    given = {"tool": "t", "rule": "R1", "severity": Severity.LOW, "message": "m", "file": "a.py", "line": 3}
    return Finding(**{**given, **changes})  # type: ignore[arg-type]


def test_a_tool_that_found_nothing_has_an_empty_run(tmp_path: Path) -> None:
    path = tmp_path / "x.sarif"
    write_sarif(path, ["t", "u"], [finding(), finding(file="", line=None)])
    runs = json.loads(path.read_text())["runs"]
    assert [(run["tool"]["driver"]["name"], len(run["results"])) for run in runs] == [("t", 2), ("u", 0)]
    assert runs[0]["tool"]["driver"]["rules"] == [{"id": "R1"}]
    assert runs[0]["results"][0]["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}
    ]
    assert runs[0]["results"][1]["locations"] == []


def test_only_rated_findings_carry_a_score(tmp_path: Path) -> None:
    path = tmp_path / "x.sarif"
    write_sarif(path, ["t"], [finding(severity=Severity.MEDIUM)], rated=True)
    rated = json.loads(path.read_text())["runs"][0]["results"][0]
    write_sarif(path, ["t"], [finding(severity=Severity.MEDIUM)])
    plain = json.loads(path.read_text())["runs"][0]["results"][0]
    assert (rated["level"], rated["properties"]) == ("warning", {"security-severity": "5.5"})
    assert (plain["level"], "properties" in plain) == ("error", False)


def test_findings_join_the_run_of_their_tool(tmp_path: Path) -> None:
    path = tmp_path / "x.sarif"
    write_sarif(path, ["ruff", "other"], [])
    add_findings(path, "ruff", [finding(tool="ruff", rule="format")])
    runs = json.loads(path.read_text())["runs"]
    assert [len(run["results"]) for run in runs] == [1, 0]
    assert runs[0]["tool"]["driver"]["rules"] == [{"id": "format"}]


def test_places_become_relative_to_the_root(tmp_path: Path) -> None:
    path = tmp_path / "x.sarif"
    inside, outside = (tmp_path / "a b.py").as_uri(), "file:///elsewhere/x.py"
    write_sarif(path, ["t"], [finding(file=inside), finding(file=outside)])
    relative_uris(path, tmp_path)
    results = json.loads(path.read_text())["runs"][0]["results"]
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results]
    assert uris == ["a%20b.py", outside]
