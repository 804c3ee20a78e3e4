"""The bookkeeping of one run, the one mutable thing of the engine: waiting, ready, running, done.

The plan is told what happened and says what may start; it starts nothing, knows no clock and no executor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from math import inf
from statistics import fmean
from typing import NamedTuple

from noxline.engine.limits import Tokens
from noxline.engine.setups import Setups
from noxline.graph import TaskGraph
from noxline.model.task import Cause, Outcome, Status, Task

NOTHING_RAN = "nothing that it needs ran"
# A task that ended in one of these ways was never let loose on its own command, so it left no output.
_BEFORE_THE_COMMAND = frozenset({Cause.SETUP, Cause.START})
# Making an environment mostly waits, and a made one keeps its slot until its task may go on.
_SETUPS_PER_CPU = 2


class Slot(NamedTuple):
    """What a task gets when it starts: CPU tokens, or the duty to prepare its environment first and none until then."""

    cpus: int
    prepare: bool


class Plan:
    """Which task may start next. The caller takes a task, then either starts it or finishes it unstarted.

    A few tasks prepare their environments while tasks that do their own work hold the CPU tokens. A prepared task goes
    on (`admit`) as soon as there are tokens and no more urgent task may start. Slots that would idle prepare
    environments ahead, for tasks whose needs still run (`take_ahead`).
    """

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
        self._setups = Setups([task.environment for task in self._tasks], cpus * _SETUPS_PER_CPU)
        self._ahead: list[int] = []
        self._made_ahead: set[str] = set()
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
        if self._exclusive_runs:
            return None
        while (rank := self._setups.next()) is not None:
            if not self._over[position := self._by_rank[rank]]:
                return self._tasks[position]
        if self._tokens.free and self._first_ready() < self._setups.first_at_gate:
            return self._tasks[self._by_rank[heappop(self._ready)]]
        return self._take_exclusive()

    def _first_ready(self) -> float:
        """Return the rank of the most urgent task that needs nothing but tokens; behind all others without any."""
        while self._ready:
            if not self._over[self._by_rank[self._ready[0]]]:
                return self._ready[0]
            heappop(self._ready)
        return inf

    def _take_exclusive(self) -> Task | None:
        # Exclusive tasks wait until nothing else can run: to empty the machine sooner would leave cores idle.
        while self._alone and not self.running and not self._made_ahead:
            position = self._by_rank[heappop(self._alone)]
            if not self._over[position]:
                return self._tasks[position]
        return None

    def start(self, task: Task) -> Slot:
        """Hand out tokens for a task that was taken, or the duty to prepare its environment if nobody did yet."""
        rank = self._ranks[self.graph.positions[task.name]]
        prepare = self._setups.begin(task.environment, rank)
        slot = Slot(cpus=0 if prepare else self._cpus(task), prepare=prepare)
        self.running[task.name] = slot
        self._exclusive_runs = task.exclusive
        if slot.cpus:
            self._look_ahead(task)
        return slot

    def take_ahead(self) -> Task | None:
        """Return a task whose needs still run and whose environment is to be made meanwhile, or None.

        It holds a set-up slot until `ended_ahead`; by itself it starts as if nothing had been made, or waits for it.
        """
        while self._ahead and self._setups.free and not self._setups.lined_up and not self._exclusive_runs:
            rank = heappop(self._ahead)
            position = self._by_rank[rank]
            task = self._tasks[position]
            # Once its needs are over the task makes its environment itself; those that are to come line it up again.
            if self._works_for(task) and not self._over[position] and self._setups.may_begin_ahead(task.environment):
                self._setups.begin(task.environment, rank)
                self._made_ahead.add(task.name)
                return task
        return None

    def _works_for(self, task: Task) -> bool:
        """Tell whether something that a task needs does its own work now."""
        return any(need in self.running and self.running[need].cpus for need in task.needs)

    def ended_ahead(self, name: str, *, ready: bool) -> None:
        """Take notice that an environment made ahead for a task is there, or (not `ready`) could not be made."""
        self._made_ahead.discard(name)
        position = self.graph.positions[name]
        for rank in self._setups.end(self._ranks[position], self._tasks[position].environment, ready=ready):
            heappush(self._ready, rank)

    def _look_ahead(self, task: Task) -> None:
        """Note which tasks that wait for this one want an environment."""
        for follower in self.graph.followers[self.graph.positions[task.name]]:
            if self._tasks[follower].environment and self._open_needs[follower]:
                heappush(self._ahead, self._ranks[follower])

    def _cpus(self, task: Task) -> int:
        # Those that still wait for an environment want tokens too, as soon as it is there.
        contenders = 1 if task.exclusive else 1 + len(self._ready) + self._setups.open
        return self._tokens.take(task.cpus, contenders=contenders)

    def prepared(self, name: str) -> None:
        """Take notice that a running task has its environment up to date: its siblings may start, and it may go on."""
        for rank in self._setups.made(self._ranks[self.graph.positions[name]]):
            heappush(self._ready, rank)

    def admit(self) -> tuple[str, int] | None:
        """Let the most urgent prepared task go on: return it with its CPU tokens, or None when it has to wait.

        It waits for tokens, and for more urgent tasks that may start.
        """
        if not self._setups.at_gate or not self._tokens.free:
            return None
        if self._first_ready() < self._setups.first_at_gate and not self._exclusive_runs:
            return None
        task = self._tasks[self._by_rank[self._setups.pass_gate()]]
        slot = Slot(cpus=self._cpus(task), prepare=True)
        self.running[task.name] = slot
        self._look_ahead(task)
        return task.name, slot.cpus

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
        if task.tolerant and not self._any_left_output(task.needs):
            return self._nothing_to_work_on(task)
        self._line_up(position)
        return None

    def _blocks(self, need: Outcome) -> bool:
        if need.status is Status.FAILED:
            return not self.graph.tasks[need.task].warn_only
        return need.status is Status.CANCELLED

    def _any_left_output(self, names: Sequence[str]) -> bool:
        return any(self._left_output[self.graph.positions[name]] for name in names)

    def _nothing_to_work_on(self, task: Task) -> Outcome:
        for name in task.needs:
            if self._blocks(self.outcomes[name]):
                reason = _why(self.outcomes[name])
                return Outcome(task=task.name, status=Status.CANCELLED, cause=Cause.NEED, reason=reason)
        return Outcome(task=task.name, status=Status.SKIPPED, reason=task.skip or NOTHING_RAN)

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
        task, rank = self._tasks[position], self._ranks[position]
        if task.exclusive:
            heappush(self._alone, rank)
        elif not self._setups.line_up(task.environment, rank):
            heappush(self._ready, rank)

    def _release(self, outcome: Outcome) -> None:
        self._tokens.give(self.running.pop(outcome.task).cpus)
        self._exclusive_runs = False
        position = self.graph.positions[outcome.task]
        # A task that passed worked in its environment; of any other that did not say so, nobody knows.
        ready = outcome.status is Status.PASSED
        for rank in self._setups.end(self._ranks[position], self._tasks[position].environment, ready=ready):
            heappush(self._ready, rank)


def _why(need: Outcome) -> str:
    """Return why a task cannot run, naming the task that began it, however far away."""
    if need.cause is Cause.NEED:
        return need.reason
    return f"needs {need.task}, which {'failed' if need.status is Status.FAILED else 'was cancelled'}"


def _by_urgency(graph: TaskGraph, durations: Mapping[str, float]) -> list[int]:
    """Return positions by urgency: the longest way to the end first; where no duration is known, rank then order.

    Of equals, those that make an environment come before those that find it made: they are ready to go while the others
    have all of their start before them, and cores that took only the former would be done long before the rest.
    """
    tasks = list(graph.tasks.values())
    turns = _turns(tasks)
    cheap_first = sorted(
        sorted(range(len(tasks)), key=turns.__getitem__), key=[task.rank for task in tasks].__getitem__
    )
    known = [0.0 if task.skip else durations.get(task.name) for task in tasks]
    measured = list(filter(None, known))
    if not measured:
        return cheap_first
    usual = fmean(measured)
    tails = graph.longest_tails([usual if seconds is None else seconds for seconds in known])
    return sorted(cheap_first, key=tails.__getitem__, reverse=True)


def _turns(tasks: Sequence[Task]) -> list[int]:
    """Return of each task how many before it work in its environment."""
    seen: Counter[str] = Counter()
    turns = [0] * len(tasks)
    for position, task in enumerate(tasks):
        if task.environment and not task.skip:
            turns[position] = seen[task.environment]
            seen[task.environment] += 1
    return turns
