"""Stored results with flaky tests, and tests that one fingerprint saw fail and pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.flaky import add_evidence, evidence, keep_again
from noxline.flaky_again import mark_flaky, stored_place
from noxline.model.decision import Reuse, Run
from noxline.shard_reuse import all_shards_run
from noxline.testing.again import write_again
from noxline.testing.evidence import EMPTY, Seen, flaky_tests, observe
from noxline.testing.retry import Finding
from noxline.testing.verdicts import Excused, Verdicts, read_verdicts, write_verdicts
from tests.reuse.desk import Desk, definition, task_of
from tests.testing.records_on_disk import ran, record

FLAKY = Verdicts(flaky=(Finding(id="a::x", kind="flaky", attempts=("passed alone",)),))
TASK = task_of("tests")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "p", {"tests": definition("src")})
    desk.write("src/a.py", "1\n")
    return desk


def verdict_files(folder: Path, verdicts: Verdicts) -> dict[str, str]:
    folder.mkdir()
    write_verdicts(folder, verdicts)
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.process
def test_a_stored_result_with_flaky_tests_is_put_aside_and_its_task_runs(desk: Desk, tmp_path: Path) -> None:
    desk.once(TASK, verdict_files(tmp_path / "v", FLAKY))
    reuser = desk.reuser()
    decision = reuser.decide(TASK)
    assert isinstance(decision, Run)
    assert decision.reasons == ("flaky tests of its stored result run again: a::x",)
    assert set(reuser.again) == {"tests"}
    assert read_verdicts(stored_place(reuser.place("tests")[0])[0]) == FLAKY
    assert all_shards_run(reuser, [TASK], "")
    assert not reuser.place("tests")[0].exists()


@pytest.mark.process
def test_tests_in_quarantine_alone_do_not_run_again(desk: Desk, tmp_path: Path) -> None:
    said = Verdicts(quarantined=(Excused(id="a::x", until="2999-01-01", reason="#1"),))
    desk.once(TASK, verdict_files(tmp_path / "v", said))
    assert isinstance(desk.decision(TASK), Reuse)


@pytest.mark.process
def test_what_needs_such_a_result_is_reused_while_it_stands(desk: Desk, tmp_path: Path) -> None:
    desk.definitions["report"] = definition("docs", needs=("tests",))
    report = task_of("report", needs=("tests",))
    files = verdict_files(tmp_path / "v", FLAKY)
    first = desk.reuser()
    desk.do(first, TASK, files)
    desk.do(first, report)
    first.close()
    again = desk.reuser()
    desk.do(again, TASK, {**files, "more": "what a path in a file, say, made of it"})
    assert isinstance(again.decide(report), Reuse)
    broken = desk.reuser()
    desk.do(broken, TASK, {}, passes=False)
    assert isinstance(broken.decide(report), Run)


def test_a_test_that_one_fingerprint_saw_fail_and_pass_is_marked(tmp_path: Path) -> None:
    add_evidence(tmp_path, observe(EMPTY, Seen(run="r1", when=1.0, outcomes={"a::x": "failed"}, fingerprint="f")))
    record(tmp_path / "out", ran("a::x"), ran("a::y"))
    mark_flaky(tmp_path, tmp_path / "out", "g")
    assert read_verdicts(tmp_path / "out") == Verdicts()
    mark_flaky(tmp_path, tmp_path / "out", "f")
    (found,) = read_verdicts(tmp_path / "out").flaky
    assert (found.id, found.kind) == ("a::x", "flaky")
    mark_flaky(tmp_path, tmp_path / "out", "f")
    assert read_verdicts(tmp_path / "out").flaky == (found,)


def test_how_they_ended_is_evidence(tmp_path: Path) -> None:
    output = tmp_path / "task" / "output"
    output.mkdir(parents=True)
    write_verdicts(output, FLAKY)
    for run, how in (("20260101-1", "failed"), ("20260102-1", "passed"), ("20260103-1", "broken")):
        write_again(output, {"a::x": how})
        keep_again(tmp_path, {"f": output}, run=run, when=1.0)
    (found,) = flaky_tests(evidence(tmp_path))
    assert (found.runs, found.failures, found.kind) == (3, 2, "flaky")
    entry = evidence(tmp_path)["tests"]["a::x"]
    assert list(entry["seen"].values()) == ["flaky", "passed", "failed"]
    assert entry["failed"] == {"f": 1.0}
