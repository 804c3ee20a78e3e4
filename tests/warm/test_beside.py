"""A forked child hands back what it did, or nothing; it never outlives whom it works for, and says nothing itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork"),
]
# The test's own process has threads, and no child is started where there are any.
BEGIN = """
import os, signal, sys, threading, time
from noxline.warm import beside
beside.cores = lambda: 2

def left():
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return "none"

def fail():
    raise ValueError("told to nobody")
"""
CASES = {
    "what it did": ("lambda: b'x' * 300_000", "len(child.answer()), left()", "(300000, 'none')"),
    "nothing": ("lambda: b''", "child.answer(), left()", "(b'', 'none')"),
    "it fails": ("fail", "child.answer(), left()", "(None, 'none')"),
    "it exits": ("lambda: sys.exit(0)", "child.answer(), left()", "(None, 'none')"),
    "it is killed": ("lambda: os.kill(os.getpid(), signal.SIGKILL)", "child.answer(), left()", "(None, 'none')"),
    "it is interrupted": ("lambda: os.kill(os.getpid(), signal.SIGINT)", "child.answer(), left()", "(None, 'none')"),
    "it is dropped": ("lambda: time.sleep(60)", "child.drop(), child.drop(), left()", "(None, None, 'none')"),
    "dropped afterwards": ("lambda: b'x'", "child.answer(), child.drop(), left()", "(b'x', None, 'none')"),
}


def run(code: str) -> str:
    """Return what a program prints, and fail when it says anything on standard error."""
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=50, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize("case", CASES)
def test_it_hands_back_what_it_did_or_nothing_and_is_gone(case: str) -> None:
    work, asked, expected = CASES[case]
    assert run(f"print('once', end=' ')\nchild = beside.start({work})\nprint(({asked}))") == f"once {expected}"


def test_no_file_stays_open() -> None:
    code = """
before = sorted(os.listdir("/dev/fd"))
for number in range(3):
    child = beside.start(lambda: b"x")
    child.answer() if number else child.drop()
print(sorted(os.listdir("/dev/fd")) == before)
"""
    assert run(code) == "True"


NONE = {
    "no such thing": "del os.fork",
    "one processor": "beside.cores = lambda: 1",
    "another thread": "go = threading.Event(); threading.Thread(target=go.wait, daemon=True).start()",
    "no more processes": "os.fork = fail_to_fork",
}


@pytest.mark.parametrize("why", NONE)
def test_there_is_none_where_it_cannot_be_or_gains_nothing(why: str) -> None:
    code = "def fail_to_fork(): raise BlockingIOError\n" + NONE[why]
    before = "\nbefore = len(os.listdir('/dev/fd'))"
    assert run(f"{code}{before}\nprint(beside.start(lambda: b''), len(os.listdir('/dev/fd')) - before)") == "None 0"


def test_who_has_the_system_wait_for_children_does_the_work_himself() -> None:
    code = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nchild = beside.start(lambda: b'x')\n"
    assert run(code + "print(child.answer(), beside.start(lambda: b'x').drop())") == "None None"


def test_an_interrupt_of_both_is_told_once() -> None:
    """As a terminal does it: the signal goes to everybody in the group."""
    code = BEGIN + "print('begun', flush=True)\nchild = beside.start(lambda: time.sleep(60))\nprint(child.answer())"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=20)
    assert error.count("KeyboardInterrupt") == 1
    assert process.returncode == -signal.SIGINT
