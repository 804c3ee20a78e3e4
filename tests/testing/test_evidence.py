"""Evidence of flaky tests over runs and machines."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.evidence import EMPTY, Record, Seen, failed_last, flaky_tests, merge, observe, pruned
from noxline.testing.retry import Finding
from noxline.testing.verdicts import Verdicts

OUTCOME = st.sampled_from(["passed", "failed", "error", "skipped"])


@st.composite
def sights(draw: st.DrawFn) -> list[Seen]:
    seen = []
    for number in range(draw(st.integers(0, 5))):
        outcomes = draw(st.dictionaries(st.sampled_from("abc"), OUTCOME))
        failed = [name for name, outcome in outcomes.items() if outcome in ("failed", "error")]
        kinds = st.sampled_from(["flaky", "order-dependent"])
        flaky = tuple(Finding(id=name, kind=draw(kinds)) for name in failed if draw(st.booleans()))
        run, fingerprint = f"r{draw(st.integers(0, 3))}", draw(st.sampled_from(["", "f", "g"]))
        seen.append(
            Seen(run=run, when=number, outcomes=outcomes, verdicts=Verdicts(flaky=flaky), fingerprint=fingerprint)
        )
    return seen


def of(seen: list[Seen]) -> Record:
    record = EMPTY
    for one in seen:
        record = observe(record, one)
    return record


@given(sights(), sights(), sights())
def test_the_order_of_merging_does_not_matter(a: list[Seen], b: list[Seen], c: list[Seen]) -> None:
    x, y, z = of(a), of(b), of(c)
    assert merge(x, y) == merge(y, x)
    assert merge(x, merge(y, z)) == merge(merge(x, y), z)
    assert merge(x, x) == merge(x, EMPTY) == x
    assert json.loads(json.dumps(x)) == x


@given(sights())
def test_every_test_that_failed_is_known_and_no_other(seen: list[Seen]) -> None:
    failed = {name for one in seen for name, o in one.outcomes.items() if o in ("failed", "error")}
    assert set(of(seen)["tests"]) == failed


def test_a_flaky_test_has_a_rate_and_a_first_time() -> None:
    flaky = Verdicts(flaky=(Finding(id="a", kind="flaky"),))
    seen = [
        Seen(run="r1", when=10, outcomes={"a": "failed", "b": "passed"}, verdicts=flaky),
        Seen(run="r2", when=20, outcomes={"a": "passed", "b": "passed"}),
        Seen(run="r3", when=30, outcomes={"a": "failed"}, verdicts=flaky),
        Seen(run="r4", when=40, outcomes={"a": "passed"}),
    ]
    (test,) = flaky_tests(of(seen))
    assert (test.id, test.first, test.runs, test.failures, test.rate) == ("a", 10.0, 4, 2, 0.5)


def test_two_outcomes_under_one_fingerprint_are_flaky_whoever_ran_it() -> None:
    here = of([Seen(run="r1", when=1, outcomes={"a": "failed"}, fingerprint="f")])
    assert flaky_tests(here) == ()
    there = observe(here, Seen(run="r2", when=2, outcomes={"a": "passed"}, fingerprint="f"))
    assert [test.id for test in flaky_tests(there)] == ["a"]
    mended = observe(here, Seen(run="r2", when=2, outcomes={"a": "passed"}, fingerprint="g"))
    assert flaky_tests(mended) == ()


def test_the_polluter_is_kept() -> None:
    found = Verdicts(flaky=(Finding(id="a", kind="order-dependent", polluters=("p",)),))
    record = of([Seen(run="r1", when=1, outcomes={"a": "failed"}, verdicts=found)])
    record = observe(record, Seen(run="r2", when=2, outcomes={"a": "failed"}, verdicts=Verdicts()))
    assert flaky_tests(record)[0].polluters == ("p",)


def test_what_failed_last_comes_first_unless_it_depends_on_the_order() -> None:
    order = Verdicts(flaky=(Finding(id="c", kind="order-dependent", polluters=("p",)),))
    record = of(
        [
            Seen(run="r1", when=1, outcomes={"a": "failed", "b": "failed", "c": "failed"}, verdicts=order),
            Seen(run="r2", when=2, outcomes={"a": "passed", "c": "failed"}, verdicts=order),
        ]
    )
    assert failed_last(record) == ("b",)


def test_what_was_not_seen_for_long_goes() -> None:
    record = of([Seen(run="r1", when=1, outcomes={"a": "failed"}), Seen(run="r5", when=5, outcomes={"b": "failed"})])
    assert set(pruned(record, "r3")["tests"]) == {"b"}


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.dictionaries(st.text(), st.integers())))
def test_what_is_no_record_counts_as_empty(strange: dict[str, object]) -> None:
    assert merge({"schema": 1, "tests": strange}, EMPTY) == EMPTY
    assert merge({"schema": 2, "tests": {}}, EMPTY) == EMPTY
