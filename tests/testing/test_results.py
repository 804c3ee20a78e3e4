"""Merging of records: what counts once, what counts worst, and that a dead process never looks well."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.records import Process, Start, Test, Unreadable, read_process
from noxline.testing.results import merge, read_results
from tests.testing.records_on_disk import ran, record


def test_shards_of_one_python_are_united_and_pythons_counted_apart(tmp_path: Path) -> None:
    record(tmp_path / "a", ran("x"), ran("y"))
    record(tmp_path / "b", ran("z"))
    record(tmp_path / "c", ran("x"), python="3.12.1")
    results = read_results([tmp_path / name for name in "abc"])
    assert {python: sorted(tests) for python, tests in results.tests.items()} == {
        "3.11": ["x", "y", "z"],
        "3.12": ["x"],
    }
    assert results.count("passed") == 4


def test_the_same_test_on_one_python_counts_once_with_its_worst_outcome(tmp_path: Path) -> None:
    record(tmp_path, ran("x"), ran("y"), name="1-1")
    record(tmp_path, ran("x", "failed", message="no"), ran("z"), name="2-1")
    results = read_results([tmp_path])
    assert (results.count("passed"), results.count("failed")) == (2, 1)
    assert results.tests["3.11"]["x"].message == "no"


def test_time_is_added_within_a_session_and_the_longest_shard_counts(tmp_path: Path) -> None:
    record(tmp_path / "a", ran("x"), name="1-1", end=2.0)
    record(tmp_path / "a", ran("y"), name="2-1", end=3.0)
    record(tmp_path / "b", ran("z"), end=4.0)
    assert read_results([tmp_path / "a", tmp_path / "b"]).seconds == {"3.11": 5.0}


def test_a_dead_process_is_an_error_of_the_test_it_was_at(tmp_path: Path) -> None:
    record(tmp_path, ran("x"), {"event": "begin", "id": "y"}, end=None)
    results = read_results([tmp_path])
    assert results.tests["3.11"]["y"].outcome == "error"
    assert results.incomplete == ("a pytest process on Python 3.11 died while running y",)


def test_a_process_that_dies_between_tests_is_an_error_too(tmp_path: Path) -> None:
    record(tmp_path, ran("x"), end=None)
    results = read_results([tmp_path])
    assert results.count("error") == 1
    assert results.incomplete


def test_files_that_cannot_be_collected_are_errors(tmp_path: Path) -> None:
    record(tmp_path, {"event": "collect-error", "id": "test_a.py", "message": "ImportError"})
    assert read_results([tmp_path]).tests["3.11"]["test_a.py"].outcome == "error"


def test_a_torn_last_line_is_what_a_killed_process_leaves(tmp_path: Path) -> None:
    path = record(tmp_path, ran("x"), end=None)
    path.write_bytes(path.read_bytes() + b'{"event": "te')
    process = read_process(path)
    assert isinstance(process, Process)
    assert [t.id for t in process.tests] == ["x"]


def test_a_broken_record_says_so(tmp_path: Path) -> None:
    path = record(tmp_path, ran("x", "wonderful"))
    process = read_process(path)
    assert isinstance(process, Unreadable)
    assert "1-1.jsonl is no record of tests" in process.reason
    assert read_results([tmp_path]).incomplete == (process.reason,)


def test_reruns_make_a_pass_flaky(tmp_path: Path) -> None:
    record(tmp_path, ran("x", reruns=1), ran("y", "failed", reruns=2))
    results = read_results([tmp_path]).tests["3.11"]
    assert (results["x"].flaky, results["y"].flaky) == (True, False)


RUN = st.lists(st.builds(Test, st.sampled_from("abcde"), st.sampled_from(["passed", "skipped", "failed", "error"])))


@given(st.lists(RUN, max_size=4))
def test_merging_never_loses_a_failure(runs: list[list[Test]]) -> None:
    start = Start(runner="pytest", python="3.11.0")
    processes = [Process(source=Path(str(n)), start=start, tests=tuple(run)) for n, run in enumerate(runs)]
    merged = merge({Path("a"): processes[:2], Path("b"): processes[2:]})
    known = merged.tests.get("3.11", {})
    for name in {result.id for run in runs for result in run}:
        seen = {result.outcome for run in runs for result in run if result.id == name}
        worst = next(outcome for outcome in ("error", "failed", "skipped", "passed") if outcome in seen)
        assert known[name].outcome == worst
