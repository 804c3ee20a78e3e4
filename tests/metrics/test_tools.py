from pathlib import Path

from noxline.metrics.report import SECURITY
from noxline.metrics.tools import ToolsReader
from noxline.ports import Reading
from tests.metrics.reports import ROOT, leave, reasons, statuses


def row(tool: str, status: str, reason: str = "") -> dict[str, str]:
    return {"tool": tool, "status": status, "reason": reason}


def read(output: Path, *rows: object, **reports: object) -> Reading:
    reading = ToolsReader().read([leave(output, tools=list(rows), **reports)], ROOT)
    assert reading is not None
    return reading


def test_what_an_unavailable_tool_measures_is_missing_with_its_reason(tmp_path: Path) -> None:
    reading = read(tmp_path, row("bandit", "unavailable", "no wheel"), row("zizmor", "not_applicable", "no workflows"))
    assert [missing.name for missing in reading.missing] == list(SECURITY)
    assert reasons(reading, "security.high") == ["bandit could not work: no wheel"]
    assert statuses(reading) == {"bandit": "unavailable", "zizmor": "not_applicable"}


def test_a_tool_that_says_it_worked_must_have_left_its_report(tmp_path: Path) -> None:
    assert reasons(read(tmp_path, row("radon", "worked")), "complexity.max") == ["radon left no radon.json"]
    assert read(tmp_path, row("radon", "worked"), radon={}).missing == ()


def test_dependencies_are_unknown_only_when_no_audit_worked(tmp_path: Path) -> None:
    failed = row("pip-audit", "unavailable", "offline"), row("safety", "unavailable", "no database")
    reading = read(tmp_path, *failed)
    assert reasons(reading, "dependencies.vulnerable") == [
        "pip-audit could not work: offline; safety could not work: no database"
    ]
    no_database = row("safety", "not_applicable", "no database is named")
    assert reasons(read(tmp_path, failed[0], no_database), "dependencies.vulnerable") == [
        "pip-audit could not work: offline"
    ]
    assert read(tmp_path, row("pip-audit", "not_applicable"), no_database).missing == ()
    assert read(tmp_path, failed[0], row("safety", "worked"), safety={}).missing == ()


def test_a_tool_without_figures_takes_nothing_with_it(tmp_path: Path) -> None:
    reading = read(tmp_path, row("ruff", "worked"), row("twine", "unavailable", "offline"))
    assert reading.missing == ()


def test_an_unknown_status_is_no_report(tmp_path: Path) -> None:
    assert reasons(read(tmp_path, row("bandit", "fine")), "tools")
