from __future__ import annotations

import io
from pathlib import Path

from noxline.model.event import (
    RunningTask,
    RunStarted,
    StillRunning,
    TaskFinished,
    TaskOutput,
    TaskPrepared,
    TaskRetried,
    TaskStarted,
    Warned,
)
from noxline.model.run import TaskResult
from noxline.model.task import Cause, Outcome, Status
from noxline.reports.plain import PlainReport, Verbosity
from noxline.reports.style import Style
from tests.reports.sample import failed, replace_task, result, run_of


def started(*results: TaskResult) -> RunStarted:
    return RunStarted(run_id="r1", tasks=tuple(r.task for r in results), workers=2, directory="/r")


def finished(done: TaskResult, *reasons: str) -> TaskFinished:
    return TaskFinished(outcome=done.outcome, decision=done.decision, reasons=reasons)


def printed(*events: object, verbosity: Verbosity | None = None, times: list[float] | None = None) -> str:
    stream = io.StringIO()
    clock = iter(times or [0.0] * 99)
    report = PlainReport(stream, Style(), verbosity or Verbosity(), clock=clock.__next__)
    for event in events:
        report.handle(event)  # type: ignore[arg-type]
    return stream.getvalue()


def test_one_line_for_each_task_that_ended(tmp_path: Path) -> None:
    passed = result("tests-3.12", seconds=12.34)
    reused = result("lint", decision="reused", seconds=0.5)
    skipped = replace_task(
        result("hooks", decision="skipped", status=Status.SKIPPED, reason="no hook configuration"), skip="no hooks"
    )
    stopped = result("docs", status=Status.CANCELLED, cause=Cause.NEED, reason="needs build")
    text = printed(
        started(passed, reused, skipped, stopped),
        finished(passed, "first run"),
        finished(reused),
        finished(skipped),
        finished(stopped),
    )
    assert text == (
        "noxline — 3 tasks of 3 stages, 1 skipped, 2 workers, run r1\n"
        "✓ tests-3.12  passed   12.3 s  ran: first run\n"
        "✓ lint        reused (local)\n"
        "- hooks       skipped: no hook configuration\n"
        "\u00d7 docs        cancelled: needs build\n"
    )


def test_a_failure_shows_its_cause_at_once(tmp_path: Path) -> None:
    bad = failed("types", tmp_path, "types", seconds=1.0)
    assert printed(started(bad), finished(bad)).splitlines()[1:] == [
        "✗ types  failed    1.0 s",
        '    typ.py:3: Incompatible return value type (got "int", expected "str")  [return-value]',
    ]


def test_a_failure_that_only_warns_says_so(tmp_path: Path) -> None:
    bad = replace_task(failed("docs", tmp_path, "docs", seconds=1.0), warn_only=True)
    assert printed(started(bad), finished(bad)).splitlines()[1] == "! docs  failed    1.0 s  only warns"


def still(*tasks: RunningTask) -> StillRunning:
    return StillRunning(at=0.0, tasks=tasks)


def test_what_still_runs_is_told_of_at_most_every_half_minute() -> None:
    working = RunningTask(task="tests-3.11", seconds=84.3, preparing=False)
    events = still(working, RunningTask(task="docs", seconds=12.0, preparing=True)), still(), still(working)
    line = "… running: tests-3.11 1 min 24 s, docs preparing 12.0 s\n"
    assert printed(*events, times=[20.0, 40.0, 49.0]) == line
    assert printed(*events, times=[20.0, 40.0, 50.0]) == f"{line}… running: tests-3.11 1 min 24 s\n"
    assert printed(*events, verbosity=Verbosity(quiet=True)) == ""


def test_environments_are_told_of_at_most_every_ten_seconds() -> None:
    text = printed(
        TaskStarted(task="a", at=0.0, preparing=True),
        TaskStarted(task="b", at=1.0, preparing=True),
        TaskOutput(task="a", lines=("x",)),
        TaskPrepared(task="a", at=11.0, seconds=11.0),
        TaskPrepared(task="b", at=30.0, seconds=30.0),
        times=[0.0, 1.0, 9.9, 11.0, 30.0],
    )
    assert text == "… a  preparing environment\n… b  preparing environment\n"


def test_retries_and_warnings_are_told() -> None:
    again = TaskRetried(task="tests", outcome=Outcome(task="tests", status=Status.FAILED, attempts=1))
    text = printed(again, Warned(message="no git", hint="git init"))
    assert text == "! tests  attempt 1 failed, once more\nwarning: no git (git init)\n"


def test_verbose_prints_whole_logs_in_groups(tmp_path: Path) -> None:
    bad = failed("types", tmp_path, "types", seconds=1.0)
    text = printed(finished(bad), verbosity=Verbosity(verbose=True))
    assert "  | nox > Session types failed." in text.splitlines()
    on_github = printed(finished(bad), verbosity=Verbosity(verbose=True, github=True)).splitlines()
    assert on_github[1] == "::group::types"
    assert on_github[-2] == "::endgroup::"
    assert on_github[-1].startswith("::error title=types::typ.py:3: Incompatible return value type")


def test_annotations_are_escaped(tmp_path: Path) -> None:
    bad = failed("tests-3.12(dep='1,2'):x", tmp_path, "types")
    bad = replace_task(bad, warn_only=True)
    (tmp_path / "tasks" / bad.task.name / "log.txt").write_text("ERROR: 100% wrong\n", encoding="utf-8")
    text = printed(started(bad), finished(bad), verbosity=Verbosity(github=True))
    assert text.splitlines()[-1] == "::warning title=tests-3.12(dep='1%2C2')%3Ax::100%25 wrong"


def test_quiet_prints_failures_and_the_last_line_only(tmp_path: Path) -> None:
    good, bad = result("lint", seconds=1.0), failed("types", tmp_path / ".noxline", "types", seconds=1.0)
    stream = io.StringIO()
    report = PlainReport(stream, Style(), Verbosity(quiet=True))
    for event in (started(good, bad), finished(good), finished(bad), Warned(message="w")):
        report.handle(event)
    assert stream.getvalue() == ""
    report.finish(run_of(tmp_path, good, bad, status="failed", exit_code=1))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "✗ types  failed after 1.0 s"
    assert lines[-1] == "failed (exit 1) in 12.3 s — 2 ran, 0 reused, 0 skipped, 1 failed: types"
    assert len(lines) == 12


def test_a_stream_of_ascii_never_breaks(tmp_path: Path) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    bad = failed("cc", tmp_path, "cc")
    PlainReport(stream, Style(unicode=False)).handle(finished(bad))
    assert b"\\u2018y\\u2019" in raw.getvalue()
