"""Coverage percentages from the combined report."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.metrics.coverage import CoverageReader
from noxline.ports import Reading
from tests.metrics.reports import leave


def read(output: Path) -> Reading:
    reading = CoverageReader().read([output], Path("/p"))
    assert reading is not None
    return reading


def summary(covered: int, statements: int, **branches: int) -> dict[str, int]:
    return {"covered_lines": covered, "num_statements": statements, **branches}


def test_lines_count_alone_whatever_the_branch_setting(tmp_path: Path) -> None:
    totals = summary(9, 10, num_branches=4, covered_branches=1)
    files = {"a.py": {"summary": summary(4, 4)}, "b.py": {"summary": summary(5, 6)}}
    reading = read(leave(tmp_path, coverage={"totals": totals, "files": files}))
    assert {m.name: m.value for m in reading.metrics} == {
        "coverage.line_percent": pytest.approx(90.0),
        "coverage.branch_percent": pytest.approx(25.0),
    }
    assert reading.metrics[0].hint == "b.py: 1 lines not covered"


def test_no_branches_no_branch_figure(tmp_path: Path) -> None:
    reading = read(leave(tmp_path, coverage={"totals": summary(1, 1), "files": {}}))
    assert [m.name for m in reading.metrics] == ["coverage.line_percent"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"noxline_missing": "the tests left no coverage data"}, "the tests left no coverage data"),
        ({"totals": summary(0, 0)}, "the coverage report holds no statement"),
        ("{torn", "coverage.json is torn"),
    ],
)
def test_what_is_not_there_is_missing_with_its_reason(tmp_path: Path, content: object, reason: str) -> None:
    reading = read(leave(tmp_path, coverage=content))
    assert reading.metrics == ()
    assert reading.missing[0].name == "coverage.line_percent"
    assert reason in reading.missing[0].reason


def test_no_report_is_no_reading(tmp_path: Path) -> None:
    assert CoverageReader().read([tmp_path], Path("/p")) is None
