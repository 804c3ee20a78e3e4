"""Now and then everything runs, and what a selection would have missed is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.sessions.impact_checks import Checks, is_due, is_protected, missed, read_checks, write_checks
from noxline.testing.impact import Selection
from noxline.testing.impact_record import Entry, Record

PROTECTED = {"CI": "true", "GITHUB_REF_PROTECTED": "true"}


@pytest.mark.parametrize(
    ("environ", "protected"),
    [
        ({}, False),
        ({"GITHUB_REF_PROTECTED": "true"}, False),
        (PROTECTED, True),
        ({"CI": "1", "CI_COMMIT_REF_PROTECTED": "true"}, True),
        ({"CI": "1", "CI_COMMIT_TAG": "v1"}, True),
        ({"CI": "1", "GITHUB_REF_TYPE": "tag"}, True),
        ({"CI": "1", "GITHUB_REF_TYPE": "branch", "GITHUB_REF_PROTECTED": "false"}, False),
    ],
)
def test_what_a_ci_system_says_of_the_branch_decides(environ: dict[str, str], *, protected: bool) -> None:
    assert is_protected(environ) is protected


def test_each_one_of_so_many_runs_is_due() -> None:
    checks, due = Checks(), []
    for _ in range(6):
        due.append(is_due(checks, 3, PROTECTED))
        checks = checks.checked(5, 1) if due[-1] else checks.selected()
    assert due == [False, False, True, False, False, True]
    assert checks == Checks(since=0, tests=10, missed=2)


def test_on_a_laptop_and_with_nought_none_is() -> None:
    assert not is_due(Checks(since=99), 3, {})
    assert not is_due(Checks(since=99), 0, PROTECTED)


def test_the_count_survives_and_damage_begins_it_anew(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "checks.json"
    assert read_checks(place) == Checks()
    write_checks(place, Checks(since=1, tests=2, missed=3))
    assert read_checks(place) == Checks(since=1, tests=2, missed=3)
    place.write_text('{"since": []}')
    assert read_checks(place) == Checks()


def entry(name: str, outcome: str) -> Entry:
    return Entry(name, "test_a.py", (), 0, "", {"outcome": outcome})


def test_missed_is_what_was_sound_and_would_have_stayed_so() -> None:
    tests = (
        entry("a", "passed"),
        entry("b", "passed"),
        entry("c", "failed"),
        entry("d", "skipped"),
        entry("e", "passed"),
    )
    record = Record("", False, (), {}, (), (), {}, frozenset(), (), {}, (), (), (), {}, {}, (), {}, tests)
    outcomes = {"a": "passed", "b": "failed", "c": "failed", "d": "error", "e": "failed"}
    events = {name: {"outcome": outcome} for name, outcome in outcomes.items()}
    assert missed(record, Selection(run=("e",), reuse=("a", "b", "c", "d", "gone")), events) == ["b", "d"]
