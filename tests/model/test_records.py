"""Several records become one: in the order of their times, whatever order they are found in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from noxline.model.records import AHEAD, Record, joined, merged, newest

NOW = 1_000_000.0
TIMES = st.floats(min_value=0.0, max_value=NOW + AHEAD)
VALUES = st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3)


@given(st.lists(st.tuples(TIMES, VALUES), max_size=5, unique_by=lambda pair: pair[0]), st.randoms())
def test_the_order_in_which_records_are_found_does_not_matter(
    pairs: list[tuple[float, dict[str, int]]], chance: Any
) -> None:
    records = [Record(value=value, at=at) for at, value in pairs]
    shuffled = list(records)
    chance.shuffle(shuffled)
    for merge in (newest, joined):
        assert merged(shuffled, merge, now=NOW) == merged(records, merge, now=NOW)


@given(st.lists(st.tuples(TIMES, VALUES), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
def test_the_last_writer_of_each_part_wins(pairs: list[tuple[float, dict[str, int]]]) -> None:
    found = merged([Record(value=value, at=at) for at, value in pairs], joined, now=NOW)
    expected: dict[str, int] = {}
    for _, value in sorted(pairs, key=lambda pair: pair[0]):
        expected.update(value)
    assert found == Record(value=expected, at=max(at for at, _ in pairs))


def test_nothing_is_made_of_nothing() -> None:
    assert merged([], now=NOW) is None


def test_a_broken_clock_does_not_win_for_ever() -> None:
    sound, broken = Record(value={"a": 1}, at=NOW), Record(value={"a": 2}, at=NOW + AHEAD + 1)
    nonsense = Record(value={"a": 3}, at=float("nan"))
    assert merged([sound, broken, nonsense], now=NOW) == sound


def test_records_that_cannot_be_merged_are_not() -> None:
    def of_numbers(older: Mapping[str, Any], newer: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"sum": older["sum"] + newer["sum"]}

    older, newer = Record(value={"total": 1}, at=1.0), Record(value={"sum": 2}, at=2.0)
    assert merged([older, newer], of_numbers, now=NOW) == newer
    assert merged([newer, Record(value={"sum": 3}, at=3.0)], of_numbers, now=NOW) == Record(value={"sum": 5}, at=3.0)
