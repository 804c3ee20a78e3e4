"""Failed tests run again by the suite's own commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from noxline.sessions.suite_command import Place
from noxline.sessions.suite_retry import candidates, find_out, quarantined, told, trials_of, uncounted
from noxline.settings.schema import QuarantineSettings
from noxline.testing.records import Process
from noxline.testing.results import Results, read_results
from noxline.testing.retry import Allowance, Failing, Finding
from noxline.testing.verdicts import Excused, Verdicts, failing
from tests.sessions.samples import FakeSession, suite
from tests.testing.records_on_disk import ran, record

ENTRY = QuarantineSettings(test="a::bad", reason="#1", owner="ada", expires=date(2026, 3, 31))


@dataclass
class Again(FakeSession):
    """Runs tests as pytest does that is asked for single ones, by a rule that says which pass."""

    passes: Callable[[str, list[str]], bool] = lambda _name, _before: True
    orders: list[list[str]] = field(default_factory=list)
    starved: list[bool] = field(default_factory=list)

    def run(self, *argv: str, env: dict[str, str], **_more: Any) -> None:
        assert argv[-1] == "--maxfail=0"
        assert (env["NOXLINE_SHARD"], env["NOXLINE_FAIL_FAST"]) == ("", "")
        names = json.loads(Path(env["NOXLINE_ONLY"]).read_text())
        self.starved.append(bool(env["NOXLINE_STARVED"]))
        self.orders.append(names)
        events = [
            ran(name, "passed" if self.passes(name, names[:index]) else "failed") for index, name in enumerate(names)
        ]
        record(Path(env["NOXLINE_OUTPUT"]), *events)


def results_of(tmp_path: Path, *events: dict[str, Any], end: float | None = 1.0) -> Results:
    record(tmp_path / "first", *events, end=end)
    return read_results([tmp_path / "first"])


def retry(tmp_path: Path, session: Again, results: Results, allowance: Allowance | None = None) -> Verdicts:
    place = Place(bin=tmp_path / "bin", tmp=tmp_path / "tmp" / "shard-1-1", rcfile=tmp_path / "rc")
    given = allowance or Allowance()
    trials = trials_of(session, suite(), place, env={}, root=tmp_path, results=results, allowance=given)
    return find_out(results, trials, given, excused=(), root=tmp_path)


def test_a_test_that_passes_on_its_own_is_flaky_and_leaves_no_files(tmp_path: Path) -> None:
    results = results_of(tmp_path, ran("a::one"), ran("a::bad", "failed", message="E   why\n"), ran("a::last"))
    session = Again()
    (finding,) = retry(tmp_path, session, results).flaky
    assert (finding.id, finding.kind, finding.message) == ("a::bad", "flaky", "why")
    assert session.orders == [["a::bad"], ["a::one", "a::bad"], ["a::bad"]]
    assert session.starved == [False, False, True]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_broken_test_is_no_verdict(tmp_path: Path) -> None:
    results = results_of(tmp_path, ran("a::bad", "failed"))
    assert retry(tmp_path, Again(passes=lambda _name, _before: False), results) == Verdicts()


def test_what_an_earlier_run_found_saves_the_search(tmp_path: Path) -> None:
    entry = {
        "first": 1, "kind": "order-dependent", "polluters": ["a::9"], "seen": {"r": "flaky"}, "failed": {}
    }  # fmt: skip
    state = tmp_path / ".noxline" / "state"
    state.mkdir(parents=True)
    (state / "flaky.json").write_text(json.dumps({"schema": 1, "tests": {"a::bad": entry}}))
    results = results_of(tmp_path, *(ran(f"a::{n}") for n in range(20)), ran("a::bad", "failed"))
    session = Again(passes=lambda name, before: name != "a::bad" or "a::9" not in before)
    (finding,) = retry(tmp_path, session, results).flaky
    assert (finding.kind, finding.polluters) == ("order-dependent", ("a::9",))
    assert max(map(len, session.orders)) == 2


@pytest.mark.parametrize(("failed", "retries", "runs"), [(10, 2, True), (11, 2, False), (1, 0, False)])
def test_nothing_is_run_again_when_too_much_failed_or_the_settings_say_so(
    tmp_path: Path, failed: int, retries: int, runs: bool
) -> None:
    results = results_of(tmp_path, *(ran(f"a::{n}", "failed") for n in range(failed)))
    session = Again()
    retry(tmp_path, session, results, Allowance(retries=retries))
    assert bool(session.orders) is runs


def test_no_time_no_runs(tmp_path: Path) -> None:
    results = results_of(tmp_path, ran("a::bad", "failed"))
    session = Again()
    assert retry(tmp_path, session, results, Allowance(set_seconds=0.1)) == Verdicts()
    assert session.orders == []


def test_time_that_went_by_between_many_tests_does_not_keep_them_from_being_run_again(tmp_path: Path) -> None:
    results = results_of(tmp_path, ran("a::one"), ran("a::bad", "failed"), end=400.0)
    (finding,) = retry(tmp_path, Again(), results).flaky
    assert finding.attempts[0] == "passed alone"


def test_what_ran_before_is_that_of_the_same_worker(tmp_path: Path) -> None:
    events = [ran("a::1", worker="gw0"), ran("a::2", worker="gw1"), ran("a::bad", "error", worker="gw0")]
    results = results_of(tmp_path, *events)
    assert candidates(results, (), {"a::bad": ("x",)}) == (Failing(id="a::bad", before=("a::1",), suspects=("x",)),)


def test_a_process_that_died_is_not_run_again(tmp_path: Path) -> None:
    results = results_of(tmp_path, ran("a::bad", "failed"), end=None)
    assert candidates(results, (), {}) == ()
    assert isinstance(results.processes[0], Process)


def test_the_quarantine_covers_a_test_its_parameters_and_what_is_in_it(tmp_path: Path) -> None:
    names = ("a::bad", "a::bad[1]", "a::bad::inner", "a::badly", "a::other")
    results = results_of(tmp_path, *(ran(name, "failed") for name in names))
    covered = quarantined(results, [ENTRY], date(2026, 3, 31))
    assert [test.id for test in covered] == ["a::bad", "a::bad[1]", "a::bad::inner"]
    assert covered[0] == Excused(id="a::bad", until="2026-03-31", reason="#1")
    assert quarantined(results, [ENTRY], date(2026, 4, 1)) == ()
    assert [test.id for test in candidates(results, covered, {})] == ["a::badly", "a::other"]


def test_a_failure_counts_unless_a_verdict_covers_it(tmp_path: Path) -> None:
    results = results_of(tmp_path, ran("a::bad", "failed"), ran("a::worse", "failed"))
    excused = tuple(Excused(id=name, until="", reason="") for name in ("a::bad", "a::worse"))
    assert uncounted(failing(results), Verdicts(quarantined=excused))
    assert not uncounted(failing(results), Verdicts(quarantined=excused[:1]))
    assert not uncounted((), Verdicts())


def test_tests_that_only_failed_again_share_a_line() -> None:
    broken = [Finding(id=f"t::{name}", kind="broken", attempts=("failed alone",)) for name in "abc"]
    flaky = Finding(id="t::f", kind="flaky", attempts=("failed alone", "passed alone"))
    unknown = Finding(id="t::u", kind="broken")
    assert told([broken[0], flaky, unknown, *broken[1:]]) == [
        "t::f: failed alone, passed alone: flaky",
        "t::u: no time left: broken",
        "t::a and 2 more: failed again: broken",
    ]
    assert told(broken[:1]) == ["t::a: failed again: broken"]
