"""The bookkeeping of one run, the one mutable thing of the engine: waiting, ready, running, done.

The plan is told what happened and says what may start; it starts nothing, knows no clock and no executor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from statistics import fmean
from typing import NamedTuple

from noxline.engine.limits import Tokens
from noxline.graph import TaskGraph
from noxline.model.task import Cause, Outcome, Status, Task

# A task that ended in one of these ways was never let loose on its own command, so it left no output.
_BEFORE_THE_COMMAND = frozenset({Cause.SETUP, Cause.START})


class Slot(NamedTuple):
    """What a task gets when it starts: CPU tokens, and the duty to prepare its environment or not."""

    cpus: int
    prepare: bool


@dataclass(slots=True)
class _Environment:
    """Who prepares an environment just now, and whom that holds back."""

    ready: bool = False
    in_preparation: bool = False
    held: list[int] = field(default_factory=list)


class Plan:
    """Which task may start next. The caller takes a task, then either starts it or finishes it unstarted."""

    def __init__(self, graph: TaskGraph, *, cpus: int, durations: Mapping[str, float] | None = None) -> None:
        self.graph = graph
        self.outcomes: dict[str, Outcome] = {}
        self.running: dict[str, Slot] = {}
        self._tokens = Tokens(cpus)
        self._tasks = list(graph.tasks.values())
        # Heaps hold ranks, the places of tasks by urgency: comparing two of them costs next to nothing.
        self._by_rank = _by_urgency(graph, durations or {})
        self._ranks = [0] * len(self._by_rank)
        for rank, position in enumerate(self._by_rank):
            self._ranks[position] = rank
        self._ready: list[int] = []
        self._alone: list[int] = []
        self._open_needs = [len(task.needs) for task in self._tasks]
        self._over = bytearray(len(self._tasks))
        self._left_output = bytearray(len(self._tasks))
        self._environments = {task.environment: _Environment() for task in self._tasks if task.environment}
        self._preparing: dict[str, _Environment] = {}
        self._held = 0
        self._exclusive_runs = False
        for position, needs in enumerate(self._open_needs):
            if not needs:
                self._line_up(position)

    @property
    def is_over(self) -> bool:
        """Return whether every task came to its end."""
        return len(self.outcomes) == len(self._tasks)

    def begin(self) -> list[Outcome]:
        """Finish the tasks that have nothing to do, with their reasons, and return their outcomes."""
        ended: list[Outcome] = []
        for task in self._tasks:
            if task.skip and task.name not in self.outcomes:
                ended += self.finish(Outcome(task=task.name, status=Status.SKIPPED, reason=task.skip))
        return ended

    def take(self) -> Task | None:
        """Return the most urgent task that may start now, or None; start or finish it before taking another."""
        if not self._tokens.free or self._exclusive_runs:
            return None
        while self._ready:
            rank = heappop(self._ready)
            position = self._by_rank[rank]
            if self._over[position]:
                continue
            task = self._tasks[position]
            environment = self._environments.get(task.environment)
            if environment is None or not environment.in_preparation:
                return task
            environment.held.append(rank)
            self._held += 1
        return self._take_exclusive()

    def _take_exclusive(self) -> Task | None:
        # Exclusive tasks wait until nothing else can run: to empty the machine sooner would leave cores idle.
        while self._alone and not self.running:
            position = self._by_rank[heappop(self._alone)]
            if not self._over[position]:
                return self._tasks[position]
        return None

    def start(self, task: Task) -> Slot:
        """Hand out tokens for a task that was taken, and the duty to prepare its environment if nobody did yet."""
        environment = self._environments.get(task.environment)
        prepare = environment is not None and not environment.ready
        if environment is not None and prepare:
            environment.in_preparation = True
            self._preparing[task.name] = environment
        # Siblings that wait for the environment want tokens too, as soon as it is there.
        contenders = 1 if task.exclusive else 1 + len(self._ready) + self._held
        slot = Slot(cpus=self._tokens.take(task.cpus, contenders=contenders), prepare=prepare)
        self.running[task.name] = slot
        self._exclusive_runs = task.exclusive
        return slot

    def prepared(self, name: str) -> None:
        """Take notice that a running task has its environment up to date: its siblings may start."""
        self._end_preparation(name, ready=True)

    def retry(self, failed: Outcome) -> None:
        """Put a running task back in line after a failed attempt."""
        self._release(failed)
        self._line_up(self.graph.positions[failed.task])

    def finish(self, outcome: Outcome) -> list[Outcome]:
        """Take notice of a task's end; return its outcome and those of the tasks that end because of it."""
        position = self.graph.positions[outcome.task]
        started = outcome.task in self.running
        if started:
            self._release(outcome)
        self._left_output[position] = outcome.cause not in _BEFORE_THE_COMMAND and (
            started or outcome.status is Status.PASSED
        )
        self._note(position, outcome)
        ended = [outcome]
        reached = [position]
        # One pass over all that a failure takes with it: the lists grow while they are walked, each task enters once.
        for done, place in zip(ended, reached, strict=True):
            for follower in self.graph.followers[place]:
                if not self._over[follower] and (end := self._need_ended(follower, done)):
                    self._note(follower, end)
                    ended.append(end)
                    reached.append(follower)
        return ended

    def _note(self, position: int, outcome: Outcome) -> None:
        self.outcomes[outcome.task] = outcome
        self._over[position] = True

    def _need_ended(self, position: int, need: Outcome) -> Outcome | None:
        """Take notice that one need of a task ended; return the task's outcome when that ends the task as well."""
        self._open_needs[position] -= 1
        blocks = need.status is not Status.PASSED and self._blocks(need)
        if not blocks and self._open_needs[position]:
            return None
        task = self._tasks[position]
        if blocks and not task.tolerant:
            return Outcome(task=task.name, status=Status.CANCELLED, cause=Cause.NEED, reason=_why(need))
        if self._open_needs[position]:
            return None
        if task.tolerant and not any(self._left_output[self.graph.positions[need]] for need in task.needs):
            return self._nothing_to_work_on(task)
        self._line_up(position)
        return None

    def _blocks(self, need: Outcome) -> bool:
        if need.status is Status.FAILED:
            return not self.graph.tasks[need.task].warn_only
        return need.status is Status.CANCELLED

    def _nothing_to_work_on(self, task: Task) -> Outcome:
        for name in task.needs:
            if self._blocks(self.outcomes[name]):
                reason = _why(self.outcomes[name])
                return Outcome(task=task.name, status=Status.CANCELLED, cause=Cause.NEED, reason=reason)
        return Outcome(task=task.name, status=Status.SKIPPED, reason="nothing that it needs ran")

    def cancel_waiting(self, cause: Cause, reason: str) -> list[Outcome]:
        """Cancel every task that neither ended nor runs; return their outcomes."""
        cancelled = [
            Outcome(task=name, status=Status.CANCELLED, cause=cause, reason=reason)
            for name in self.graph.tasks
            if name not in self.outcomes and name not in self.running
        ]
        for outcome in cancelled:
            self._note(self.graph.positions[outcome.task], outcome)
        return cancelled

    def _line_up(self, position: int) -> None:
        heappush(self._alone if self._tasks[position].exclusive else self._ready, self._ranks[position])

    def _release(self, outcome: Outcome) -> None:
        self._tokens.give(self.running.pop(outcome.task).cpus)
        self._exclusive_runs = False
        # A task that passed worked in its environment; of any other that did not say so, nobody knows.
        self._end_preparation(outcome.task, ready=outcome.status is Status.PASSED)

    def _end_preparation(self, name: str, *, ready: bool) -> None:
        environment = self._preparing.pop(name, None)
        if environment is None:
            return
        environment.in_preparation = False
        environment.ready = ready
        self._held -= len(environment.held)
        for rank in environment.held:
            heappush(self._ready, rank)
        environment.held.clear()


def _why(need: Outcome) -> str:
    """Return why a task cannot run, naming the task that began it, however far away."""
    if need.cause is Cause.NEED:
        return need.reason
    return f"needs {need.task}, which {'failed' if need.status is Status.FAILED else 'was cancelled'}"


def _by_urgency(graph: TaskGraph, durations: Mapping[str, float]) -> list[int]:
    """Return positions by urgency: the longest way to the end first; where no duration is known, rank then order."""
    tasks = list(graph.tasks.values())
    cheap_first = sorted(range(len(tasks)), key=[task.rank for task in tasks].__getitem__)
    known = [0.0 if task.skip else durations.get(task.name) for task in tasks]
    usual = fmean([seconds for seconds in known if seconds] or [0.0])
    if not usual:
        return cheap_first
    tails = graph.longest_tails([usual if seconds is None else seconds for seconds in known])
    return sorted(cheap_first, key=tails.__getitem__, reverse=True)
