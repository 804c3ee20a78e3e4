from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from noxline.errors import UsageError
from noxline.model.event import RunFinished, RunStarted, TaskOutput, TaskStarted
from noxline.reports import run_directory
from noxline.reports.run_directory import RunDirectory, latest, prune, read_run, runs
from tests.reports.sample import RUN_ID, full_run, run_of


def started(root: Path, run_id: str = RUN_ID) -> RunStarted:
    return RunStarted(run_id=run_id, tasks=(), workers=2, directory=str(root / ".noxline" / "runs" / run_id))


def kept(root: Path, *run_ids: str) -> None:
    for run_id in run_ids:
        reporter = RunDirectory(root)
        reporter.handle(started(root, run_id))
        reporter.finish(run_of(root, run_id=run_id, directory=root / ".noxline" / "runs" / run_id))


def test_a_run_leaves_events_report_and_verdict(tmp_path: Path) -> None:
    run = full_run(tmp_path)
    reporter = RunDirectory(tmp_path, commit="abc", clock=iter([10.0, 10.0, 11.5, 12.0, 13.0]).__next__)
    reporter.handle(started(tmp_path))
    reporter.handle(TaskStarted(task="lint", at=0.5))
    reporter.handle(TaskOutput(task="lint", lines=("long output",)))
    reporter.handle(RunFinished(status="failed", exit_code=1, seconds=2.0))
    reporter.finish(run)
    lines = (run.directory / "events.jsonl").read_text(encoding="utf-8").splitlines()
    seen = [(event["event"], event["at"]) for event in map(json.loads, lines)]
    assert seen == [("run-started", 0.0), ("task-started", 0.5), ("run-finished", 2.0)]
    assert json.loads((run.directory / "verdict.json").read_text(encoding="utf-8"))["commit"] == "abc"
    assert (run.directory.parent / "last").read_text(encoding="utf-8").strip() == RUN_ID
    assert (tmp_path / ".noxline" / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert read_run(tmp_path, RUN_ID) == run


def test_events_are_on_disk_while_the_run_goes_on(tmp_path: Path) -> None:
    reporter = RunDirectory(tmp_path)
    reporter.handle(started(tmp_path))
    path = tmp_path / ".noxline" / "runs" / RUN_ID / "events.jsonl"
    assert path.read_text(encoding="utf-8").count("\n") == 1
    (summary,) = runs(tmp_path)
    assert (summary.status, summary.exit_code) == ("unfinished", None)
    assert latest(tmp_path) is None
    with pytest.raises(UsageError, match="ended before its report was written"):
        read_run(tmp_path, RUN_ID)


def test_a_full_disk_gives_one_warning_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_directory, "write_atomic", full)
    told: list[str] = []
    reporter = RunDirectory(tmp_path, warn=told.append)
    reporter.handle(started(tmp_path))
    reporter.handle(TaskStarted(task="lint", at=0.5))
    reporter.finish(run_of(tmp_path))
    assert told == ["the run directory cannot be written (No space left on device); the run goes on without it"]


def test_the_oldest_runs_are_removed(tmp_path: Path) -> None:
    names = [f"20260131-14253{k}-0000" for k in range(5)]
    kept(tmp_path, *names)
    prune(tmp_path, keep=2, current=names[-1])
    assert [summary.run_id for summary in runs(tmp_path)] == [names[4], names[3]]


def test_pruning_never_takes_the_current_run(tmp_path: Path) -> None:
    kept(tmp_path, "20260131-000000-0000", "20270101-000000-0000")
    prune(tmp_path, keep=1, current="20260131-000000-0000")
    assert len(runs(tmp_path)) == 2


def test_finishing_prunes(tmp_path: Path) -> None:
    kept(tmp_path, "20250101-000000-0000")
    reporter = RunDirectory(tmp_path, keep_runs=1)
    reporter.handle(started(tmp_path))
    reporter.finish(run_of(tmp_path))
    assert [summary.run_id for summary in runs(tmp_path)] == [RUN_ID]


def test_runs_are_listed_newest_first_with_counts(tmp_path: Path) -> None:
    kept(tmp_path, "20250101-000000-0000")
    reporter = RunDirectory(tmp_path)
    reporter.handle(started(tmp_path))
    reporter.finish(full_run(tmp_path))
    newest, oldest = runs(tmp_path)
    assert (newest.run_id, newest.status, newest.exit_code) == (RUN_ID, "failed", 1)
    assert newest.tasks == {"passed": 3, "failed": 3, "cancelled": 1, "skipped": 2}
    assert oldest.run_id == "20250101-000000-0000"
    assert latest(tmp_path) == RUN_ID


def test_a_torn_report_is_unfinished_and_gives_a_clear_error(tmp_path: Path) -> None:
    kept(tmp_path, RUN_ID)
    (tmp_path / ".noxline" / "runs" / RUN_ID / "run.json").write_text('{"schema": 1, "tas', encoding="utf-8")
    assert runs(tmp_path)[0].status == "unfinished"
    with pytest.raises(UsageError, match="cannot be read"):
        read_run(tmp_path, RUN_ID)


def test_an_unknown_run_gets_the_nearest_name(tmp_path: Path) -> None:
    kept(tmp_path, RUN_ID)
    with pytest.raises(UsageError) as caught:
        read_run(tmp_path, "20260131-142530-9f3b")
    assert caught.value.hint == f"did you mean {RUN_ID!r}?"


def test_no_runs_at_all(tmp_path: Path) -> None:
    assert runs(tmp_path) == []
    assert latest(tmp_path) is None


def test_a_run_that_somebody_else_removes_meanwhile_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path, "20260131-000000-0001")
    names = ["20260130-000000-gone", "20260131-000000-0001"]
    monkeypatch.setattr(run_directory, "_run_names", lambda _root: names)
    prune(tmp_path, keep=1, current=names[-1])
    assert (tmp_path / ".noxline" / "runs" / names[-1]).is_dir()
