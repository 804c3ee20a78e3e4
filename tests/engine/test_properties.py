"""What holds for every graph and every course of events."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from noxline.graph import TaskGraph
from noxline.model.event import Event, TaskFinished
from noxline.model.task import Cause, Outcome, Status, Task, TaskRequest
from noxline.ports import Finished, Message, Prepared
from tests.engine.fakes import AHEAD, FakeExecutor, make_ahead, make_task, run


@st.composite
def task_lists(draw: st.DrawFn) -> list[Task]:
    """Draw tasks with needs among each other and all sorts of policies, in any order."""
    names = [f"t{number}" for number in range(draw(st.integers(0, 10)))]
    tasks = []
    for number, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:number]), unique=True, max_size=3)) if number else []
        task = make_task(
            name,
            *needs,
            environment=draw(st.sampled_from(["", "", "one", "two"])),
            exclusive=draw(st.integers(0, 4)) == 0,
            warn_only=draw(st.integers(0, 4)) == 0,
            tolerant=draw(st.integers(0, 4)) == 0,
            retries=draw(st.integers(0, 1)),
            cpus=draw(st.integers(1, 4)),
            rank=draw(st.integers(0, 3)),
            skip=draw(st.sampled_from(["", "", "", "nothing to do"])),
        )
        tasks.append(task)
    return draw(st.permutations(tasks))


class Watching(FakeExecutor):
    """Ends tasks by chance, and checks at each start what must hold at every moment."""

    def __init__(self, tasks: Sequence[Task], cpus: int, chance: random.Random) -> None:
        super().__init__(choose=chance.choice)
        self.tasks = {task.name: task for task in tasks}
        self.cpus_of_machine = cpus
        self.chance = chance
        self.ended: dict[str, Outcome] = {}
        self.preparing: dict[str, str] = {}
        self.made: set[str] = set()
        names = list(TaskGraph.of(tasks).tasks)
        of_environment = {
            name: [n for n in names if self.tasks[n].environment == task.environment and not self.tasks[n].skip]
            for name, task in self.tasks.items()
        }
        making = {name for name in names if self.tasks[name].environment and not self.tasks[name].skip}
        turns = {name: of_environment[name].index(name) if name in making else 0 for name in names}
        self.urgency = {name: (self.tasks[name].rank, turns[name], place) for place, name in enumerate(names)}
        self.ordered = True

    def submit(self, request: TaskRequest) -> None:
        if request.task.endswith(AHEAD):
            self._submit_ahead(request)
            return
        task = self.tasks[request.task]
        assert task.name not in self.running
        assert not task.skip
        assert 1 <= request.cpus <= task.cpus
        if task.environment:
            assert task.environment not in self.preparing
            assert bool(request.prepare) == (task.environment not in self.made)
            if request.prepare:
                self.preparing[task.environment] = task.name
        if self.ordered and not request.prepare and not task.exclusive:
            assert all(self.urgency[task.name] < self.urgency[name] for name in self.at_gate())
        super().submit(request)
        self.check_limits()
        assert len(self.at_work()) == 1 or not any(
            self.tasks[name].exclusive for name in self.running if name in self.tasks
        )
        for need in task.needs:
            assert need not in self.running
            assert need in self.ended, "it started before its needs were over"
            assert not self.blocks(self.ended[need]) or task.tolerant

    def _submit_ahead(self, request: TaskRequest) -> None:
        task = self.tasks[request.task.removesuffix(AHEAD)]
        assert task.environment not in self.preparing
        assert task.environment not in self.made
        assert any(need in self.cpus for need in task.needs), "nothing that it needs runs"
        assert not any(self.tasks[name].exclusive for name in self.cpus if name in self.tasks)
        self.preparing[task.environment] = request.task
        self.running[request.task] = request
        self.check_limits()

    def at_work(self) -> set[str]:
        """Return the running tasks, and what is made ahead as long as its task may still want it."""
        return {name for name in self.running if name.removesuffix(AHEAD) not in self.ended}

    def proceed(self, task: str, cpus: int) -> None:
        assert 1 <= cpus <= self.tasks[task].cpus
        if self.ordered:
            assert task == min(self.at_gate(), key=self.urgency.__getitem__)
        super().proceed(task, cpus)
        self.check_limits()

    def at_gate(self) -> set[str]:
        return {name for name in self.prepared if name not in self.cpus}

    def check_limits(self) -> None:
        assert sum(self.cpus.values()) <= self.cpus_of_machine
        assert len(self.running.keys() - self.cpus.keys()) <= 2 * self.cpus_of_machine, "too many set-ups"

    def blocks(self, outcome: Outcome) -> bool:
        failed = outcome.status is Status.FAILED and not self.tasks[outcome.task].warn_only
        return failed or outcome.status is Status.CANCELLED

    def emit(self, event: Event) -> None:
        if isinstance(event, TaskFinished):
            assert event.outcome.task not in self.ended, "it ended twice"
            self.ended[event.outcome.task] = event.outcome

    def _next(self, name: str) -> Outcome:
        if name not in self.ends or not self.ends[name]:
            if name.endswith(AHEAD):
                status = self.chance.choice([Status.PASSED, Status.FAILED])
                return Outcome(task=name, status=status)
            cause = self.chance.choice([Cause.NONE, Cause.NONE, Cause.EXIT, Cause.SETUP, Cause.TIMEOUT])
            if cause is Cause.SETUP and (not self.running or not self._prepares(name)):
                cause = Cause.START
            status = Status.FAILED if cause is not Cause.NONE else Status.PASSED
            self.ends[name] = [Outcome(task=name, status=status, cause=cause)]
        return super()._next(name)

    def _prepares(self, name: str) -> bool:
        return name in self.running and bool(self.running[name].prepare) and name not in self.prepared

    def wait(self, timeout: float | None = None) -> Sequence[Message]:
        messages = super().wait(timeout)
        for message in messages:
            if isinstance(message, Prepared):
                self._made(message.task)
            elif isinstance(message, Finished):
                if message.outcome.status is Status.PASSED:
                    self._made(message.outcome.task)
                self._end_preparation(message.outcome.task)
        return messages

    def _made(self, name: str) -> None:
        self.made.add(self._environment(name))
        self._end_preparation(name)

    def _end_preparation(self, name: str) -> None:
        if self.preparing.get(self._environment(name)) == name:
            del self.preparing[self._environment(name)]

    def _environment(self, name: str) -> str:
        return self.tasks[name.removesuffix(AHEAD)].environment


@settings(max_examples=200, deadline=None)
@given(task_lists(), st.integers(1, 5), st.randoms(use_true_random=False), st.booleans(), st.booleans(), st.booleans())
def test_every_task_ends_once_after_its_needs_within_all_limits(
    tasks: list[Task], cpus: int, chance: random.Random, known: bool, fail_fast: bool, ahead: bool
) -> None:
    durations = {task.name: float(chance.randint(0, 5)) for task in tasks} if known else {}
    watching = Watching(tasks, cpus, chance)
    watching.ordered = not any(durations.values())  # by rank, then as in the graph
    ran = run(
        tasks,
        watching,
        cpus=cpus,
        durations=durations,
        fail_fast=fail_fast,
        emit=watching.emit,
        prepare=make_ahead if ahead else None,
    )
    assert sorted(watching.ended) == sorted(task.name for task in tasks)
    assert all(name.endswith(AHEAD) and name in watching.cancelled for name in watching.running)
    position = {name: number for number, name in enumerate(watching.ended)}
    for task in tasks:
        outcome = ran.outcome(task.name)
        if ran.results[task.name].decision == "ran":
            assert all(position[need] < position[task.name] for need in task.needs)
            assert outcome.attempts <= task.retries + 1
        elif task.skip:
            assert outcome.status is Status.SKIPPED
        elif not fail_fast:
            assert task.needs, "only what needs something can be left out"
            assert outcome.cause is Cause.NEED or task.tolerant


@settings(max_examples=80, deadline=None)
@given(task_lists(), st.integers(1, 5), st.randoms(use_true_random=False), st.integers(1, 12))
def test_an_interrupt_at_any_moment_leaves_an_outcome_for_every_task(
    tasks: list[Task], cpus: int, chance: random.Random, moment: int
) -> None:
    watching = Watching(tasks, cpus, chance)
    watching.interrupts = {moment}
    ran = run(tasks, watching, cpus=cpus, emit=watching.emit, prepare=make_ahead)
    assert sorted(watching.ended) == sorted(task.name for task in tasks)
    assert ran.interrupted == (watching.waits >= moment)
    assert all(name.endswith(AHEAD) and name in watching.cancelled for name in watching.running)


@settings(max_examples=40, deadline=None)
@given(task_lists(), st.integers(1, 5))
def test_the_same_run_twice_goes_the_same_way(tasks: list[Task], cpus: int) -> None:
    first, second = (run(tasks, cpus=cpus) for _ in range(2))
    assert first.events == second.events
