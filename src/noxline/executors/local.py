"""Run tasks on this machine, each in a thread of noxline and in process groups of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from noxline.executors.control import Control
from noxline.executors.guard import Guard
from noxline.executors.lines import LineSink
from noxline.executors.task_run import TaskRun
from noxline.model.task import Cause, Outcome, Status, TaskRequest
from noxline.ports import Finished, Message, Output

# Output that nobody has fetched yet: a task that prints faster than reporters can show it has to wait.
_UNREAD_OUTPUTS = 256
_LAST_WAIT = 3.0


def unmasked(line: str) -> str:
    """Return the line as it is."""
    return line


class LocalExecutor:
    """The executor for processes on this machine. All methods are called on one thread."""

    def __init__(self, mask: Callable[[str], str] = unmasked, guard: Guard | None = None) -> None:
        self._mask = mask
        self._guard = guard
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._fetched: list[Message] = []
        self._room = threading.Semaphore(_UNREAD_OUTPUTS)
        self._running: dict[str, tuple[Control, threading.Thread]] = {}
        self._crash: Exception | None = None

    def submit(self, request: TaskRequest) -> None:
        """Start a request in a thread of its own."""
        if self._guard is not None:
            self._guard.start()
        control = Control()
        thread = threading.Thread(target=self._work, args=(request, control), daemon=True, name=f"task {request.task}")
        self._running[request.task] = control, thread
        thread.start()

    def proceed(self, task: str, cpus: int) -> None:
        """Let a prepared task run its own command with so many CPUs."""
        if task in self._running:
            self._running[task][0].let_proceed(cpus)

    def wait(self, timeout: float | None = None) -> Sequence[Message]:
        """Return the messages that have come in, waiting up to `timeout` seconds for the first."""
        if self._running or not self._messages.empty():
            try:
                self._take(self._messages.get(timeout=timeout))
                while not self._messages.empty():
                    self._take(self._messages.get_nowait())
            except queue.Empty:
                return ()
        if self._crash is not None:
            raise self._crash
        # Kept until here, so that an interrupt while messages are fetched loses none.
        messages, self._fetched = self._fetched, []
        return messages

    def cancel(self, tasks: Sequence[str] | None = None) -> None:
        """End the processes of these tasks, or of all: asked first, killed 2 s later."""
        for name in tuple(self._running) if tasks is None else tasks:
            if name in self._running:
                self._running[name][0].cancel()

    def close(self) -> None:
        """Kill whatever is left, and let the guard go."""
        for control, _ in self._running.values():
            control.cancel(hurry=True)
        for _, thread in self._running.values():
            thread.join(_LAST_WAIT)
        if self._guard is not None:
            self._guard.close()

    def _take(self, message: Message) -> None:
        self._fetched.append(message)
        if isinstance(message, Output):
            self._room.release()
        elif isinstance(message, Finished):
            self._running.pop(message.outcome.task, None)

    def _work(self, request: TaskRequest, control: Control) -> None:
        """Run a task and post its end; what goes wrong in noxline itself is raised where messages are fetched."""
        try:
            self._messages.put(Finished(outcome=self._run(request, control)))
        except Exception as error:  # noqa: BLE001 - kept and raised by `wait`: in a thread it would be lost
            self._crash = error
            lost = Outcome(task=request.task, status=Status.FAILED, cause=Cause.START, reason=str(error))
            self._messages.put(Finished(outcome=lost))

    def _run(self, request: TaskRequest, control: Control) -> Outcome:
        def post(lines: tuple[str, ...]) -> None:
            self._post(Output(task=request.task, lines=lines), control)

        with LineSink(request.log, mask=self._mask, post=post) as sink:
            outcome = TaskRun(request, sink, control, self._guard, self._messages.put).run()
        if self._guard is None:
            return replace(outcome, warnings=tuple(filter(None, [sink.warning])))
        self._guard.end_strays(request)
        return replace(outcome, warnings=tuple(filter(None, [sink.warning, self._guard.problem])))

    def _post(self, message: Output, control: Control) -> None:
        while not self._room.acquire(timeout=0.1):
            if control.cancelled.is_set():
                break
        self._messages.put(message)
