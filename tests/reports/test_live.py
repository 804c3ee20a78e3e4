from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from noxline.model.event import TaskOutput, TaskPrepared, TaskStarted
from noxline.reports.cause import plain_text
from noxline.reports.live import LiveReport
from noxline.reports.style import Style
from tests.reports.sample import failed, result, run_of
from tests.reports.test_plain import finished, started


def drawn(report: LiveReport, width: int) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(report.table())
    return [line.rstrip() for line in stream.getvalue().splitlines()]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> LiveReport:
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "80")
    times = iter([0.0, 0.0, 2.0] + [10.0] * 50)  # rich draws once before anything happens
    return LiveReport(io.StringIO(), Style(), clock=times.__next__)


def test_the_table_shows_what_runs_with_its_last_line(report: LiveReport) -> None:
    report.handle(TaskStarted(task="tests-3.12", at=0.0, preparing=True))
    report.handle(TaskStarted(task="lint", at=2.0))
    report.handle(TaskOutput(task="lint", lines=("\x1b[31mchecking\x1b[0m", "  ", "")))
    assert drawn(report, 60) == [
        "tests-3.12  10.0 s  preparing environment",
        "lint         8.0 s  checking",
        "0/0 done            0 waiting",
    ]
    report.handle(TaskPrepared(task="tests-3.12", at=3.0, seconds=3.0))
    report.handle(TaskOutput(task="tests-3.12", lines=("x" * 200,)))
    lines = drawn(report, 60)
    assert all(len(line) <= 60 for line in lines)
    assert lines[0].endswith("x…")


def test_finished_tasks_and_failures_stay_above_the_table(tmp_path: Path) -> None:
    stream = io.StringIO()
    report = LiveReport(stream, Style(width=80))
    good, bad = result("lint", seconds=1.0), failed("types", tmp_path / ".noxline", "types", seconds=2.0)
    report.handle(started(good, bad))
    try:
        report.handle(TaskStarted(task="lint", at=0.0))
        report.handle(finished(good))
        report.handle(TaskStarted(task="types", at=0.0))
        report.handle(finished(bad))
    finally:
        report.finish(run_of(tmp_path, good, bad, status="failed", exit_code=1))
    lines = [plain_text(line) for line in stream.getvalue().splitlines()]
    assert "✓ lint   passed    1.0 s" in lines
    assert "✗ types  failed    2.0 s" in lines
    assert any(line.startswith("    typ.py:3: Incompatible return value type") for line in lines)
    assert lines[-1].startswith("failed (exit 1) in ")


def test_names_in_brackets_are_no_markup(tmp_path: Path) -> None:
    stream = io.StringIO()
    report = LiveReport(stream, Style(width=80))
    odd = result("tests[red]", seconds=1.0)
    report.handle(started(odd))
    try:
        report.handle(finished(odd))
    finally:
        report.finish(run_of(tmp_path, odd))
    assert "tests[red]" in stream.getvalue()


def test_more_tasks_than_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "8")
    monkeypatch.setenv("COLUMNS", "60")
    report = LiveReport(io.StringIO(), Style())
    for number in range(9):
        report.handle(TaskStarted(task=f"t{number}", at=0.0))
    lines = drawn(report, 60)
    assert len(lines) == 6
    assert "4 not shown" in lines[-1]
