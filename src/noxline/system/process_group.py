"""Start a command in a process group of its own, end that group, and learn what it cost.

The Windows ways are written after its documentation and have not been run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended (a negative code is the number of a signal), and the CPU seconds of it and its children."""

    code: int
    cpu_seconds: float


def start(argv: Sequence[str], directory: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a command as the leader of its own group: input closed, both outputs in one pipe; may raise OSError."""
    if sys.platform == "win32":
        return subprocess.Popen(
            argv,
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )
    return subprocess.Popen(
        argv,
        cwd=directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def reap(process: subprocess.Popen[bytes]) -> Ended | None:
    """Return how a process ended, or None while it runs; never waits. Call it no more after it gave an answer."""
    if sys.platform == "win32":
        code = process.poll()
        return None if code is None else Ended(code, 0.0)
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if pid == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for a process that is gone
    return Ended(process.returncode, usage.ru_utime + usage.ru_stime)


def terminate(process: subprocess.Popen[bytes]) -> None:
    """Ask every process of the group to end."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError):  # it ended by itself just now
            process.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        _signal(process.pid, signal.SIGTERM)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End every process of the group at once, also those that outlived its leader."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        _signal(process.pid, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    # Nobody left in the group, or (macOS) only zombies: there is nothing to end.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
