from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import UsageError
from noxline.model.finding import Finding, Severity
from noxline.model.gate import Result, Verdict
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.model.run import Run, TaskResult
from noxline.model.stage import Source
from noxline.model.task import Cause, Outcome, Status, Task
from noxline.reports.run_json import from_document, to_document, verdict_document
from tests.reports.sample import full_run, result, run_of

ROOT = Path("/project")
DIRECTORY = ROOT / ".noxline" / "runs" / "20260131-142530-9f3a"
texts = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.floats(0, 1e6)
many = {"max_size": 3}
paths = st.none() | st.from_regex(r"tasks/[a-z0-9_]{1,8}/(output|log\.txt)", fullmatch=True).map(
    lambda p: DIRECTORY / p
)
tools = st.builds(ToolReport, tool=texts, status=st.sampled_from(["worked", "unavailable"]), reason=texts)
metrics = st.builds(Metric, name=texts, value=numbers, unit=texts, source=texts, stage=texts, hint=texts)


@st.composite
def results(draw: st.DrawFn, name: str) -> TaskResult:
    outcome = st.builds(
        Outcome,
        task=st.just(name),
        status=st.sampled_from(Status),
        exit_code=st.none() | st.integers(-9, 255),
        cause=st.sampled_from(Cause),
        reason=texts,
        started=numbers,
        seconds=numbers,
        cpu_seconds=numbers,
        setup_seconds=numbers,
        attempts=st.integers(1, 4),
        output=paths,
        log=paths,
        warnings=st.lists(texts, **many).map(tuple),
    )
    task = st.builds(
        Task,
        name=st.just(name),
        stage=texts,
        session=texts,
        source=st.sampled_from(Source),
        python=st.none() | texts,
        shard=st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)),
        environment=texts,
        exclusive=st.booleans(),
        timeout=st.none() | numbers,
        retries=st.integers(0, 3),
        warn_only=st.booleans(),
        skip=texts,
    )
    return TaskResult(
        task=draw(task),
        decision=draw(st.sampled_from(["ran", "reused", "skipped"])),
        outcome=draw(outcome),
        reasons=draw(st.lists(texts, **many).map(tuple)),
        source=draw(st.none() | st.just("local")),
        saved_seconds=draw(numbers),
        tools=draw(st.lists(tools, **many).map(tuple)),
    )


@st.composite
def whole_runs(draw: st.DrawFn) -> Run:
    names = draw(st.lists(texts, unique=True, max_size=4))
    found = draw(st.lists(metrics, max_size=3))
    return Run(
        run_id=DIRECTORY.name,
        root=ROOT,
        directory=DIRECTORY,
        started_at=draw(texts),
        status=draw(st.sampled_from(["passed", "failed"])),
        exit_code=draw(st.integers(0, 5)),
        seconds=draw(numbers),
        workers=draw(st.integers(1, 64)),
        tasks=tuple(draw(results(name)) for name in names),
        metrics={metric.name: metric for metric in found},
        missing=draw(st.lists(st.builds(Missing, name=texts, reason=texts, stage=texts), **many).map(tuple)),
        findings=draw(
            st.lists(
                st.builds(
                    Finding,
                    tool=texts,
                    rule=texts,
                    severity=st.sampled_from(Severity),
                    message=texts,
                    file=texts,
                    line=st.none() | st.integers(1, 999),
                ),
                max_size=4,
            ).map(tuple)
        ),
        tools={report.tool: report for report in draw(st.lists(tools, max_size=3))},
        verdicts=draw(
            st.lists(
                st.builds(
                    Verdict,
                    metric=texts,
                    rule=texts,
                    value=st.none() | numbers,
                    unit=texts,
                    origin=texts,
                    result=st.sampled_from(Result),
                    hint=texts,
                    binding=st.booleans(),
                ),
                max_size=3,
            ).map(tuple)
        ),
        warnings=draw(st.lists(texts, **many).map(tuple)),
        notes=draw(st.lists(texts, **many).map(tuple)),
        deselected=draw(st.lists(texts, **many).map(tuple)),
        judged=draw(st.booleans()),
    )


@given(whole_runs())
def test_a_run_survives_the_way_through_json(run: Run) -> None:
    text = json.dumps(to_document(run), allow_nan=False)
    assert from_document(json.loads(text), DIRECTORY) == run


def test_the_documented_keys_are_there(tmp_path: Path) -> None:
    document = to_document(full_run(tmp_path))
    assert list(document)[:3] == ["schema", "run_id", "started_at"]
    assert {"status", "exit_code", "seconds", "workers", "tasks", "metrics", "verdicts", "findings"} <= set(document)
    task = document["tasks"][1]
    documented = {
        "name": "tests-3.11",
        "stage": "tests",
        "python": "3.11",
        "shard": None,
        "status": "failed",
        "decision": "ran",
        "source": None,
        "reasons": [],
        "started": 0.2,
        "seconds": 5.1,
        "cpu_seconds": 4.9,
        "saved_seconds": 0.0,
        "attempts": 1,
        "needs": [],
        "output": "tasks/tests-3.11/output",
    }
    assert {key: task[key] for key in documented} == documented
    metric = document["metrics"]["complexity.max"]
    assert {key: metric[key] for key in ("value", "unit", "source")} == {
        "value": 14,
        "unit": "",
        "source": "radon.json",
    }


def test_a_tool_that_worked_counts_with_zeros_and_one_that_did_not_is_absent(tmp_path: Path) -> None:
    findings = to_document(full_run(tmp_path))["findings"]
    assert findings["total"] == 2
    assert findings["by_severity"] == {"critical": 0, "high": 1, "medium": 0, "low": 1}
    assert findings["by_tool"] == {
        "bandit": {"critical": 0, "high": 1, "medium": 0, "low": 1},
        "detect-secrets": {"critical": 0, "high": 0, "medium": 0, "low": 0},
    }


def test_no_path_in_the_document_is_absolute(tmp_path: Path) -> None:
    assert str(tmp_path) not in json.dumps(to_document(full_run(tmp_path)))


def test_the_critical_path_is_part_of_the_document(tmp_path: Path) -> None:
    run = run_of(tmp_path, result("a", seconds=2.0), result("b", seconds=3.0), result("c", needs=("a",), seconds=2.5))
    assert to_document(run)["critical_path"] == {"seconds": 4.5, "tasks": ["a", "c"]}


def test_another_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="schema 2"):
        from_document({"schema": 2}, tmp_path)


def test_a_field_of_a_later_task_is_passed_over(tmp_path: Path) -> None:
    document = to_document(full_run(tmp_path))
    document["tasks"][0]["definition"]["invented_later"] = 1
    assert from_document(document, full_run(tmp_path).directory) == full_run(tmp_path)


def test_the_verdict_carries_the_commit_when_it_is_known(tmp_path: Path) -> None:
    run = full_run(tmp_path)
    assert "commit" not in verdict_document(run)
    document = verdict_document(run, commit="abc")
    assert (document["commit"], document["status"], document["exit_code"]) == ("abc", "failed", 1)
    assert [row["result"] for row in document["verdicts"]] == ["fail", "inconclusive", "pass", "warn", "not_applicable"]
