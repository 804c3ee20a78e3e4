"""What running failed tests again, and the quarantine, make of a run's results."""

from __future__ import annotations

from pathlib import Path

from noxline.testing.results import read_results
from noxline.testing.retry import Finding
from noxline.testing.verdicts import (
    FILE,
    Excused,
    Verdicts,
    failing,
    read_judged,
    read_verdicts,
    sentences,
    write_verdicts,
)
from tests.testing.records_on_disk import ran, record

FLAKY = Finding(id="a::flaky", kind="flaky", attempts=("failed alone", "passed alone"), message="boom")
ORDER = Finding(id="a::order", kind="order-dependent", attempts=("passed alone",), polluters=("a::dirty",))
EXCUSED = Excused(id="a::excused", until="2026-03-31", reason="#123")
VERDICTS = Verdicts(flaky=(FLAKY, ORDER), quarantined=(EXCUSED,))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_verdicts(tmp_path, VERDICTS)
    assert read_verdicts(tmp_path) == VERDICTS
    for torn in (b"", b"[]", b'{"flaky": [{"id": 1}]}', b'{"flaky": 1}'):
        (tmp_path / FILE).write_bytes(torn)
        assert read_verdicts(tmp_path) == Verdicts(quarantined=(EXCUSED,))


def test_nothing_to_say_leaves_no_file(tmp_path: Path) -> None:
    write_verdicts(tmp_path, VERDICTS)
    write_verdicts(tmp_path, Verdicts())
    assert list(tmp_path.iterdir()) == [], "a stored result with such a file has tests that run again"


def test_results_count_what_the_verdicts_say(tmp_path: Path) -> None:
    names = ("a::flaky", "a::order", "a::excused", "a::broken")
    record(tmp_path, *(ran(name, "failed", message="why") for name in names), ran("a::fine"))
    write_verdicts(tmp_path, VERDICTS)
    found = read_judged([tmp_path]).tests["3.11"]
    assert {name: (result.outcome, result.flaky) for name, result in found.items()} == {
        "a::flaky": ("passed", True),
        "a::order": ("passed", True),
        "a::excused": ("skipped", False),
        "a::broken": ("failed", False),
        "a::fine": ("passed", False),
    }
    assert found["a::flaky"].reruns == 2
    assert found["a::excused"].message == "in quarantine until 2026-03-31 (#123): why"
    assert [result.id for result in failing(read_judged([tmp_path]))] == ["a::broken"]
    assert len(failing(read_results([tmp_path]))) == 4


def test_a_test_that_failed_in_an_earlier_run_of_the_same_state_counts_as_flaky(tmp_path: Path) -> None:
    record(tmp_path, ran("a::flaky"), ran("a::fine"))
    write_verdicts(tmp_path, Verdicts(flaky=(FLAKY,)))
    found = read_judged([tmp_path])
    assert [(result.id, result.flaky) for result in found.all()] == [("a::flaky", True), ("a::fine", False)]
    assert found.count("passed") == 2


def test_a_verdict_holds_for_its_own_task_only(tmp_path: Path) -> None:
    for name, python in (("x", "3.11.0"), ("y", "3.12.0")):
        record(tmp_path / name, ran("a::flaky", "failed"), python=python)
    write_verdicts(tmp_path / "x", VERDICTS)
    found = read_judged([tmp_path / "x", tmp_path / "y"])
    assert {python: tests["a::flaky"].outcome for python, tests in found.tests.items()} == {
        "3.11": "passed",
        "3.12": "failed",
    }


def test_a_sentence_for_each() -> None:
    assert sentences(VERDICTS) == [
        "a::flaky is flaky: it failed, then failed alone, passed alone",
        "a::order depends on the order of tests: it fails behind a::dirty and passes alone",
        "a::excused failed in quarantine until 2026-03-31: #123",
    ]


def test_earlier_verdicts_stay() -> None:
    later = Verdicts(flaky=(FLAKY,))
    assert later.and_those(VERDICTS) == Verdicts(flaky=(ORDER, FLAKY), quarantined=(EXCUSED,))
