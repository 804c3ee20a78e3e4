from __future__ import annotations

from pathlib import Path

import pytest

from noxline.model.metric import Missing, ToolReport
from noxline.model.task import Cause, Status
from noxline.reports.style import Style
from noxline.reports.summary import last_line, summary
from tests.reports.sample import failed, full_run, result, run_of

WHOLE = """\
✗ tests-3.11  failed after 5.1 s
  tests/test_a.py::test_bad: AssertionError: the message
  |
  | tests/test_a.py:15: AssertionError
  | =========================== short test summary info ============================
  | FAILED tests/test_a.py::test_bad - AssertionError: the message
  | FAILED tests/test_a.py::test_exc - RuntimeError: exploded
  | FAILED tests/test_a.py::TestC::test_p[a-b] - AssertionError: assert 'a-b' == 'c'
  | FAILED tests/test_a.py::TestC::test_p[c d] - AssertionError: assert 'c d' == 'c'
  | ERROR tests/test_a.py::test_fix - OSError: fixture
  | 4 failed, 1 passed, 1 error in 0.03s
  | nox > Command pytest -q tests failed with exit code 1
  repeat: noxline run tests-3.11
  log:    .noxline/runs/20260131-142530-9f3a/tasks/tests-3.11/log.txt

✗ tests-3.12  failed after 6.2 s
  the same as tests-3.11: tests/test_a.py::test_bad: AssertionError: the message
  repeat: noxline run tests-3.12
  log:    .noxline/runs/20260131-142530-9f3a/tasks/tests-3.12/log.txt

! docs  failed, only warns, after 2.0 s
  /project/docs/index.rst:4: undefined label: 'nothing' [ref.ref]
  | copying assets: done
  | writing output... [100%] index
  |
  | /project/docs/index.rst:4: WARNING: undefined label: 'nothing' [ref.ref]
  | generating indices... genindex done
  | writing additional pages... search done
  | dumping search index in English (code: en)... done
  | dumping object inventory... done
  | build finished with problems, 1 warning (with warnings treated as errors).
  | nox > Command sphinx-build -W docs out failed with exit code 1
  repeat: noxline run docs
  log:    .noxline/runs/20260131-142530-9f3a/tasks/docs/log.txt

cancelled: coverage (something they need did not pass)

Gates
  ✗ complexity.max              14  < 10   fail
      split the most complex functions (a.py:10 parse: 14)
  ! coverage.line_percent  no data  >= 90  inconclusive
      the coverage stage did not run
  ! duplication.percent      3.5 %  < 3    warn
      give the repeated lines one home
  ✓ tests.seconds          11.25 s  < 300
  not applicable: docs.warnings

Without data
  dependencies.vulnerable: pip-audit could not reach its data
  safety: no database is configured

Time
  12.3 s wall, 16.1 s cpu, 2 workers
  critical path 6.2 s: tests-3.12
  tests-3.12      6.2 s  cpu     5.5 s  environment 1.4 s
  tests-3.11      5.1 s  cpu     4.9 s  environment 1.1 s
  security        4.0 s  cpu     3.0 s
  docs            2.0 s  cpu     1.9 s
  lint            0.9 s  cpu     0.8 s

Findings  bandit 2 (1 high, 1 low), detect-secrets 0

warning: the durations of earlier runs could not be read
note: not a git repository: ignored files are not known

Reports
  .noxline/runs/20260131-142530-9f3a/

failed (exit 1) in 12.3 s — 5 ran, 1 reused, 2 skipped, 1 cancelled, \
3 failed: tests-3.11, tests-3.12, docs, 1 gate failed: complexity.max"""


def test_the_whole_screen(tmp_path: Path) -> None:
    assert summary(full_run(tmp_path), Style(width=100)) == WHOLE


def test_no_line_of_a_narrow_ascii_screen_is_wider_but_commands_and_paths(tmp_path: Path) -> None:
    text = summary(full_run(tmp_path), Style(width=60, unicode=False))
    assert text.isascii()
    whole = ("  repeat:", "  log:", "  .noxline", "  the same as", "  /project", "failed (exit")
    assert [line for line in text.splitlines() if len(line) > 60 and not line.startswith(whole)] == []


def test_a_green_run_is_short(tmp_path: Path) -> None:
    run = run_of(tmp_path, result("lint", seconds=1.0, cpu_seconds=0.5), workers=1)
    assert summary(run, Style()).splitlines() == [
        "Time",
        "  12.3 s wall, 0.5 s cpu, 1 worker",
        "  critical path 1.0 s: lint",
        "  lint      1.0 s  cpu     0.5 s",
        "",
        "Reports",
        "  .noxline/runs/20260131-142530-9f3a/",
        "",
        "passed in 12.3 s — 1 ran, 0 reused, 0 skipped",
    ]


def test_only_the_first_failures_show_their_lines(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    logs = ("tests", "types", "lint", "cc", "unit")
    tasks = [failed(name, directory, name, started=float(k)) for k, name in enumerate(logs)]
    text = summary(run_of(tmp_path, *tasks, status="failed", exit_code=1), Style())
    assert text.count("  | nox > Command") == 3
    assert text.count("  repeat: ") == 5


def test_cancelled_tasks_are_one_line_and_no_error(tmp_path: Path) -> None:
    tasks = [
        result(name, status=Status.CANCELLED, cause=cause)
        for name, cause in (("a", Cause.NEED), ("b", Cause.FAIL_FAST), ("c", Cause.NEED))
    ]
    text = summary(run_of(tmp_path, *tasks), Style())
    assert text.splitlines()[0] == "cancelled: a, b, c (something they need did not pass; another task failed)"
    assert "✗" not in text


def test_a_tool_that_could_not_work_is_named(tmp_path: Path) -> None:
    tools = {
        "trivy": ToolReport(tool="trivy", status="unavailable", reason="not installed"),
        "mypy": ToolReport(tool="mypy", status="not_applicable", reason="not configured"),
    }
    text = summary(run_of(tmp_path, tools=tools), Style())
    assert "  trivy: not installed" in text
    assert "mypy" not in text


def test_many_remarks_are_cut(tmp_path: Path) -> None:
    text = summary(run_of(tmp_path, notes=tuple(f"note {k}" for k in range(9))), Style())
    assert "note: note 5" in text
    assert "note: note 6" not in text
    assert "… 3 more in run.json" in text


def test_reports_that_tasks_left_are_named(tmp_path: Path) -> None:
    run = full_run(tmp_path)
    output = run.directory / "tasks" / "docs" / "output"
    (output / "html").mkdir(parents=True)
    (output / "html" / "index.html").write_text("", encoding="utf-8")
    (run.directory / "report.html").write_text("", encoding="utf-8")
    lines = summary(run, Style()).splitlines()
    at = lines.index("Reports")
    base = ".noxline/runs/20260131-142530-9f3a"
    assert lines[at + 1 : at + 3] == [f"  {base}/report.html", f"  {base}/tasks/docs/output/html/index.html"]


@pytest.mark.parametrize(
    ("status", "code", "begins"),
    [
        ("passed", 0, "passed in "),
        ("failed", 3, "failed (exit 3) in "),
        ("inconclusive", 4, "inconclusive (exit 4) in "),
        ("interrupted", 130, "interrupted (exit 130) in "),
    ],
)
def test_the_last_line_names_verdict_and_exit_code(tmp_path: Path, status: str, code: int, begins: str) -> None:
    assert last_line(run_of(tmp_path, status=status, exit_code=code), Style()).startswith(begins)


def test_metrics_without_data_for_one_reason_share_a_line(tmp_path: Path) -> None:
    missing = tuple(Missing(name=f"tests.{k}", reason="the process died") for k in ("passed", "failed"))
    assert "  tests.passed, tests.failed: the process died" in summary(run_of(tmp_path, missing=missing), Style())
