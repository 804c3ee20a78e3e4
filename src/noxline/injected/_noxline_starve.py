"""Let a test run in a process that gets little CPU time, as on a busy machine: stopped for nine tenths of the time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

# Stops the process of that id and lets it go on, until its own standard input ends: it always goes on in the end.
_STOPPER = """\
import os, select, signal, sys, time
process = int(sys.argv[1])
while not select.select([sys.stdin], [], [], 0.005)[0]:
    os.kill(process, signal.SIGSTOP)
    time.sleep(0.045)
    os.kill(process, signal.SIGCONT)
"""


def wanted(environ: Any) -> bool:
    """Tell whether tests are to be starved, and can be."""
    return bool(environ.get("NOXLINE_STARVED")) and hasattr(signal, "SIGSTOP")


class Starver:
    """Starves each test of this process, from its set-up to its teardown."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self) -> Any:
        """Stop and go on while a test runs."""
        command = [sys.executable, "-I", "-S", "-c", _STOPPER, str(os.getpid())]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet):  # leaving it ends its input
            yield
