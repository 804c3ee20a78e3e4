"""Counts of tests as metrics, and that nothing incomplete looks complete."""

from __future__ import annotations

from pathlib import Path

from noxline.metrics.tests import TestsReader
from tests.testing.records_on_disk import ran, record


def read(*outputs: Path) -> tuple[dict[str, float], set[str]]:
    reading = TestsReader().read(outputs, Path("/p"))
    assert reading is not None
    return {m.name: m.value for m in reading.metrics}, {m.name for m in reading.missing}


def test_counts_every_python_and_every_shard_once(tmp_path: Path) -> None:
    record(tmp_path / "a", ran("x"), ran("y", "skipped"), end=2.0)
    record(tmp_path / "b", ran("z", "failed"), end=3.0)
    record(tmp_path / "c", ran("x"), python="3.12.0", end=1.0)
    metrics, missing = read(*(tmp_path / name for name in "abc"))
    assert metrics == {
        "tests.passed": 2,
        "tests.failed": 1,
        "tests.errors": 0,
        "tests.skipped": 1,
        "tests.flaky": 0,
        "tests.seconds": 3.0,
    }
    assert missing == set()


def test_no_record_is_no_reading(tmp_path: Path) -> None:
    assert TestsReader().read([tmp_path], Path("/p")) is None


def test_a_dead_process_leaves_no_count_to_trust(tmp_path: Path) -> None:
    record(tmp_path, ran("x"), {"event": "begin", "id": "y"}, end=None)
    metrics, missing = read(tmp_path)
    assert metrics["tests.errors"] == 1
    assert {"tests.passed", "tests.failed", "tests.errors"} <= missing


def test_processes_that_ran_nothing_are_missing_not_zero(tmp_path: Path) -> None:
    record(tmp_path, {"event": "collected", "ids": []})
    metrics, missing = read(tmp_path)
    assert metrics == {}
    assert "tests.failed" in missing


def test_flaky_counts_what_passed_when_it_was_run_again(tmp_path: Path) -> None:
    record(tmp_path / "a", ran("x", reruns=1), ran("y", "failed", reruns=1))
    record(tmp_path / "b", ran("x"))
    assert read(tmp_path / "a")[0]["tests.flaky"] == 1
    assert read(tmp_path / "b")[0]["tests.flaky"] == 0, "a rule on it has something to judge"


def test_the_hint_names_the_first_failing_test(tmp_path: Path) -> None:
    record(tmp_path, ran("b", "failed"), ran("a", "failed"), ran("c"))
    reading = TestsReader().read([tmp_path], Path("/p"))
    assert reading is not None
    assert {m.name: m.hint for m in reading.metrics}["tests.failed"] == "a"
