import json
from pathlib import Path

import pytest

from noxline.metrics.sarif import SarifReader
from noxline.model.finding import Severity
from noxline.ports import Reading
from tests.metrics.reports import ROOT, leave, places, reasons, statuses, values


def result(
    rule: str = "R1", level: str | None = "error", uri: str = "src/a.py", line: int = 3, **more: object
) -> dict[str, object]:
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
    level_part = {} if level is None else {"level": level}
    return {"ruleId": rule, "message": {"text": "text"}, "locations": [location], **level_part, **more}


def run(tool: str, *results: object, rules: list[object] | None = None, **more: object) -> dict[str, object]:
    return {"tool": {"driver": {"name": tool, "rules": rules or []}}, "results": list(results), **more}


def write(output: Path, name: str, *runs: object) -> Path:
    output.mkdir(parents=True, exist_ok=True)
    (output / name).write_text(json.dumps({"version": "2.1.0", "runs": runs}), encoding="utf-8")
    return output


def read(output: Path, standard: str = "") -> Reading:
    reading = SarifReader(standard).read([output], ROOT)
    assert reading is not None
    return reading


@pytest.mark.parametrize(
    ("level", "in_security", "elsewhere"),
    [
        ("error", Severity.HIGH, Severity.MEDIUM),
        ("warning", Severity.MEDIUM, Severity.LOW),
        ("note", Severity.LOW, Severity.LOW),
        ("none", Severity.LOW, Severity.LOW),
        (None, Severity.MEDIUM, Severity.LOW),  # no level means warning
    ],
)
def test_levels(tmp_path: Path, level: str | None, in_security: Severity, elsewhere: Severity) -> None:
    output = write(tmp_path, "x.sarif", run("Semgrep", result(level=level)))
    assert [f.severity for f in read(output, "security").findings] == [in_security]
    assert [f.severity for f in read(output, "lint").findings] == [elsewhere]


def test_the_rule_gives_the_level_that_a_result_leaves_out(tmp_path: Path) -> None:
    rules = [{"id": "R0"}, {"id": "R1", "defaultConfiguration": {"level": "error"}}]
    output = write(tmp_path, "x.sarif", run("T", result(level=None), result("R1", None, ruleIndex=1), rules=rules))
    assert {f.severity for f in read(output, "security").findings} == {Severity.HIGH}


@pytest.mark.parametrize(
    ("score", "severity"), [("9.0", "critical"), ("8.9", "high"), (7, "high"), ("4.0", "medium"), ("0.1", "low")]
)
def test_a_security_score_is_the_severity_and_counts_in_any_stage(tmp_path: Path, score: object, severity: str) -> None:
    rules = [{"id": "R1", "properties": {"security-severity": score}}]
    reading = read(write(tmp_path, "x.sarif", run("CodeQL", result(level="note"), result("R2"), rules=rules)), "")
    counted = {name: value for name, value in values(reading).items() if value}
    assert counted == {f"security.{severity}": 1}  # R2 carries no score: a finding, but not security's
    assert len(reading.findings) == 2


def test_lint_findings_are_never_security(tmp_path: Path) -> None:
    output = write(tmp_path, "lint.sarif", run("ruff", result(properties={"security-severity": "8.0"})))
    reading = read(output, "lint")
    assert reading.metrics == ()
    assert [f.severity for f in reading.findings] == [Severity.HIGH]


def test_a_clean_tool_that_rates_its_rules_counts_zero(tmp_path: Path) -> None:
    rules = [{"id": "R1", "properties": {"security-severity": "5"}}]
    assert values(read(write(tmp_path, "x.sarif", run("T", rules=rules))))["security.high"] == 0
    assert read(write(tmp_path, "x.sarif", run("T"))).metrics == ()


def test_a_copy_of_a_tools_own_report_is_not_counted_again(tmp_path: Path) -> None:
    output = write(tmp_path, "security.sarif", run("Bandit", result("B602")), run("semgrep", result("S1")))
    leave(output, bandit={"results": [], "errors": []})
    reading = read(output, "security")
    assert values(reading)["security.high"] == 1
    assert statuses(reading) == {"semgrep": "worked"}


def test_two_files_with_the_same_finding_count_it_once(tmp_path: Path) -> None:
    write(tmp_path, "a.sarif", run("T", result()))
    assert values(read(write(tmp_path, "b.sarif", run("T", result())), "security"))["security.high"] == 1


def test_what_is_suppressed_or_no_failure_is_left_out(tmp_path: Path) -> None:
    results = (
        result("R1", suppressions=[{"kind": "inSource"}]),
        result("R2", suppressions=[{"kind": "external", "status": "rejected"}]),
        result("R3", kind="pass"),
        result("R4", kind="open"),
    )
    reading = read(write(tmp_path, "x.sarif", run("T", *results)), "security")
    assert sorted(f.rule for f in reading.findings) == ["R2", "R4"]


def test_places_are_below_the_root(tmp_path: Path) -> None:
    results = (
        result("R1", uri="file:///project/src/a%20b.py"),
        result("R2", uri="./src/c.py"),
        {"ruleId": "R3", "message": {"text": "no place"}},
    )
    place = {"physicalLocation": {"artifactLocation": {"uri": "d.py", "uriBaseId": "SRC"}}}
    based = {"ruleId": "R4", "message": {"text": "x"}, "locations": [place]}
    bases = {"SRC": {"uri": "file:///project/lib/"}}
    reading = read(write(tmp_path, "x.sarif", run("T", *results, based, originalUriBaseIds=bases)))
    assert places(reading) == [
        ("t", "R1", "src/a b.py", 3),
        ("t", "R2", "src/c.py", 3),
        ("t", "R3", "", None),
        ("t", "R4", "lib/d.py", None),
    ]


def test_a_tool_that_failed_makes_the_counts_incomplete(tmp_path: Path) -> None:
    place = {"physicalLocation": {"artifactLocation": {"uri": "b.py"}}}
    note = {"message": {"text": "syntax error"}, "level": "error", "locations": [place]}
    invocations = [{"executionSuccessful": False, "toolConfigurationNotifications": [note]}]
    output = write(tmp_path, "x.sarif", run("Scan", invocations=invocations))
    expected = ["scan says that it did not come to its end", "scan: b.py syntax error"]
    assert reasons(read(output, "security"), "security.high") == expected
    assert reasons(read(output, "lint"), "scan.findings") == expected


@pytest.mark.parametrize("text", ["", "{}", '{"runs": [{"tool": {"driver": {"name": "T"}}, "results": null}]}', "[1]"])
def test_a_torn_file_is_missing(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.sarif").write_text(text, encoding="utf-8")
    assert reasons(read(tmp_path, "security"), "security.high")
    assert read(tmp_path, "security").metrics == ()
    assert reasons(read(tmp_path, "types"), "x.findings")
