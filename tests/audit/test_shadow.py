"""Lots, and the differences of two results."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from noxline.audit.shadow import compare
from noxline.inputs.lots import is_chosen

VIEWS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"))


def test_the_share_of_tasks_is_about_the_rate() -> None:
    chosen = sum(is_chosen("run", f"task-{n}", 0.2) for n in range(2000))
    assert 300 < chosen < 500


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_lot_is_steady_and_a_higher_rate_keeps_what_a_lower_one_chose(
    run: str, task: str, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert is_chosen(run, task, low) <= is_chosen(run, task, high)
    assert is_chosen(run, task, 1.0)
    assert not is_chosen(run, task, 0.0)


@given(VIEWS, VIEWS)
def test_every_difference_is_named_once(expected: dict[str, str], got: dict[str, str]) -> None:
    names = [text.split(" ")[0] for text in compare(expected, got)]
    assert names == sorted(n for n in expected.keys() | got.keys() if expected.get(n) != got.get(n))


def test_the_words() -> None:
    assert compare({"junit.xml": "1", "b": "1"}, {"junit.xml": "2", "c": "1"}) == (
        "b is no longer made",
        "c was not there",
        "junit.xml differs",
    )
