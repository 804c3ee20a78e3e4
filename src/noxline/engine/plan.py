"""The bookkeeping of one run, the one mutable thing of the engine: waiting, ready, running, done.

The plan is told what happened and says what may start; it starts nothing, knows no clock and no executor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from statistics import fmean

from noxline.engine.limits import Tokens
from noxline.graph import TaskGraph
from noxline.model.task import Cause, Outcome, Status, Task

# A task that ended in one of these ways was never let loose on its own command, so it left no output.
_BEFORE_THE_COMMAND = frozenset({Cause.SETUP, Cause.START})


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """What a task gets when it starts: CPU tokens, and the duty to prepare its environment or not."""

    cpus: int
    prepare: bool


@dataclass(slots=True)
class _Environment:
    """Who prepares an environment just now, and whom that holds back."""

    ready: bool = False
    preparer: str = ""
    held: list[int] = field(default_factory=list)


class Plan:
    """Which task may start next. The caller takes a task, then either starts it or finishes it unstarted."""

    def __init__(self, graph: TaskGraph, *, cpus: int, durations: Mapping[str, float] | None = None) -> None:
        self.graph = graph
        self.outcomes: dict[str, Outcome] = {}
        self.running: dict[str, Slot] = {}
        self._tokens = Tokens(cpus)
        self._by_priority = _by_priority(graph, durations or {})
        self._priority = {task.name: number for number, task in enumerate(self._by_priority)}
        self._open_needs = {name: len(task.needs) for name, task in graph.tasks.items()}
        self._environments = {task.environment: _Environment() for task in self._by_priority if task.environment}
        self._held = 0
        self._left_output: set[str] = set()
        self._exclusive_runs = False
        self._ready: list[int] = []
        self._alone: list[int] = []
        for task in self._by_priority:
            if not task.needs:
                self._line_up(task)

    @property
    def is_over(self) -> bool:
        """Return whether every task came to its end."""
        return len(self.outcomes) == len(self._by_priority)

    def begin(self) -> list[Outcome]:
        """Finish the tasks that have nothing to do, with their reasons, and return their outcomes."""
        ended: list[Outcome] = []
        for task in self._by_priority:
            if task.skip and task.name not in self.outcomes:
                ended += self.finish(Outcome(task=task.name, status=Status.SKIPPED, reason=task.skip))
        return ended

    def take(self) -> Task | None:
        """Return the most urgent task that may start now, or None; start or finish it before taking another."""
        if not self._tokens.free or self._exclusive_runs:
            return None
        while self._ready:
            number = heappop(self._ready)
            task = self._by_priority[number]
            if task.name in self.outcomes:
                continue
            environment = self._environments.get(task.environment)
            if environment is None or not environment.preparer:
                return task
            environment.held.append(number)
            self._held += 1
        return self._take_exclusive()

    def _take_exclusive(self) -> Task | None:
        # Exclusive tasks wait until nothing else can run: to empty the machine sooner would leave cores idle.
        while self._alone and not self.running:
            task = self._by_priority[heappop(self._alone)]
            if task.name not in self.outcomes:
                return task
        return None

    def start(self, task: Task) -> Slot:
        """Hand out tokens for a task that was taken, and the duty to prepare its environment if nobody did yet."""
        environment = self._environments.get(task.environment)
        prepare = environment is not None and not environment.ready
        if environment is not None and prepare:
            environment.preparer = task.name
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
        self._line_up(self.graph.tasks[failed.task])

    def finish(self, outcome: Outcome) -> list[Outcome]:
        """Take notice of a task's end; return its outcome and those of the tasks that end because of it."""
        started = outcome.task in self.running
        if started:
            self._release(outcome)
        if outcome.cause not in _BEFORE_THE_COMMAND and (started or outcome.status is Status.PASSED):
            self._left_output.add(outcome.task)
        self.outcomes[outcome.task] = outcome
        ended = [outcome]
        # One pass over all that a failure takes with it: `ended` grows while it is walked, each task enters it once.
        for done in ended:
            for name in self.graph.dependents[done.task]:
                if name not in self.outcomes and (follower := self._need_ended(self.graph.tasks[name], done)):
                    self.outcomes[name] = follower
                    ended.append(follower)
        return ended

    def _need_ended(self, task: Task, need: Outcome) -> Outcome | None:
        """Take notice that one need of a task ended; return the task's outcome when that ends the task as well."""
        self._open_needs[task.name] -= 1
        if self._blocks(need) and not task.tolerant:
            return Outcome(task=task.name, status=Status.CANCELLED, cause=Cause.NEED, reason=_why(need))
        if self._open_needs[task.name]:
            return None
        if task.tolerant and self._left_output.isdisjoint(task.needs):
            return self._nothing_to_work_on(task)
        self._line_up(task)
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
        self.outcomes.update((outcome.task, outcome) for outcome in cancelled)
        return cancelled

    def _line_up(self, task: Task) -> None:
        heappush(self._alone if task.exclusive else self._ready, self._priority[task.name])

    def _release(self, outcome: Outcome) -> None:
        self._tokens.give(self.running.pop(outcome.task).cpus)
        self._exclusive_runs = False
        # A task that passed worked in its environment; of any other that did not say so, nobody knows.
        self._end_preparation(outcome.task, ready=outcome.status is Status.PASSED)

    def _end_preparation(self, name: str, *, ready: bool) -> None:
        environment = self._environments.get(self.graph.tasks[name].environment)
        if environment is None or environment.preparer != name:
            return
        environment.preparer = ""
        environment.ready = ready
        self._held -= len(environment.held)
        for number in environment.held:
            heappush(self._ready, number)
        environment.held.clear()


def _why(need: Outcome) -> str:
    """Return why a task cannot run, naming the task that began it, however far away."""
    if need.cause is Cause.NEED:
        return need.reason
    return f"needs {need.task}, which {'failed' if need.status is Status.FAILED else 'was cancelled'}"


def _by_priority(graph: TaskGraph, durations: Mapping[str, float]) -> list[Task]:
    """Return the tasks by urgency: the longest way to the end first; where no duration is known, rank then order."""
    known = [durations[name] for name in graph.tasks if name in durations]
    if not known:
        return sorted(graph.tasks.values(), key=lambda task: task.rank)
    usual = fmean(known)
    tails = graph.longest_tails(
        {name: 0.0 if task.skip else durations.get(name, usual) for name, task in graph.tasks.items()}
    )
    return sorted(graph.tasks.values(), key=lambda task: (-tails[task.name], task.rank))
