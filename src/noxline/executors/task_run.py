"""One task in its own thread: its folders, its one or two commands, and what came of them."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from noxline.executors.command import Command, CommandEnd, RunningCommand, Stop
from noxline.executors.control import Control
from noxline.executors.gate import Gate
from noxline.executors.guard import Guard
from noxline.executors.lines import LineSink
from noxline.model.task import Cause, Outcome, Status, TaskRequest
from noxline.ports import Prepared


@dataclass(slots=True)
class TaskRun:
    """Runs one request; `run` is called once."""

    request: TaskRequest
    sink: LineSink
    control: Control
    guard: Guard | None
    tell: Callable[[Prepared], None]
    cpu_seconds: float = 0.0
    begun: float = field(default_factory=time.monotonic)
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(
            control=self.control,
            begun=self.begun,
            announce=self._announce,
            folder=self.request.gate,
            cpu_variables=self.request.cpu_variables,
        )

    def run(self) -> Outcome:
        """Run both commands and return the outcome."""
        try:
            _make_folders(self.request)
            self.gate.make()
        except OSError as error:
            return self._outcome(Status.FAILED, None, Cause.START, f"cannot make its output folder: {error}")
        return self._prepare() or self._run_command()

    def _announce(self, seconds: float) -> None:
        self.tell(Prepared(task=self.request.task, seconds=seconds))

    def _prepare(self) -> Outcome | None:
        """Bring the environment up to date; return an outcome only when the task ends with that."""
        if not self.request.prepare:
            return None
        try:
            end = self._command(self.request.prepare, self.request.environ)
        except (OSError, ValueError) as error:
            return self._cannot_start(self.request.prepare[0], error)
        self.gate.setup_seconds = time.monotonic() - self.begun
        if end.stop is Stop.CANCEL:
            return self._outcome(Status.CANCELLED, end.code, Cause.INTERRUPT, "cancelled")
        if end.code != 0:
            killed = f" ({_signal_text(end.code)})" if end.code < 0 else ""
            reason = f"its environment could not be made{killed}"
            return self._outcome(Status.FAILED, end.code, Cause.SETUP, reason)
        self.gate.arrive()
        self.gate.wait()
        return None

    def _run_command(self) -> Outcome:
        if self.control.cancelled.is_set():
            return self._outcome(Status.CANCELLED, None, Cause.INTERRUPT, "cancelled")
        try:
            end = self._command(self.request.argv, self._environ(), timeout=self.request.timeout, gate=self._own_gate())
        except (OSError, ValueError) as error:
            return self._cannot_start(self.request.argv[0], error)
        if end.stop is Stop.CANCEL:
            return self._outcome(Status.CANCELLED, end.code, Cause.INTERRUPT, "cancelled")
        if end.stop is Stop.TIMEOUT:
            reason = f"no end after {span(self.request.timeout or 0.0)}"
            return self._outcome(Status.FAILED, end.code, Cause.TIMEOUT, reason)
        if end.stop is Stop.GATE:
            return self._outcome(Status.FAILED, end.code, Cause.START, self.gate.problem)
        if end.code < 0:
            return self._outcome(Status.FAILED, end.code, Cause.SIGNAL, _signal_text(end.code))
        if end.code > 0:
            return self._outcome(Status.FAILED, end.code, Cause.EXIT)
        return self._outcome(Status.PASSED, 0)

    def _environ(self) -> Mapping[str, str]:
        """Return the environment of the task's own command, which after a preparation has its CPUs."""
        if not self.request.prepare:
            return self.request.environ
        return {**self.request.environ, **self.gate.variables}

    def _own_gate(self) -> Gate | None:
        return self.gate if self.request.gate is not None else None

    def _command(
        self,
        argv: tuple[str, ...],
        environ: Mapping[str, str],
        *,
        timeout: float | None = None,
        gate: Gate | None = None,
    ) -> CommandEnd:
        directory = self.request.directory
        command = Command(argv=argv, directory=directory, environ=environ, timeout=timeout, gate=gate)
        running = RunningCommand(command)
        if self.guard is not None:
            self.guard.watch(running.pid)
        end = running.finish(self.sink, self.control)
        if self.guard is not None:
            self.guard.forget(running.pid)
        self.cpu_seconds += end.cpu_seconds
        return end

    def _cannot_start(self, program: str, error: OSError | ValueError) -> Outcome:
        return self._outcome(Status.FAILED, None, Cause.START, f"cannot start {program}: {error}")

    def _outcome(self, status: Status, code: int | None, cause: Cause = Cause.NONE, reason: str = "") -> Outcome:
        self.gate.end()
        return Outcome(
            task=self.request.task,
            status=status,
            exit_code=code,
            cause=cause,
            reason=reason,
            seconds=time.monotonic() - self.begun - self.gate.waited_seconds,
            cpu_seconds=self.cpu_seconds,
            setup_seconds=self.gate.setup_seconds,
            waited_seconds=self.gate.waited_seconds,
            output=self.request.output,
            log=self.request.log,
        )


def span(seconds: float) -> str:
    """Return a duration for people, in the largest unit that it is a multiple of.

    >>> span(900), span(90), span(7200), span(0.5)
    ('15 m', '90 s', '2 h', '0.5 s')
    """
    for unit, name in ((3600, "h"), (60, "m")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def _make_folders(request: TaskRequest) -> None:
    if request.output.is_dir():
        shutil.rmtree(request.output)
    request.output.mkdir(parents=True)


def _signal_text(code: int) -> str:
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
