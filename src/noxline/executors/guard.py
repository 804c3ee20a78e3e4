"""The guard of a run, seen from noxline: start it, tell it which process groups there are, let it go."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from noxline.executors import guard_process
from noxline.model.task import TaskRequest

_SCRIPT = Path(guard_process.__file__)
_GOODBYE = 3.0
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "TMPDIR")  # what a Python may need to start


class Guard:
    """One process that ends all others of a run within 2 s when noxline is killed. Not there on Windows."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.problem = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def start(self) -> None:
        """Start the process unless it runs; does not wait until it works: what it is told waits in the pipe."""
        if self._process is not None or self._closed or self.problem or sys.platform == "win32":
            return
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT), self.run_id],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                # Nothing else: tasks can read it, so no credentials; and no marks of an outer run, whose guard would
                # take this one for a stray.
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                start_new_session=True,
            )
        except OSError as error:
            self.problem = f"there is no guard: processes may be left when noxline is killed ({error})"

    def watch(self, group: int) -> None:
        """Tell of a process group; may be called from any thread."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Tell that a process group has ended; may be called from any thread."""
        self._tell(f"-{group}\n")

    def end_strays(self, request: TaskRequest) -> None:
        """Kill what a task that ended left behind outside of its process groups (Linux only)."""
        marks = [f"{name}={request.environ.get(name, '')}" for name in ("NOXLINE_RUN", "NOXLINE_TASK")]
        if marks[0] != f"NOXLINE_RUN={self.run_id}":
            return  # marks of an outer run, which are on this process as well
        for _ in range(3):  # a stray may start another one while it is being killed
            strays = guard_process.marked_processes(*marks)
            if not strays:
                return
            guard_process.send(signal.SIGKILL, strays)

    def close(self) -> None:
        """Say goodbye: the guard ends what is left of the run, and then itself."""
        self._closed = True
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):  # somebody ended the guard: there is nobody to take leave of
            process.stdin.write(b"bye\n")
            process.stdin.flush()
        with contextlib.suppress(OSError):
            process.stdin.close()
        # It ends by itself in any case; there is no need to wait for longer.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GOODBYE)

    def _tell(self, line: str) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            # One short write is never mixed with that of another thread.
            os.write(process.stdin.fileno(), line.encode())
        except (OSError, ValueError) as error:
            self.problem = f"the guard is gone: processes may be left when noxline is killed ({error})"
