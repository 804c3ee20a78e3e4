from pathlib import Path

from noxline.metrics.trivy import TrivyReader
from tests.metrics.reports import ROOT, leave, places, values


def test_counts_failed_misconfigurations_only(tmp_path: Path) -> None:
    problems = [
        {"ID": "DS002", "Severity": "HIGH", "Title": "t", "Message": "m", "Status": "FAIL"},
        {"ID": "DS001", "Severity": "CRITICAL", "Status": "FAIL", "CauseMetadata": {"StartLine": 3}},
        {"ID": "DS003", "Severity": "LOW", "Status": "PASS"},
        {"ID": "DS004", "Severity": "UNKNOWN", "Status": "FAIL"},
    ]
    secrets = [{"RuleID": "aws", "Severity": "CRITICAL", "StartLine": 19}]
    target = {"Target": "Dockerfile", "Misconfigurations": problems, "Secrets": secrets}
    reading = TrivyReader().read([leave(tmp_path, trivy={"SchemaVersion": 2, "Results": [target]})], ROOT)
    assert reading is not None
    assert values(reading) == {"security.critical": 1, "security.high": 1, "security.medium": 0, "security.low": 1}
    assert places(reading)[:2] == [("trivy", "DS002", "Dockerfile", None), ("trivy", "DS001", "Dockerfile", 3)]


def test_a_document_of_something_else_is_missing(tmp_path: Path) -> None:
    reading = TrivyReader().read([leave(tmp_path, trivy={"Results": []})], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert len(reading.missing) == 4
