"""The loop at the heart of a run: take what may start, hand it out, take notice of what came of it.

Everything that changes state happens on the thread that calls `run_tasks`; the executor only posts messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field, replace

from noxline.engine.attempts import Attempts
from noxline.engine.plan import Plan, Slot
from noxline.engine.results import LoopResult, result_of
from noxline.model.decision import Decision, Reuse, Run, Skip
from noxline.model.event import (
    Event,
    RunningTask,
    StillRunning,
    TaskFinished,
    TaskOutput,
    TaskPrepared,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
    Warned,
)
from noxline.model.run import TaskResult
from noxline.model.task import Cause, Outcome, Status, Task, TaskRequest
from noxline.ports import Executor, Finished, Message, Output, Prepared

_HEARTBEAT = 1.0  # waiting without a limit cannot be interrupted on every platform
_SILENCE = 10.0  # after which the loop says what still runs
_FAREWELL = 4.5  # after an interrupt: the executor gives processes 2 s before it kills them, and 5 s are promised


def run_tasks(
    plan: Plan,
    executor: Executor,
    *,
    request: Callable[[Task, Slot, int], TaskRequest],
    decide: Callable[[Task], Decision],
    finish: Callable[[Task, Outcome], Outcome],
    emit: Callable[[Event], None],
    fail_fast: bool,
    clock: Callable[[], float],
    prepare: Callable[[Task], TaskRequest] | None = None,
) -> LoopResult:
    """Run every task of the plan to its end; `clock` gives the seconds since the start of the run.

    `request` gets the task, its slot (CPU tokens, or the duty to prepare its environment) and the number of the
    attempt; `finish` reads what an attempt left and returns its final outcome. `prepare` gives the request, under a
    name of its own, that makes the environment of a task whose needs still run; without it none is made ahead. After a
    KeyboardInterrupt (a second one kills) every process is ended and the results so far are returned.
    """
    loop = _Loop(
        plan,
        executor,
        request=request,
        decide=decide,
        finish=finish,
        emit=emit,
        fail_fast=fail_fast,
        clock=clock,
        prepare=prepare,
    )
    interrupted = False
    try:
        loop.run()
    except KeyboardInterrupt:
        interrupted = True
        loop.interrupt()
    return LoopResult(tuple(loop.results[name] for name in plan.graph.tasks), interrupted)


@dataclass(slots=True)
class _Loop:
    plan: Plan
    executor: Executor
    _: KW_ONLY
    request: Callable[[Task, Slot, int], TaskRequest]
    decide: Callable[[Task], Decision]
    finish: Callable[[Task, Outcome], Outcome]
    emit: Callable[[Event], None]
    fail_fast: bool
    clock: Callable[[], float]
    prepare: Callable[[Task], TaskRequest] | None
    results: dict[str, TaskResult] = field(default_factory=dict)
    attempts: dict[str, Attempts] = field(default_factory=dict)
    handed_out: set[str] = field(default_factory=set)
    made_ahead: dict[str, str] = field(default_factory=dict)  # names of requests to tasks
    setup_seconds: dict[str, float] = field(default_factory=dict)
    spoke_at: float = 0.0
    stopped: tuple[Cause, str] | None = None

    def run(self) -> None:
        self._record(self.plan.begin())
        while not self.plan.is_over:
            while self._advance():
                pass
            if self.handed_out or (self.made_ahead and not self.plan.is_over):
                self._listen(_HEARTBEAT)
        # What was made ahead and is not wanted any more is no reason to wait.
        self.executor.cancel(tuple(self.made_ahead))

    def _advance(self) -> bool:
        """Let one task go on or begin; return whether there was one."""
        if admitted := self.plan.admit():
            name, cpus = admitted
            self.executor.proceed(name, cpus)
            self.emit(TaskPrepared(task=name, at=self.clock(), seconds=self.setup_seconds.pop(name)))
            return True
        if task := self.plan.take():
            self._begin(task)
            return True
        if self.prepare and not self.stopped and (task := self.plan.take_ahead()):
            self._prepare_ahead(task, self.prepare)
            return True
        return False

    def _prepare_ahead(self, task: Task, prepare: Callable[[Task], TaskRequest]) -> None:
        try:
            order = prepare(task)
        except OSError:
            self.plan.ended_ahead(task.name, ready=False)  # the task meets the same trouble, and says so
            return
        self.made_ahead[order.task] = task.name
        self.executor.submit(order)

    def interrupt(self) -> None:
        deadline = self.clock() + _FAREWELL
        try:
            self._stop(Cause.INTERRUPT, "interrupted")
            while self.handed_out and (left := deadline - self.clock()) > 0:
                self._listen(min(left, _HEARTBEAT))
        except KeyboardInterrupt:
            self.executor.close()
        # The interrupt may have struck between any two steps: what lacks an outcome gets one, what lacks a result too.
        for name in self.plan.graph.tasks:
            if name not in self.plan.outcomes:
                self.plan.finish(
                    Outcome(task=name, status=Status.CANCELLED, cause=Cause.INTERRUPT, reason="interrupted")
                )
        self._record(outcome for name, outcome in self.plan.outcomes.items() if name not in self.results)

    def _begin(self, task: Task) -> None:
        if task.name in self.attempts:
            self._start(task)
            return
        match self.decide(task):
            case Run(reasons=reasons):
                self.attempts[task.name] = Attempts(self.clock(), reasons)
                self._start(task)
            case Reuse() as reuse:
                outcome = replace(reuse.outcome, task=task.name, started=self.clock())
                self._record(self.plan.finish(outcome), reuse)
            case Skip(reasons=reasons):
                outcome = Outcome(task=task.name, status=Status.SKIPPED, reason="; ".join(reasons))
                self._record(self.plan.finish(outcome))

    def _start(self, task: Task) -> None:
        attempts = self.attempts[task.name]
        attempts.count += 1
        slot = self.plan.start(task)
        try:
            order = self.request(task, slot, attempts.count)
        except OSError as error:
            self._ended(Outcome(task=task.name, status=Status.FAILED, cause=Cause.START, reason=str(error)))
            return
        started = TaskStarted(
            task=task.name,
            at=self.clock(),
            attempt=attempts.count,
            preparing=slot.prepare,
            reasons=attempts.reasons,
        )
        self.emit(started)
        self.handed_out.add(task.name)
        self.executor.submit(order)

    def _listen(self, seconds: float) -> None:
        messages = self.executor.wait(seconds)
        now = self.clock()
        for message in messages:
            self._handle(message)
        if any(not isinstance(message, Output) for message in messages):
            self.spoke_at = now
        elif now - self.spoke_at >= _SILENCE:
            self.spoke_at = now
            self.emit(StillRunning(at=now, tasks=tuple(self._running(now))))

    def _running(self, now: float) -> Iterator[RunningTask]:
        for name, slot in self.plan.running.items():
            waiting = name in self.setup_seconds
            seconds = now - self.attempts[name].started
            yield RunningTask(task=name, seconds=seconds, preparing=not slot.cpus and not waiting, waiting=waiting)

    def _handle(self, message: Message) -> None:
        match message:
            case Output(task=name) if name in self.made_ahead:
                pass  # it is in the log; the task itself repeats what fails
            case Finished(outcome=outcome) if outcome.task in self.made_ahead:
                made = outcome.status is Status.PASSED
                self.plan.ended_ahead(self.made_ahead.pop(outcome.task), ready=made)
            case Output(task=name, lines=lines):
                self.emit(TaskOutput(task=name, lines=lines))
            case Prepared(task=name, seconds=seconds):
                self.setup_seconds[name] = seconds
                self.emit(TaskWaiting(task=name, at=self.clock()))
                self.plan.prepared(name)
            case Finished(outcome=outcome):
                self.handed_out.discard(outcome.task)
                self._ended(outcome)

    def _ended(self, outcome: Outcome) -> None:
        task = self.plan.graph.tasks[outcome.task]
        self.setup_seconds.pop(task.name, None)
        outcome = self.attempts[task.name].add(self._read(task, outcome))
        failed = outcome.status is Status.FAILED
        if failed and not self.stopped and outcome.attempts <= task.retries:
            self.plan.retry(outcome)
            self.emit(TaskRetried(task=task.name, outcome=outcome))
            return
        self._record(self.plan.finish(outcome))
        if failed and self.fail_fast and not task.warn_only and not self.stopped:
            self._stop(Cause.FAIL_FAST, f"{task.name} failed, and --fail-fast was given")

    def _read(self, task: Task, outcome: Outcome) -> Outcome:
        if outcome.status is Status.CANCELLED:
            cause, reason = self.stopped or (outcome.cause, outcome.reason)
            return replace(outcome, cause=cause, reason=reason)
        try:
            return self.finish(task, outcome)
        except OSError as error:
            self.emit(Warned(message=f"what {task.name} left behind could not be read or kept: {error}"))
            return outcome

    def _stop(self, cause: Cause, reason: str) -> None:
        self.stopped = cause, reason
        self.executor.cancel()
        self._record(self.plan.cancel_waiting(cause, reason))

    def _record(self, ended: Iterable[Outcome], reuse: Reuse | None = None) -> None:
        """Tell of the ends of tasks and keep them; only the first can be reused, the others follow from it."""
        for outcome in ended:
            task = self.plan.graph.tasks[outcome.task]
            result = result_of(task, outcome, self.attempts.get(task.name), reuse)
            self.emit(
                TaskFinished(
                    outcome=outcome,
                    decision=result.decision,
                    reasons=result.reasons,
                    source=result.source or "",
                    saved_seconds=result.saved_seconds,
                )
            )
            self.results[task.name] = result
            reuse = None
