from __future__ import annotations

import pytest

from noxline.model.gate import Result, Verdict
from noxline.reports.gate_table import NO_GATES_WRITTEN, gate_lines, number
from noxline.reports.style import Style

PASSING = Verdict(metric="tests.seconds", rule="< 300", value=11.25, result=Result.PASS, unit="s", binding=False)
WARNING = Verdict(metric="complexity.max", rule="< 10", value=14, result=Result.WARN, hint="split it", binding=False)
WRITTEN = Verdict(
    metric="coverage.line_percent",
    rule=">= 90",
    value=89.996,
    result=Result.FAIL,
    unit="%",
    hint="test more",
    origin="config/gates.toml:2",
)


def test_what_needs_attention_comes_first_and_the_default_rules_are_named_once() -> None:
    assert gate_lines([PASSING, WARNING], Style()) == [
        "  ! complexity.max       14  < 10   warn",
        "      split it",
        "  ✓ tests.seconds   11.25 s  < 300",
        f"  {NO_GATES_WRITTEN}",
    ]


def test_a_written_rule_ends_the_remark() -> None:
    lines = gate_lines([PASSING, WRITTEN], Style())
    assert lines[0].startswith("  ✗ coverage.line_percent")
    assert lines[0].endswith("fail")
    assert f"  {NO_GATES_WRITTEN}" not in lines


def test_what_was_not_judged_is_one_line_each() -> None:
    verdicts = [
        Verdict(metric=metric, rule="< 1", value=None, result=result)
        for metric, result in (("a", Result.NOT_APPLICABLE), ("b", Result.NOT_JUDGED), ("c", Result.NOT_APPLICABLE))
    ]
    assert gate_lines(verdicts, Style()) == ["  not applicable: a, c", "  not judged, left out of this run: b"]


def test_no_verdicts_no_lines() -> None:
    assert gate_lines([], Style()) == []


def test_a_value_never_looks_better_than_it_is() -> None:
    """89.996 fails `>= 90`, and must not be printed as 90."""
    assert "90 %" not in gate_lines([WRITTEN], Style())[0]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(None, "%", "no data"), (14, "", "14"), (93.123, "%", "93.12 %"), (12345.0, "", "12,345"), (0.0, "%", "0 %")],
)
def test_numbers_for_people(value: float | None, unit: str, text: str) -> None:
    assert number(value, unit) == text
