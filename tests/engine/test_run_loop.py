"""The loop over a fake executor: events, retries, decisions, interrupts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from noxline.engine.plan import Slot
from noxline.model.decision import Decision, Reuse, Run, Skip
from noxline.model.event import (
    StillRunning,
    TaskFinished,
    TaskOutput,
    TaskPrepared,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
    Warned,
)
from noxline.model.task import Cause, Outcome, Status, Task, TaskRequest
from noxline.ports import Finished, Message, Output
from tests.engine.fakes import FakeExecutor, make_request, make_task, run

FAILED, PASSED = Status.FAILED, Status.PASSED


def test_the_events_of_one_task_in_their_order() -> None:
    ran = run([make_task("tests", environment="env")])
    assert ran.events == [
        TaskStarted(task="tests", at=0.2, attempt=1, preparing=True, reasons=("asked for",)),
        TaskWaiting(task="tests", at=0.4),
        TaskPrepared(task="tests", at=0.5, seconds=0.5),
        TaskFinished(outcome=ran.outcome("tests"), decision="ran", reasons=("asked for",)),
    ]
    assert ran.outcome("tests").started == 0.1
    assert not ran.interrupted


def test_a_prepared_task_is_told_of_when_it_goes_on() -> None:
    ran = run([make_task("a"), make_task("tests", environment="env")], cpus=1)
    told = [(type(event).__name__, getattr(event, "task", "")) for event in ran.events]
    assert told.index(("TaskPrepared", "tests")) > [name for name, _ in told].index("TaskFinished")


def test_a_long_silence_is_broken_with_what_still_runs() -> None:
    class Slow(FakeExecutor):
        def wait(self, timeout: float | None = None) -> Sequence[Message]:
            if self.waits < 250:  # 25 s, of which a task says something in every second
                self.waits += 1
                return [Output(task="a", lines=("...",))] if self.waits % 10 == 0 else []
            return super().wait(timeout)

    ran = run([make_task("a"), make_task("b", environment="env")], Slow(choose=lambda names: names[-1]))
    first, second = (event for event in ran.events if isinstance(event, StillRunning))
    assert 10 <= first.at < 11
    assert 20 <= second.at < 21.5
    assert {task.task: task.preparing for task in first.tasks} == {"a": False, "b": True}
    assert all(task.seconds == pytest.approx(first.at, abs=0.5) for task in first.tasks)


def test_results_come_in_the_order_of_the_graph() -> None:
    ran = run([make_task("a"), make_task("b"), make_task("c")], FakeExecutor(choose=lambda names: names[-1]))
    assert list(ran.results) == ["a", "b", "c"]


def test_failures_are_kept_going_past() -> None:
    ran = run([make_task("a"), make_task("b", "a"), make_task("c")], FakeExecutor({"a": [FAILED]}), cpus=1)
    assert ran.statuses == {"a": "failed", "b": "cancelled", "c": "passed"}
    assert ran.results["b"].decision == "skipped"
    assert ran.results["b"].reasons == ("needs a, which failed",)


def test_output_is_passed_on() -> None:
    class Talking(FakeExecutor):
        def wait(self, timeout: float | None = None) -> list[Message]:
            return [Output(task="a", lines=("one", "two")), *super().wait(timeout)]

    assert TaskOutput(task="a", lines=("one", "two")) in run([make_task("a")], Talking()).events


def test_a_task_is_tried_again_until_it_passes() -> None:
    ran = run([make_task("a", retries=2)], FakeExecutor({"a": [FAILED, FAILED, PASSED]}))
    assert ran.statuses == {"a": "passed"}
    assert ran.outcome("a").attempts == 3
    assert [event.attempt for event in ran.events if isinstance(event, TaskStarted)] == [1, 2, 3]
    assert [event.outcome.attempts for event in ran.events if isinstance(event, TaskRetried)] == [1, 2]
    assert (ran.outcome("a").seconds, ran.outcome("a").cpu_seconds, ran.outcome("a").setup_seconds) == (3.0, 0.75, 1.5)
    assert ran.outcome("a").started == 0.1


def test_retries_come_to_an_end() -> None:
    ran = run([make_task("a", retries=1), make_task("b", "a")], FakeExecutor({"a": [FAILED, FAILED, PASSED]}))
    assert ran.statuses == {"a": "failed", "b": "cancelled"}
    assert len(ran.executor.requests) == 2


def test_fail_fast_cancels_what_runs_and_what_waits() -> None:
    tasks = [make_task(name) for name in "abc"]
    ran = run(tasks, FakeExecutor({"a": [FAILED]}), fail_fast=True)
    assert ran.statuses == {"a": "failed", "b": "cancelled", "c": "cancelled"}
    assert {ran.outcome(name).cause for name in "bc"} == {Cause.FAIL_FAST}
    assert ran.outcome("b").reason == "a failed, and --fail-fast was given"
    assert (ran.results["b"].decision, ran.results["c"].decision) == ("ran", "skipped")


def test_fail_fast_waits_for_the_last_attempt_and_overlooks_what_only_warns() -> None:
    tasks = [make_task("a", retries=1), make_task("b", warn_only=True), make_task("c")]
    ran = run(tasks, FakeExecutor({"a": [FAILED, PASSED], "b": [FAILED]}), fail_fast=True, cpus=1)
    assert ran.statuses == {"a": "passed", "b": "failed", "c": "passed"}


def test_reused_and_skipped_tasks_are_not_started() -> None:
    earlier = Outcome(task="old name", status=PASSED, seconds=7.0)
    decisions: dict[str, Decision] = {
        "a": Reuse(reasons=("nothing changed",), outcome=earlier, source="remote", saved_seconds=7.0),
        "b": Skip(reasons=("not today",)),
        "c": Run(reasons=("input changed: a.py",)),
    }
    ran = run([make_task("a"), make_task("b", "a"), make_task("c", "b")], decide=lambda task: decisions[task.name])
    assert [request.task for request in ran.executor.requests] == ["c"]
    reused = ran.results["a"]
    assert (reused.decision, reused.source, reused.saved_seconds) == ("reused", "remote", 7.0)
    assert (reused.outcome.task, reused.outcome.seconds) == ("a", 7.0)
    assert (ran.statuses["b"], ran.results["b"].reasons) == ("skipped", ("not today",))
    assert ran.results["c"].reasons == ("input changed: a.py",)


def test_a_decision_is_made_once_the_needs_are_known() -> None:
    asked: list[str] = []

    def decide(task: Task) -> Decision:
        asked.append(task.name)
        return Run(reasons=())

    executor = FakeExecutor({"a": [FAILED, PASSED]})
    run([make_task("b", "a"), make_task("a", retries=1)], executor, decide=decide)
    assert asked == ["a", "b"]


def test_tasks_without_anything_to_do_are_told_of() -> None:
    ran = run([make_task("docs", skip="no documentation")])
    assert ran.results["docs"].decision == "skipped"
    assert ran.events == [TaskFinished(outcome=ran.outcome("docs"), decision="skipped", reasons=("no documentation",))]


def test_what_an_attempt_left_decides_its_outcome() -> None:
    def finish(_task: Task, outcome: Outcome) -> Outcome:
        return Outcome(task=outcome.task, status=FAILED, cause=Cause.EXIT, reason="no tests ran")

    assert run([make_task("a")], finish=finish).outcome("a").reason == "no tests ran"


def test_a_full_disk_is_a_warning() -> None:
    def finish(_task: Task, _outcome: Outcome) -> Outcome:
        raise OSError(28, "No space left on device")

    ran = run([make_task("a")], finish=finish)
    assert ran.statuses == {"a": "passed"}
    message = "what a left behind could not be read or kept: [Errno 28] No space left on device"
    assert Warned(message=message) in ran.events


def test_a_request_that_cannot_be_made_fails_its_task_alone() -> None:
    def request(task: Task, slot: Slot, attempt: int) -> TaskRequest:
        if task.name == "a":
            raise PermissionError(13, "Permission denied", "/readonly")
        return make_request(task, slot, attempt)

    ran = run([make_task("a"), make_task("b")], request=request, cpus=1)
    assert ran.statuses == {"a": "failed", "b": "passed"}
    assert (ran.outcome("a").cause, ran.outcome("a").reason) == (
        Cause.START,
        "[Errno 13] Permission denied: '/readonly'",
    )


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_an_interrupt_cancels_everything_and_returns_what_there_is(moment: int) -> None:
    tasks = [make_task("a"), make_task("b", "a"), make_task("c", "b", environment="env"), make_task("d", "c")]
    ran = run(tasks, FakeExecutor(interrupts=[moment]), cpus=1)
    assert ran.interrupted
    names = "abcd"
    assert [ran.statuses[name] for name in names[: moment - 1]] == ["passed"] * (moment - 1)
    for name in names[moment - 1 :]:
        assert (ran.outcome(name).status, ran.outcome(name).cause) == (Status.CANCELLED, Cause.INTERRUPT)
    finished = [event.outcome.task for event in ran.events if isinstance(event, TaskFinished)]
    assert sorted(finished) == list(names)


def test_an_interrupt_waits_a_bounded_time_for_an_executor_that_does_not_answer() -> None:
    executor = FakeExecutor(interrupts=[1])
    executor.deaf = True
    ran = run([make_task("a")], executor)
    assert ran.outcome("a").cause is Cause.INTERRUPT
    assert executor.waits <= 50
    assert not executor.closed


def test_a_second_interrupt_kills_at_once() -> None:
    ran = run([make_task("a"), make_task("b")], FakeExecutor(interrupts=[1, 2]))
    assert ran.executor.closed
    assert ran.executor.waits == 2
    assert ran.statuses == {"a": "cancelled", "b": "cancelled"}


def test_an_interrupt_inside_of_a_step_loses_no_task() -> None:
    def request(task: Task, slot: Slot, attempt: int) -> TaskRequest:
        if task.name == "b":
            raise KeyboardInterrupt
        return make_request(task, slot, attempt)

    ran = run([make_task("a"), make_task("b"), make_task("c")], request=request, cpus=3)
    assert ran.interrupted
    assert ran.statuses == {"a": "cancelled", "b": "cancelled", "c": "cancelled"}
    assert len([event for event in ran.events if isinstance(event, TaskFinished)]) == 3


def test_an_interrupt_while_an_end_is_told_keeps_that_end() -> None:
    told: list[object] = []

    def emit(event: object) -> None:
        told.append(event)
        if isinstance(event, TaskFinished) and len(told) == 2:
            raise KeyboardInterrupt

    ran = run([make_task("a"), make_task("b")], emit=emit, cpus=1)
    assert ran.statuses == {"a": "passed", "b": "cancelled"}


def test_a_task_that_ended_by_itself_while_it_was_cancelled_keeps_its_outcome() -> None:
    class Finishing(FakeExecutor):
        def cancel(self, tasks: object = None) -> None:
            """Everything ends by itself at the same moment."""

    ran = run([make_task("a"), make_task("b")], Finishing({"a": [FAILED]}), fail_fast=True)
    assert ran.statuses == {"a": "failed", "b": "passed"}


def test_messages_of_a_finished_attempt_are_all_handled() -> None:
    class AtOnce(FakeExecutor):
        def wait(self, timeout: float | None = None) -> list[Message]:
            names = list(self.running)
            self.running.clear()
            return [Finished(outcome=Outcome(task=name, status=PASSED)) for name in names]

    assert set(run([make_task(name) for name in "abcdef"], AtOnce(), cpus=3).statuses.values()) == {"passed"}
