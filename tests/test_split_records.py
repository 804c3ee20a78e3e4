"""The split of a suite, found by whoever finds the results that rest on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from noxline.cache.disk import DiskStore
from noxline.split_records import KIND, SplitRecords, Suite
from noxline.splits import Split, split_file
from noxline.state import write_state

SUITE = Suite(session="tests-3.11", count=2, content="c")
FIRST = Split(session="tests-3.11", count=2, shards=(("a", "b"), ("c",)))
OTHER = Split(session="tests-3.11", count=2, shards=(("a",), ("b", "c")))


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(str(tmp_path / "store"), warn=pytest.fail, limit=10**9)


def test_another_clone_finds_the_split_of_the_same_files_and_no_other(tmp_path: Path, store: DiskStore) -> None:
    SplitRecords(tmp_path / "one", store).keep(FIRST, SUITE, "files")
    other = SplitRecords(tmp_path / "other", store)
    assert other.find(SUITE, "files") == FIRST
    assert other.find(SUITE, "other files").shards == ()
    for suite in (
        Suite(session="tests-3.12", count=2, content="c"),
        Suite(session="tests-3.11", count=2, content="other settings"),
        Suite(session="tests-3.11", count=3, content="c"),
    ):
        assert other.find(suite, "files").shards == ()


def test_where_nothing_is_stored_the_last_split_of_the_project_counts(tmp_path: Path, store: DiskStore) -> None:
    write_state(split_file(tmp_path, "tests-3.11", 2), {"schema": 1, "shards": OTHER.shards})
    assert SplitRecords(tmp_path, None).find(SUITE, "files") == OTHER
    records = SplitRecords(tmp_path, store)
    assert records.find(SUITE, "new files") == OTHER
    records.keep(FIRST, SUITE, "files")
    assert records.find(SUITE, "files") == FIRST, "results for these files rest on it, whatever ran last"


def test_within_a_run_the_answer_stays_the_same(tmp_path: Path, store: DiskStore) -> None:
    one, other = SplitRecords(tmp_path / "one", store), SplitRecords(tmp_path / "other", store)
    one.keep(FIRST, SUITE, "files")
    assert other.find(SUITE, "files") == FIRST
    one.keep(OTHER, SUITE, "files")
    assert other.find(SUITE, "files") == FIRST, "a shard that is decided later must not meet another split"
    assert SplitRecords(tmp_path / "next", store).find(SUITE, "files") == OTHER


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"schema": 2, "shards": [["a"], ["b"]]},
        {"schema": 1, "shards": [["a"]]},
        {"schema": 1, "shards": [["a"], [1]]},
    ],
)
def test_what_is_no_split_is_none(tmp_path: Path, store: DiskStore, record: Mapping[str, Any]) -> None:
    store.write_record(KIND, SUITE.key("files"), record)
    assert SplitRecords(tmp_path, store).find(SUITE, "files").shards == ()
