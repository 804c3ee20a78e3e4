"""What is kept of flaky tests, and when an entry of the quarantine is a warning or an error."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from noxline.errors import ConfigError
from noxline.flaky import evidence, keep_evidence, quarantine_warnings, refuse_overdue, write_first
from noxline.model.run import TaskResult
from noxline.model.stage import Source
from noxline.model.task import Outcome, Status, Task
from noxline.settings.loader import load
from noxline.settings.schema import Settings
from noxline.testing.evidence import flaky_tests
from noxline.testing.retry import Finding
from noxline.testing.verdicts import Verdicts, write_verdicts
from tests.testing.records_on_disk import ran, record

NOW = 1_790_000_000.0
RUN = "20260921-120000-abcd"
EXPIRES = date(2026, 3, 31)


def result(
    output: Path, *, status: Status = Status.FAILED, decision: str = "ran", flaky: bool = False, outcome: str = "failed"
) -> TaskResult:
    record(output, ran("a::bad", outcome), ran("a::fine"))
    if flaky:
        write_verdicts(output, Verdicts(flaky=(Finding(id="a::bad", kind="flaky"),)))
    task = Task(name="tests", stage="tests", session="tests", source=Source.STANDARD)
    return TaskResult(task=task, decision=decision, outcome=Outcome(task="tests", status=status, output=output))


def test_evidence_is_kept_and_what_failed_comes_first_next_time(tmp_path: Path) -> None:
    assert not write_first(tmp_path, tmp_path / "first.json")
    keep_evidence(tmp_path, [result(tmp_path / "1")], run=RUN, when=NOW)
    assert flaky_tests(evidence(tmp_path)) == ()
    assert write_first(tmp_path, tmp_path / "first.json")
    assert json.loads((tmp_path / "first.json").read_text()) == ["a::bad"]
    passed = result(tmp_path / "2", status=Status.PASSED, outcome="passed")
    keep_evidence(tmp_path, [passed], run=RUN + "2", when=NOW)
    assert not write_first(tmp_path, tmp_path / "first.json")


def test_a_test_found_flaky_in_a_task_that_passed_is_kept(tmp_path: Path) -> None:
    keep_evidence(tmp_path, [result(tmp_path / "1", status=Status.PASSED, flaky=True)], run=RUN, when=NOW)
    assert [(test.id, test.rate) for test in flaky_tests(evidence(tmp_path))] == [("a::bad", 1.0)]


def test_both_outcomes_under_one_fingerprint_make_a_test_flaky(tmp_path: Path) -> None:
    fingerprints = {"tests": "f1"}
    keep_evidence(tmp_path, [result(tmp_path / "1")], run=RUN, when=NOW, fingerprints=fingerprints)
    passed = result(tmp_path / "2", status=Status.PASSED, outcome="passed")
    keep_evidence(tmp_path, [passed], run=RUN + "2", when=NOW, fingerprints=fingerprints)
    assert [test.id for test in flaky_tests(evidence(tmp_path))] == ["a::bad"]


def test_reused_results_teach_nothing_and_old_evidence_goes(tmp_path: Path) -> None:
    keep_evidence(tmp_path, [result(tmp_path / "1", decision="reused")], run=RUN, when=NOW)
    assert evidence(tmp_path)["tests"] == {}
    keep_evidence(tmp_path, [result(tmp_path / "1")], run=RUN, when=NOW)
    later = NOW + timedelta(days=100).total_seconds()
    keep_evidence(tmp_path, [result(tmp_path / "1", outcome="passed")], run="20261230-000000-0000", when=later)
    assert set(evidence(tmp_path)["tests"]) == {"a::bad"}
    keep_evidence(tmp_path, [], run="20270630-000000-0000", when=later + timedelta(days=200).total_seconds())
    assert evidence(tmp_path)["tests"] == {}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "gates.toml").write_text(
        '# noxline\n[[quarantine]]\ntest = "a::bad"\nreason = "#1"\nowner = "ada"\nexpires = 2026-03-31\n'
    )
    return load(tmp_path)


def warnings(root: Path, settings: Settings, today: date, *known: str, whole: bool = True) -> tuple[str, ...]:
    return quarantine_warnings(root, settings, today, known=known, whole=whole)


def test_an_entry_in_force_says_nothing(tmp_path: Path, settings: Settings) -> None:
    assert warnings(tmp_path, settings, EXPIRES, "a::bad[1]") == ()
    refuse_overdue(tmp_path, settings, EXPIRES)


def test_an_expired_entry_is_a_warning_and_after_thirty_days_an_error(tmp_path: Path, settings: Settings) -> None:
    (said,) = warnings(tmp_path, settings, EXPIRES + timedelta(days=1), "a::bad")
    assert said.startswith("config/gates.toml:2: the quarantine of a::bad expired on 2026-03-31: its failures count")
    refuse_overdue(tmp_path, settings, EXPIRES + timedelta(days=30))
    with pytest.raises(ConfigError, match="expired on 2026-03-31, more than 30 days ago") as error:
        refuse_overdue(tmp_path, settings, EXPIRES + timedelta(days=31))
    assert error.value.place == "config/gates.toml:2"


def test_an_unknown_test_is_a_warning_and_thirty_days_later_an_error(tmp_path: Path, settings: Settings) -> None:
    first = EXPIRES - timedelta(days=90)
    assert warnings(tmp_path, settings, first, "a::other", whole=False) == ()
    (said,) = warnings(tmp_path, settings, first, "a::other")
    assert said == (
        "config/gates.toml:2: the quarantine names a::bad, which is no test; 30 days after 2025-12-31 that is an error"
    )
    assert warnings(tmp_path, settings, first + timedelta(days=5), "a::other") == (said,)
    refuse_overdue(tmp_path, settings, first + timedelta(days=30))
    with pytest.raises(ConfigError, match="has not been a test for more than 30 days"):
        refuse_overdue(tmp_path, settings, first + timedelta(days=31))
    assert warnings(tmp_path, settings, first + timedelta(days=31), "a::bad") == ()
    refuse_overdue(tmp_path, settings, first + timedelta(days=31))
