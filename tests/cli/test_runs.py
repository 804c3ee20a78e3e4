from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Noxline
from tests.reports.sample import LOGS, RUN_ID

pytestmark = pytest.mark.process


def test_runs_lists_what_is_kept(noxline: Noxline, project: Path) -> None:
    assert noxline("runs").out == "no runs yet; start with: noxline ci\n"
    noxline("ci", FAKE="fail")
    cut_off = project / ".noxline" / "runs" / "20260201-000000-0000"
    cut_off.mkdir()
    assert noxline("runs").out == (
        f"20260201-000000-0000  unfinished\n{RUN_ID}  failed             12.3 s  1 failed, 1 passed, 1 skipped\n"
    )
    newest, older = json.loads(noxline("runs", "--json").out)["runs"]
    assert (newest["status"], older["exit_code"]) == ("unfinished", 1)


def test_logs_prints_the_newest_log(noxline: Noxline, project: Path) -> None:
    noxline("ci", FAKE="fail")
    kept = (LOGS / "types.log").read_text(encoding="utf-8")
    assert noxline("logs", "types").out == kept
    newer = project / ".noxline" / "runs" / "20270101-000000-0000" / "tasks" / "types"
    newer.mkdir(parents=True)
    (newer / "log.txt").write_text("cut off\n", encoding="utf-8")
    assert noxline("logs", "types").out == "cut off\n"
    assert noxline("logs", "types", "--run", RUN_ID).out == kept
    document = json.loads(noxline("logs", "types", "--json").out)
    assert (document["run_id"], document["lines"]) == ("20270101-000000-0000", ["cut off"])


def test_a_log_that_is_not_there(noxline: Noxline) -> None:
    noxline("ci", FAKE="fail")
    ended = noxline("logs", "typs")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "noxline: error: the runs that are kept have no log of a task called 'typs'\n  hint: did you mean 'types'?\n"
    )
    unknown = noxline("logs", "types", "--run", "20260131-142530-9f3b")
    assert unknown.err == (
        f"noxline: error: there is no run called '20260131-142530-9f3b'\n  hint: did you mean {RUN_ID!r}?\n"
    )


def test_gate_judges_again_and_exits_with_the_verdict(noxline: Noxline) -> None:
    ended = noxline("gate")
    assert (ended.code, ended.err) == (3, "")
    assert ended.out == (
        f"run {RUN_ID}\n  ✗ complexity.max  14  < 10  fail\n      split it\n\n"
        "failed (exit 3) in 12.3 s — 1 ran, 0 reused, 0 skipped, 1 gate failed: complexity.max\n"
    )
    document = json.loads(noxline("gate", "--json").out)
    assert (document["exit_code"], document["verdicts"][0]["result"]) == (3, "fail")


@pytest.mark.parametrize(("typed", "names"), [("", {"hooks", "lint", "types"}), ("ty", {"types"})])
def test_names_of_stages_are_completed_from_the_last_run(noxline: Noxline, typed: str, names: set[str]) -> None:
    noxline("ci", FAKE="fail")
    ended = noxline(_NOXLINE_COMPLETE="bash_complete", COMP_WORDS=f"noxline run {typed}", COMP_CWORD="2")
    assert {line.partition(",")[2] for line in ended.out.splitlines()} == names


def test_completion_without_any_run_is_empty(noxline: Noxline) -> None:
    ended = noxline(_NOXLINE_COMPLETE="bash_complete", COMP_WORDS="noxline logs x", COMP_CWORD="2")
    assert (ended.out.strip(), ended.err) == ("", "")
