from pathlib import Path

from noxline.metrics.dependencies import DependenciesReader
from tests.metrics.reports import ROOT, leave, reasons, statuses, values

NAME = "dependencies.vulnerable"
CLEAN = {"name": "six", "version": "1.16.0", "vulns": []}
BAD = {"name": "Req_uests", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.20"]}, {"id": "PYSEC-2"}]}
SKIPPED = {"name": "demo", "skip_reason": "not found on PyPI"}
SAFE = {"vulnerabilities": [], "report_meta": {"packages_found": 2}}


def audit(*rows: object) -> dict[str, object]:
    return {"dependencies": list(rows), "fixes": []}


def row(name: str, *, ignored: bool = False) -> dict[str, object]:
    return {"package_name": name, "vulnerability_id": "36546", "analyzed_version": "2.0", "ignored": ignored}


def test_counts_dependencies_not_vulnerabilities(tmp_path: Path) -> None:
    reading = DependenciesReader().read([leave(tmp_path, pip_audit=audit(CLEAN, BAD))], ROOT)
    assert reading is not None
    assert values(reading) == {NAME: 1}
    assert reading.missing == ()
    assert [finding.message for finding in reading.findings] == [
        "Req_uests 2.0 has PYSEC-1: fixed in 2.20",
        "Req_uests 2.0 has PYSEC-2: no fixed version is known",
    ]


def test_a_skipped_dependency_is_not_nothing_found(tmp_path: Path) -> None:
    reading = DependenciesReader().read([leave(tmp_path, pip_audit=audit(CLEAN, SKIPPED))], ROOT)
    assert reading is not None
    assert reasons(reading, NAME) == ["pip-audit skipped demo: not found on PyPI"]
    assert statuses(reading) == {"pip-audit": "worked"}


def test_an_audit_that_skipped_everything_did_not_work(tmp_path: Path) -> None:
    reading = DependenciesReader().read([leave(tmp_path, pip_audit=audit(SKIPPED, SKIPPED | {"name": "x"}))], ROOT)
    assert reading is not None
    assert statuses(reading) == {"pip-audit": "unavailable"}
    assert reasons(reading, NAME) == ["pip-audit skipped demo and 1 more: not found on PyPI"]


def test_one_audit_that_saw_everything_is_enough(tmp_path: Path) -> None:
    reading = DependenciesReader().read([leave(tmp_path, pip_audit=audit(SKIPPED), safety=SAFE)], ROOT)
    assert reading is not None
    assert reading.missing == ()
    assert values(reading) == {NAME: 0}


def test_both_audits_name_a_package_once_and_what_is_ignored_is_left_out(tmp_path: Path) -> None:
    safety = {"vulnerabilities": [row("req-uests"), row("six", ignored=True)]}
    reading = DependenciesReader().read([leave(tmp_path, pip_audit=audit(BAD), safety=safety)], ROOT)
    assert reading is not None
    assert values(reading) == {NAME: 1}
    assert {finding.tool for finding in reading.findings} == {"pip-audit", "safety"}


def test_two_unreadable_reports_are_missing(tmp_path: Path) -> None:
    reading = DependenciesReader().read([leave(tmp_path, pip_audit="", safety="{}")], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert len(reasons(reading, NAME)) == 2
