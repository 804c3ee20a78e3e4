"""One command of a task from its start to the end of its whole process group."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from noxline.executors.control import Control
from noxline.executors.gate import Gate
from noxline.executors.lines import LineSink
from noxline.system import process_group

_TICK = 0.05
_GATE_TICK = 0.01  # a task at its gate keeps CPUs idle
_MERCY = 2.0  # between asking a group to end and killing it
_AFTERGLOW = 0.2  # what a process left in its pipe is there at once; later lines are those of strays
_LAST_WORDS = 5.0
_CHUNK = 64 * 1024


class Stop(Enum):
    """Who ended a command."""

    ITSELF = "itself"
    CANCEL = "cancel"
    TIMEOUT = "timeout"
    GATE = "gate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What is to be run where; `timeout` is in seconds, from the moment that it passes its gate if it has one."""

    argv: Sequence[str]
    directory: Path
    environ: Mapping[str, str]
    timeout: float | None = None
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """The exit code (negative: a signal's number), the CPU seconds of the whole tree, and who ended it."""

    code: int
    cpu_seconds: float
    stop: Stop


class RunningCommand:
    """A started command; `pid` is also the id of its process group. Starting it may raise OSError or ValueError."""

    def __init__(self, command: Command) -> None:
        self._process = process_group.start(command.argv, command.directory, command.environ)
        self.pid = self._process.pid
        self._timeout, self._gate = command.timeout, command.gate
        self._deadline: float | None = None
        if self._gate is None:
            self._start_clock()
        self._pipe = _Pipe(self._process)
        self._stop = Stop.ITSELF
        self._kill_at = 0.0

    def finish(self, sink: LineSink, control: Control) -> CommandEnd:
        """Pass its output on until it ends, or end it when its time is up or it is cancelled."""
        pause = 0.001
        while (ended := process_group.reap(self._process)) is None:
            if self._pipe.at_end:
                time.sleep(pause)  # it closed its outputs, mostly because it is just ending
                pause = min(2 * pause, _TICK)
            else:
                self._pass_on(sink, _GATE_TICK if self._gate and self._gate.is_waiting else _TICK)
            if self._gate and self._gate.look():
                self._start_clock()
            self._end_if_due(control)
        self._collect_rest(sink)
        return CommandEnd(ended.code, ended.cpu_seconds, self._stop)

    def _start_clock(self) -> None:
        if self._timeout is not None:
            self._deadline = time.monotonic() + self._timeout

    def _pass_on(self, sink: LineSink, seconds: float) -> bool:
        data = self._pipe.read(seconds)
        if data:
            sink.feed(data)
        sink.tick()
        return bool(data)

    def _end_if_due(self, control: Control) -> None:
        now = time.monotonic()
        if self._stop is Stop.ITSELF:
            if control.cancelled.is_set():
                self._stop = Stop.CANCEL
            elif self._deadline is not None and now >= self._deadline:
                self._stop = Stop.TIMEOUT
            elif self._gate and self._gate.problem:
                self._stop = Stop.GATE
            else:
                return
            process_group.terminate(self._process)
            self._kill_at = now + _MERCY
        if now >= self._kill_at or control.hurried.is_set():
            process_group.kill(self._process)

    def _collect_rest(self, sink: LineSink) -> None:
        """Read what is left in the pipe; end what is left of the group, which may hold the pipe open for ever."""
        until = time.monotonic() + _AFTERGLOW
        while not self._pipe.at_end and time.monotonic() < until:
            self._pass_on(sink, _AFTERGLOW / 4)
        # The number of a group is not given away while one of its processes lives, and not at once after that.
        process_group.kill(self._process)
        until = time.monotonic() + _LAST_WORDS
        while not self._pipe.at_end and time.monotonic() < until:
            if not self._pass_on(sink, _AFTERGLOW):
                break
        self._pipe.abandon()
        sink.end_stream()


class _Pipe:
    """The output of a process, read by a thread: only this way can a read be given up on every platform."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.at_end = False
        self._chunks: queue.Queue[bytes] = queue.Queue(maxsize=16)
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._pump, args=(process,), daemon=True, name=f"pipe {process.pid}")
        self._thread.start()

    def read(self, seconds: float) -> bytes | None:
        """Return the next bytes, or None when none came in that time or at the end."""
        try:
            data = self._chunks.get(timeout=seconds)
        except queue.Empty:
            return None
        self.at_end = not data
        return data or None

    def abandon(self) -> None:
        """Let the thread go, be it waiting for room or, once more bytes or the end come, for those."""
        self._abandoned.set()
        while not self._chunks.empty():
            self._chunks.get_nowait()

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        pipe = process.stdout
        if pipe is None:
            raise ValueError("the process was started without a pipe")
        with pipe:
            while not self._abandoned.is_set():
                data = os.read(pipe.fileno(), _CHUNK)
                self._chunks.put(data)
                if not data:
                    return
