from pathlib import Path

from noxline.metrics.bandit import BanditReader
from noxline.metrics.report import SECURITY
from tests.metrics.reports import ROOT, hint, leave, places, reasons, statuses, values


def result(rule: str, severity: str, file: str, line: int) -> dict[str, object]:
    return {
        "test_id": rule,
        "issue_severity": severity,
        "issue_confidence": "HIGH",
        "issue_text": f"text of {rule}",
        "filename": file,
        "line_number": line,
        "issue_cwe": {"id": 78},
    }


ASSERT = result("B101", "LOW", "./src/a.py", 15)
REPORT = {
    "errors": [],
    "metrics": {"_totals": {"SEVERITY.HIGH": 1}},
    "results": [ASSERT, ASSERT, result("B602", "HIGH", "/project/src/a.py", 16), result("B1", "UNDEFINED", "b.py", 1)],
}


def test_counts_findings_by_severity_at_places_below_the_root(tmp_path: Path) -> None:
    reading = BanditReader().read([leave(tmp_path, bandit=REPORT)], ROOT)
    assert reading is not None
    assert values(reading) == {"security.critical": 0, "security.high": 1, "security.medium": 0, "security.low": 3}
    assert sorted(places(reading)) == [
        ("bandit", "B1", "b.py", 1),
        ("bandit", "B101", "src/a.py", 15),
        ("bandit", "B101", "src/a.py", 15),  # two asserts on one line are two
        ("bandit", "B602", "src/a.py", 16),
    ]
    assert hint(reading, "security.high") == "src/a.py:16 B602: text of B602"
    assert hint(reading, "security.medium") == ""
    assert statuses(reading) == {"bandit": "worked"}


def test_a_file_that_bandit_could_not_parse_makes_the_counts_incomplete(tmp_path: Path) -> None:
    report = {"errors": [{"filename": "src/b.py", "reason": "syntax error"}], "results": [], "metrics": {}}
    reading = BanditReader().read([leave(tmp_path, bandit=report)], ROOT)
    assert reading is not None
    for name in SECURITY:
        assert reasons(reading, name) == ["bandit could not check src/b.py: syntax error"]


def test_findings_that_two_tasks_share_count_once(tmp_path: Path) -> None:
    outputs = [leave(tmp_path / name, bandit=REPORT) for name in ("one", "two")]
    reading = BanditReader().read(outputs, ROOT)
    assert reading is not None
    assert values(reading)["security.low"] == 3


def test_a_torn_report_is_missing_and_its_tool_did_not_work(tmp_path: Path) -> None:
    reading = BanditReader().read([leave(tmp_path, bandit='{"results": [')], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert statuses(reading) == {"bandit": "unavailable"}
    assert reasons(reading, "security.high")[0].startswith("bandit.json is torn")
