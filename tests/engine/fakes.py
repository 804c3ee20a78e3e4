"""An executor without processes: it ends tasks in an order that a test chooses, and a loop with sensible defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from noxline.engine.plan import Plan, Slot
from noxline.engine.results import LoopResult
from noxline.engine.run_loop import run_tasks
from noxline.graph import TaskGraph
from noxline.model.decision import Run
from noxline.model.event import Event
from noxline.model.stage import Source
from noxline.model.task import Cause, Outcome, Status, Task, TaskRequest
from noxline.ports import Finished, Message, Prepared


def make_task(name: str, *needs: str, **changes: Any) -> Task:
    stage = name.partition("-")[0]
    return Task(name=name, session=name, source=Source.PROJECT, needs=needs, **{"stage": stage, **changes})


def make_request(task: Task, slot: Slot, _attempt: int) -> TaskRequest:
    return TaskRequest(
        task=task.name,
        argv=("true",),
        prepare=("prepare",) if slot.prepare else (),
        directory=Path("/"),
        environ={},
        log=Path("log"),
        output=Path("output"),
        cpus=slot.cpus or 1,
    )


AHEAD = " (environment)"


def make_ahead(task: Task) -> TaskRequest:
    """Return the request that makes the environment of a task whose needs still run."""
    slot = Slot(cpus=1, prepare=False)
    return replace(make_request(task, slot, 1), task=task.name + AHEAD, argv=("prepare",))


class FakeExecutor:
    """Prepares and ends one task at each `wait`: the one that `choose` picks. `ends` gives the outcomes by task.

    A prepared task does nothing more until it may proceed; `cpus` holds what each was given when it started its own
    command.
    """

    def __init__(
        self,
        ends: Mapping[str, Sequence[Status | Outcome]] | None = None,
        *,
        choose: Callable[[list[str]], str] = lambda names: names[0],
        interrupts: Iterable[int] = (),
    ) -> None:
        self.ends = {name: list(outcomes) for name, outcomes in (ends or {}).items()}
        self.choose = choose
        self.interrupts = set(interrupts)
        self.requests: list[TaskRequest] = []
        self.running: dict[str, TaskRequest] = {}
        self.prepared: set[str] = set()
        self.cpus: dict[str, int] = {}
        self.cancelled: set[str] = set()
        self.deaf = False
        self.closed = False
        self.waits = 0

    def submit(self, request: TaskRequest) -> None:
        self.requests.append(request)
        self.running[request.task] = request
        if not request.prepare:
            self.cpus[request.task] = request.cpus

    def proceed(self, task: str, cpus: int) -> None:
        assert task in self.prepared
        self.cpus[task] = cpus

    def wait(self, timeout: float | None = None) -> Sequence[Message]:
        self.waits += 1
        if self.waits in self.interrupts:
            raise KeyboardInterrupt
        names = [name for name in self.running if self._can_move(name)]
        assert names or self.deaf or not self.running, "nothing can ever happen any more"
        if not names:
            return ()
        name = self.choose(names)
        if name in self.cancelled:
            self._end(name)
            return (Finished(outcome=Outcome(task=name, status=Status.CANCELLED)),)
        if self.running[name].prepare and name not in self.prepared and self._next(name).cause is not Cause.SETUP:
            self.prepared.add(name)
            return (Prepared(task=name, seconds=0.5),)
        self._end(name)
        outcome = self._next(name)
        if self.ends.get(name):
            self.ends[name].pop(0)
        return (Finished(outcome=outcome),)

    def _can_move(self, name: str) -> bool:
        if name in self.cancelled:
            return not self.deaf
        return name in self.cpus or name not in self.prepared

    def _end(self, name: str) -> None:
        del self.running[name]
        self.prepared.discard(name)
        self.cpus.pop(name, None)

    def _next(self, name: str) -> Outcome:
        end = (self.ends.get(name) or [Status.PASSED])[0]
        if isinstance(end, Outcome):
            return end
        cause = Cause.EXIT if end is Status.FAILED else Cause.NONE
        return Outcome(task=name, status=end, cause=cause, seconds=1.0, cpu_seconds=0.25, setup_seconds=0.5)

    def cancel(self, tasks: Sequence[str] | None = None) -> None:
        self.cancelled |= set(self.running if tasks is None else tasks)

    def close(self) -> None:
        self.closed = True


class Ticks:
    """A clock that goes on by a tenth of a second each time it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now = round(self.now + 0.1, 1)
        return self.now


class Ran:
    """What a run over a fake executor came to."""

    def __init__(self, executor: FakeExecutor, events: list[Event], result: LoopResult) -> None:
        self.executor = executor
        self.events = events
        self.interrupted = result.interrupted
        self.results = {r.task.name: r for r in result.results}
        self.statuses = {name: r.outcome.status.value for name, r in self.results.items()}

    def outcome(self, name: str) -> Outcome:
        return self.results[name].outcome


def run(
    tasks: Iterable[Task],
    executor: FakeExecutor | None = None,
    *,
    cpus: int = 2,
    durations: Mapping[str, float] | None = None,
    **changes: Any,
) -> Ran:
    """Run tasks over a fake executor; `changes` replace arguments of `run_tasks`."""
    executor = executor or FakeExecutor()
    events: list[Event] = []
    arguments: dict[str, Any] = {
        "request": make_request,
        "decide": lambda _task: Run(reasons=("asked for",)),
        "finish": lambda _task, outcome: outcome,
        "emit": events.append,
        "fail_fast": False,
        "clock": Ticks(),
    }
    plan = Plan(TaskGraph.of(tasks), cpus=cpus, durations=durations)
    return Ran(executor, events, run_tasks(plan, executor, **{**arguments, **changes}))
