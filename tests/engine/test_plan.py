"""The plan: what may start when, and what an end means for the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from noxline.engine.plan import Plan, Slot
from noxline.graph import TaskGraph
from noxline.model.task import Cause, Outcome, Status, Task
from tests.engine.fakes import make_task


def plan_of(*tasks: Task, cpus: int = 2, durations: Mapping[str, float] | None = None) -> Plan:
    return Plan(TaskGraph.of(tasks), cpus=cpus, durations=durations)


def end(name: str, status: Status = Status.PASSED, cause: Cause = Cause.NONE, **changes: Any) -> Outcome:
    return Outcome(task=name, status=status, cause=cause, **changes)


def failed(name: str, cause: Cause = Cause.EXIT) -> Outcome:
    return end(name, Status.FAILED, cause)


def start_all(plan: Plan) -> dict[str, Slot]:
    started = {}
    while task := plan.take():
        started[task.name] = plan.start(task)
    return started


def start(plan: Plan, name: str) -> Slot:
    task = plan.take()
    assert task is not None
    assert task.name == name
    return plan.start(task)


def ends(outcomes: list[Outcome]) -> dict[str, tuple[str, str]]:
    return {outcome.task: (outcome.status.value, outcome.reason) for outcome in outcomes}


def test_tasks_start_in_order_of_rank_then_of_the_graph() -> None:
    plan = plan_of(make_task("b", rank=20), make_task("c", rank=20), make_task("a", rank=10), cpus=4)
    assert list(start_all(plan)) == ["a", "b", "c"]


def test_the_longest_way_to_the_end_starts_first_when_durations_are_known() -> None:
    tasks = make_task("lint", rank=10), make_task("short"), make_task("long"), make_task("after", "short")
    plan = plan_of(*tasks, cpus=4, durations={"lint": 1, "short": 2, "long": 4, "after": 5})
    assert list(start_all(plan)) == ["short", "long", "lint"]


def test_a_task_of_unknown_duration_counts_as_a_usual_one() -> None:
    plan = plan_of(make_task("quick"), make_task("new"), make_task("slow"), cpus=4, durations={"quick": 1, "slow": 9})
    assert list(start_all(plan)) == ["slow", "new", "quick"]


def test_no_more_tasks_run_than_there_are_tokens() -> None:
    plan = plan_of(*(make_task(name) for name in "abc"))
    assert list(start_all(plan)) == ["a", "b"]
    plan.finish(end("a"))
    assert list(start_all(plan)) == ["c"]


def test_a_task_alone_gets_all_the_tokens_it_can_use_and_several_share_them() -> None:
    assert start_all(plan_of(make_task("a", cpus=8), cpus=4)) == {"a": Slot(cpus=4, prepare=False)}
    shared = start_all(plan_of(make_task("a", cpus=8), make_task("b", cpus=8), cpus=4))
    assert [slot.cpus for slot in shared.values()] == [2, 2]


def test_siblings_that_wait_for_an_environment_have_their_share_of_tokens() -> None:
    plan = plan_of(*(make_task(f"tests-{n}", environment="tests", cpus=4) for n in (1, 2)), cpus=4)
    assert start_all(plan) == {"tests-1": Slot(cpus=0, prepare=True)}
    plan.prepared("tests-1")
    assert plan.admit() == ("tests-1", 2)
    assert start_all(plan) == {"tests-2": Slot(cpus=2, prepare=False)}


def test_an_environment_is_prepared_once_and_never_twice_at_the_same_time() -> None:
    plan = plan_of(*(make_task(name, environment="env") for name in "abc"), make_task("other"), cpus=4)
    assert start_all(plan) == {"a": Slot(cpus=0, prepare=True), "other": Slot(cpus=1, prepare=False)}
    plan.prepared("a")
    assert plan.admit() == ("a", 1)
    assert {name: slot.prepare for name, slot in start_all(plan).items()} == {"b": False, "c": False}


def test_tasks_prepare_while_others_hold_all_the_tokens() -> None:
    plan = plan_of(make_task("a"), *(make_task(name, environment=name) for name in "xyz"), cpus=1)
    slots = start_all(plan)
    assert {name: slot.cpus for name, slot in slots.items()} == {"a": 1, "x": 0, "y": 0}


def test_tokens_go_to_the_most_urgent_be_it_prepared_or_new() -> None:
    others = (make_task(name, environment=name, rank=80) for name in "xyz")
    plan = plan_of(make_task("a", rank=1), make_task("b", rank=2), make_task("late", rank=90), *others, cpus=1)
    assert list(start_all(plan)) == ["x", "y", "a"]
    plan.prepared("x")
    assert plan.admit() is None
    assert start_all(plan) == {}, "a task at the gate keeps its slot"
    plan.finish(end("a"))
    assert plan.admit() is None
    assert list(start_all(plan)) == ["b"]
    plan.finish(end("b"))
    assert plan.take() is None
    assert plan.admit() == ("x", 1)
    assert list(start_all(plan)) == ["z"]
    plan.prepared("y")
    plan.finish(end("x"))
    assert plan.admit() == ("y", 1)
    plan.finish(end("y"))
    assert list(start_all(plan)) == ["late"]


def test_the_tokens_of_a_prepared_task_are_those_free_when_it_goes_on() -> None:
    plan = plan_of(make_task("a"), make_task("suite", environment="env", cpus=8), cpus=8)
    start_all(plan)
    plan.finish(end("a"))
    plan.prepared("suite")
    assert plan.admit() == ("suite", 8)


def test_of_equals_those_that_make_an_environment_come_before_those_that_find_it_made() -> None:
    shards = (make_task(f"{name}-{n}", environment=name) for name in ("x", "y") for n in (1, 2))
    plan = plan_of(*shards, cpus=1)
    assert list(start_all(plan)) == ["x-1", "y-1"]
    plan.prepared("x-1")
    plan.prepared("y-1")
    assert plan.admit() == ("x-1", 1)
    plan.finish(end("x-1"))
    assert plan.admit() == ("y-1", 1)
    plan.finish(end("y-1"))
    assert list(start_all(plan)) == ["x-2"]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FAILED])
def test_a_task_that_ends_at_the_gate_leaves_it(status: Status) -> None:
    plan = plan_of(make_task("a"), *(make_task(name, environment=name) for name in "xyz"), cpus=1)
    start_all(plan)
    plan.prepared("x")
    plan.finish(end("x", status))
    plan.finish(end("a"))
    assert plan.admit() is None
    assert list(start_all(plan)) == ["z"]


def test_an_environment_is_made_ahead_while_what_its_task_needs_runs() -> None:
    plan = plan_of(make_task("a"), make_task("report", "a", environment="env"))
    assert plan.take_ahead() is None, "nothing runs yet"
    start_all(plan)
    ahead = plan.take_ahead()
    assert ahead is not None
    assert ahead.name == "report"
    assert plan.take_ahead() is None, "one is enough"
    plan.ended_ahead("report", ready=True)
    plan.finish(end("a"))
    assert start_all(plan) == {"report": Slot(cpus=1, prepare=False)}


def test_a_task_waits_for_its_environment_that_is_still_being_made_ahead() -> None:
    plan = plan_of(make_task("a"), make_task("report", "a", environment="env"))
    start_all(plan)
    plan.take_ahead()
    plan.finish(end("a"))
    assert plan.take() is None
    plan.ended_ahead("report", ready=True)
    assert start_all(plan) == {"report": Slot(cpus=1, prepare=False)}


def test_a_task_makes_its_environment_itself_when_that_failed_ahead() -> None:
    plan = plan_of(make_task("a"), make_task("report", "a", environment="env"))
    start_all(plan)
    plan.take_ahead()
    plan.finish(end("a"))
    plan.ended_ahead("report", ready=False)
    assert start_all(plan) == {"report": Slot(cpus=0, prepare=True)}


def test_nothing_is_made_ahead_of_what_can_start() -> None:
    ready = [make_task(name, environment=name) for name in "xyz"]
    plan = plan_of(make_task("a"), *ready, make_task("report", "a", environment="env"), cpus=1)
    start_all(plan)
    assert plan.take_ahead() is None


def test_nothing_is_made_ahead_once_what_it_was_for_is_over() -> None:
    later = make_task("report", "a", "b", environment="env")
    plan = plan_of(make_task("a", exclusive=True), make_task("b", exclusive=True), later)
    assert start_all(plan) == {"a": Slot(cpus=1, prepare=False)}
    plan.finish(end("a"))
    assert plan.take_ahead() is None
    alone = plan_of(make_task("a", exclusive=True), make_task("b", "a", environment="env", exclusive=True))
    start_all(alone)
    alone.finish(end("a"))
    assert alone.take_ahead() is None


def test_an_exclusive_task_waits_for_what_is_made_ahead() -> None:
    bench = make_task("bench", exclusive=True)
    plan = plan_of(make_task("a"), make_task("report", "a", environment="env"), bench)
    start_all(plan)
    plan.take_ahead()
    plan.finish(end("a", Status.FAILED))
    assert plan.take() is None
    plan.ended_ahead("report", ready=True)
    assert list(start_all(plan)) == ["bench"]


def test_an_exclusive_task_is_alone_while_it_prepares() -> None:
    bench = make_task("bench", exclusive=True, environment="env", cpus=8, rank=90)
    plan = plan_of(bench, make_task("a"), make_task("b", retries=1), cpus=4)
    start_all(plan)
    plan.finish(end("a"))
    plan.finish(end("b"))
    assert start(plan, "bench") == Slot(cpus=0, prepare=True)
    plan.prepared("bench")
    assert plan.admit() == ("bench", 4)
    assert plan.take() is None


def test_a_task_that_passed_has_prepared_its_environment_without_saying_so() -> None:
    plan = plan_of(make_task("a", environment="env"), make_task("b", environment="env"))
    assert start_all(plan)["a"].prepare
    plan.finish(end("a"))
    assert not start_all(plan)["b"].prepare


@pytest.mark.parametrize("cause", [Cause.SETUP, Cause.START, Cause.EXIT])
def test_after_a_failed_preparation_the_next_sibling_prepares(cause: Cause) -> None:
    plan = plan_of(make_task("a", environment="env"), make_task("b", environment="env"))
    start_all(plan)
    plan.finish(failed("a", cause))
    assert start_all(plan)["b"].prepare


def test_exclusive_tasks_run_alone_after_the_others_with_all_tokens() -> None:
    plan = plan_of(make_task("bench", exclusive=True, cpus=8, rank=1), make_task("a"), make_task("b", "bench"))
    assert list(start_all(plan)) == ["a"]
    plan.finish(end("a"))
    assert start_all(plan) == {"bench": Slot(cpus=2, prepare=False)}
    plan.finish(end("bench"))
    assert list(start_all(plan)) == ["b"]


def test_nothing_starts_beside_an_exclusive_task() -> None:
    plan = plan_of(make_task("one", exclusive=True), make_task("two", exclusive=True), cpus=4)
    assert list(start_all(plan)) == ["one"]


def test_a_failure_cancels_everything_behind_it_and_names_the_first_cause() -> None:
    plan = plan_of(make_task("a"), make_task("b", "a"), make_task("c", "b"), make_task("d", "c", "b"), make_task("e"))
    start(plan, "a")
    cancelled = ("cancelled", "needs a, which failed")
    assert ends(plan.finish(failed("a"))) == {
        "a": ("failed", ""),
        "b": cancelled,
        "c": cancelled,
        "d": cancelled,
    }
    assert {outcome.cause for outcome in plan.outcomes.values()} == {Cause.EXIT, Cause.NEED}
    start(plan, "e")
    plan.finish(end("e"))
    assert plan.is_over


def test_a_failure_that_only_warns_blocks_nobody() -> None:
    plan = plan_of(make_task("a", warn_only=True), make_task("b", "a"))
    start(plan, "a")
    assert len(plan.finish(failed("a"))) == 1
    start(plan, "b")


def test_a_task_that_has_nothing_to_do_ends_at_once_and_blocks_nobody() -> None:
    plan = plan_of(make_task("a"), make_task("hooks", "a", skip="no hook configuration"), make_task("b", "hooks"))
    assert ends(plan.begin()) == {"hooks": ("skipped", "no hook configuration")}
    assert list(start_all(plan)) == ["a", "b"]
    plan.finish(failed("a"))
    assert plan.outcomes["hooks"].status is Status.SKIPPED


def test_a_tolerant_task_runs_when_some_of_its_needs_failed() -> None:
    plan = plan_of(make_task("a"), make_task("b"), make_task("coverage", "a", "b", tolerant=True))
    start_all(plan)
    plan.finish(failed("a"))
    assert plan.take() is None
    plan.finish(failed("b", Cause.SETUP))
    start(plan, "coverage")


def test_a_tolerant_task_has_nothing_to_work_on_when_no_need_got_as_far_as_its_command() -> None:
    plan = plan_of(make_task("a"), make_task("coverage", "a", tolerant=True), make_task("upload", "coverage"))
    start(plan, "a")
    cancelled = ("cancelled", "needs a, which failed")
    expected = {"a": ("failed", ""), "coverage": cancelled, "upload": cancelled}
    assert ends(plan.finish(failed("a", Cause.SETUP))) == expected


def test_a_tolerant_task_with_a_reason_of_its_own_to_be_skipped_gives_that_one() -> None:
    plan = plan_of(
        make_task("tests", skip="unaffected"), make_task("coverage", "tests", tolerant=True, skip="unaffected")
    )
    assert ends(plan.begin()) == {"tests": ("skipped", "unaffected"), "coverage": ("skipped", "unaffected")}


def test_a_tolerant_task_is_skipped_when_all_its_needs_were() -> None:
    plan = plan_of(make_task("tests", skip="no tests"), make_task("coverage", "tests", tolerant=True))
    assert ends(plan.begin()) == {
        "tests": ("skipped", "no tests"),
        "coverage": ("skipped", "nothing that it needs ran"),
    }


def test_a_tolerant_task_runs_on_reused_results() -> None:
    plan = plan_of(make_task("tests"), make_task("coverage", "tests", tolerant=True))
    assert plan.take() is not None
    plan.finish(end("tests"))
    start(plan, "coverage")


def test_a_retried_task_gives_its_tokens_back_and_lines_up_again() -> None:
    plan = plan_of(make_task("a", environment="env"), cpus=1)
    assert start(plan, "a").prepare
    plan.prepared("a")
    plan.retry(failed("a"))
    assert not plan.is_over
    assert start(plan, "a") == Slot(cpus=1, prepare=False)


def test_cancelling_what_waits_leaves_what_runs() -> None:
    plan = plan_of(make_task("a"), make_task("b"), make_task("c", "a"), cpus=1)
    start(plan, "a")
    cancelled = plan.cancel_waiting(Cause.FAIL_FAST, "a failed")
    assert ends(cancelled) == {"b": ("cancelled", "a failed"), "c": ("cancelled", "a failed")}
    assert len(plan.finish(end("a"))) == 1
    assert plan.take() is None
    assert plan.is_over
