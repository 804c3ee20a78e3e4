"""A snapshot is made only of a run that can be had again as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from noxline.model.gate import Result, Verdict
from noxline.model.run import Run
from noxline.model.task import Status
from noxline.warm.rehearse import is_replayable
from tests.reports.sample import result, run_of

REUSED = result("lint", decision="reused")
IDLE = result("docs", decision="skipped", status=Status.SKIPPED, reason="no documentation")


def run(root: Path, *more: Any) -> Run:
    return run_of(root, REUSED, IDLE, *more)


def test_what_was_reused_or_had_nothing_to_do_can_be_replayed(tmp_path: Path) -> None:
    assert is_replayable(run(tmp_path))


def test_what_ran_cannot(tmp_path: Path) -> None:
    assert not is_replayable(run(tmp_path, result("types")))


def test_an_interrupted_rehearsal_shows_nothing(tmp_path: Path) -> None:
    """Its tasks were left out because somebody had enough, which is no lack of anything to do."""
    cancelled = result("types", decision="skipped", status=Status.CANCELLED, reason="interrupted")
    assert not is_replayable(run(tmp_path, cancelled))
    assert not is_replayable(replace(run(tmp_path), status="interrupted"))


def test_warnings_are_said_by_the_ordinary_way(tmp_path: Path) -> None:
    assert not is_replayable(replace(run(tmp_path), warnings=("the cache is out of reach",)))


def test_a_rule_for_the_runs_own_time_is_judged_anew(tmp_path: Path) -> None:
    verdict = Verdict(metric="pipeline.seconds", rule="< 10", value=9.0, result=Result.PASS, origin="", hint="")
    assert not is_replayable(replace(run(tmp_path), verdicts=(verdict,)))
