"""Durations: merged in any order, never lost, younger knowledge counts."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.durations import EMPTY, Record, known, merge, of_results
from noxline.testing.results import read_results
from tests.testing.records_on_disk import ran, record

MEASURED = st.fixed_dictionaries(
    {"seconds": st.floats(0, 100), "when": st.integers(0, 5)},
    optional={"uses": st.lists(st.sampled_from("xy"), max_size=2), "group": st.sampled_from("gh")},
)
MADE = st.fixed_dictionaries(
    {
        "schema": st.just(1),
        "tests": st.dictionaries(st.sampled_from("abcd"), MEASURED, max_size=4),
        "shared": st.dictionaries(st.sampled_from("xy"), MEASURED, max_size=2),
    }
)
RECORD = st.lists(MADE, min_size=1, max_size=4).map(lambda made: reduce(merge, made))
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.dictionaries(st.text(), s))


@given(RECORD, RECORD, RECORD)
def test_the_order_of_merging_does_not_matter(a: Record, b: Record, c: Record) -> None:
    assert merge(a, b) == merge(b, a)
    assert merge(a, merge(b, c)) == merge(merge(a, b), c)
    assert merge(a, a) == merge(a, EMPTY) == a


@given(RECORD, RECORD)
def test_no_test_is_lost_and_the_younger_entry_counts(a: Record, b: Record) -> None:
    together = merge(a, b)["tests"]
    assert set(together) == {*a["tests"], *b["tests"]}
    for name, entry in together.items():
        assert entry["when"] == max(r["tests"][name]["when"] for r in (a, b) if name in r["tests"])


@given(JSON, RECORD)
def test_what_is_no_record_counts_as_empty(strange: Any, a: Record) -> None:
    assert merge({"schema": 1, "tests": strange, "shared": 3}, a)["tests"].keys() >= a["tests"].keys()
    assert merge({"schema": 9, "tests": a["tests"]}, EMPTY) == EMPTY
    assert all(isinstance(value, float) for value in known({"schema": 1, "tests": strange}).seconds.values())


def test_shards_add_to_each_other_and_setting_up_shared_fixtures_is_told_apart(tmp_path: Path) -> None:
    record(tmp_path / "1", ran("a::1", cost=3.0, shared={"module:a:db": 2.0}, uses=["module:a:db"], group="g"))
    record(tmp_path / "2", ran("a::2", uses=["module:a:db"]))
    learned = of_results(read_results([tmp_path / "1", tmp_path / "2"]), 7.0)
    assert json.loads(json.dumps(learned)) == {
        "schema": 1,
        "tests": {
            "a::1": {"seconds": 1.0, "when": 7.0, "uses": ["module:a:db"], "group": "g"},
            "a::2": {"seconds": 0.5, "when": 7.0, "uses": ["module:a:db"]},
        },
        "shared": {"module:a:db": {"seconds": 2.0, "when": 7.0}},
    }
    what = known(learned)
    assert what.seconds == {"a::1": 1.0, "a::2": 0.5}
    assert what.costs == {"module:a:db": 2.0}
    assert what.groups == {"a::1": "g"}


def test_a_measurement_that_a_busy_machine_spoilt_is_outvoted() -> None:
    def measured(when: int, seconds: float) -> Record:
        return {"schema": 1, "tests": {"a": {"seconds": seconds, "when": when}}, "shared": {}}

    record: Record = EMPTY
    usual = []
    for when, seconds in enumerate([9.0, 1.0, 1.2, 8.0, 1.1, 3.0, 3.1]):
        record = merge(record, measured(when, seconds))
        usual.append(known(record).seconds["a"])
    assert usual == [9.0, 1.0, 1.2, 1.2, 1.2, 3.0, 3.0]
    assert record["tests"]["a"] == {"seconds": 3.1, "when": 6, "earlier": [[5, 3.0], [4, 1.1]]}


def test_the_slowest_python_counts(tmp_path: Path) -> None:
    record(tmp_path / "1", ran("a::1", seconds=1.0), python="3.12.0")
    record(tmp_path / "2", ran("a::1", seconds=2.0), python="3.9.0")
    assert known(of_results(read_results([tmp_path / "1", tmp_path / "2"]), 1.0)).seconds == {"a::1": 2.0}
