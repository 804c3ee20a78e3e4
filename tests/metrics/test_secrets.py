from pathlib import Path

from noxline.metrics.secrets import SecretsReader
from tests.metrics.reports import ROOT, hint, leave, places, reasons, statuses, values

NAME = "secrets.found"
SCAN = {
    "results": {
        "src/a.py": [
            {"type": "Secret Keyword", "line_number": 18, "hashed_secret": "f"},
            {"type": "AWS Access Key", "line_number": 19, "hashed_secret": "0", "is_secret": True},
            {"type": "Hex", "line_number": 20, "hashed_secret": "1", "is_secret": False},
        ]
    }
}
TRIVY = {
    "SchemaVersion": 2,
    "Results": [
        {"Target": "src/a.py", "Secrets": [{"RuleID": "aws", "Severity": "CRITICAL", "StartLine": 19, "Match": "***"}]},
        {"Target": "b.env", "Secrets": [{"RuleID": "pat", "Severity": "HIGH", "StartLine": 1, "Title": "A token"}]},
    ],
}


def test_what_the_baseline_calls_no_secret_is_left_out(tmp_path: Path) -> None:
    reading = SecretsReader().read([leave(tmp_path, secrets=SCAN)], ROOT)
    assert reading is not None
    assert values(reading) == {NAME: 2}
    assert hint(reading, NAME).startswith("src/a.py:18 Secret Keyword")


def test_a_place_that_both_scanners_name_counts_once(tmp_path: Path) -> None:
    reading = SecretsReader().read([leave(tmp_path, secrets=SCAN, trivy=TRIVY)], ROOT)
    assert reading is not None
    assert values(reading) == {NAME: 3}
    assert ("trivy", "pat", "b.env", 1) in places(reading)
    assert not any("***" in finding.message for finding in reading.findings)


def test_trivy_alone_without_a_secret_says_nothing(tmp_path: Path) -> None:
    assert SecretsReader().read([leave(tmp_path, trivy={"SchemaVersion": 2})], ROOT) is None


def test_a_torn_scan_is_missing(tmp_path: Path) -> None:
    reading = SecretsReader().read([leave(tmp_path, secrets='{"results": {"a": 3}}')], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert reasons(reading, NAME)
    assert statuses(reading) == {"detect-secrets": "unavailable"}  # pragma: allowlist secret - a tool and its status
