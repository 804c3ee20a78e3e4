"""The guard: a small process of its own that ends what a killed noxline left behind.

It runs as a script, without the rest of noxline. Its standard input is a pipe that noxline alone holds open; its one
argument is the run's id. Lines on it: `+123` watch process group 123, `-123` forget it, `bye` noxline ends by itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

_MERCY = 0.5  # between asking and killing
_LIMIT = 1.8  # after which nothing may be left
_PAUSE = 0.05
_CALM = 3  # looks in a row that found nothing: a process may just be starting


def marked_processes(*marks: str) -> list[int]:
    """Return the processes that were started with all these `NAME=value` in their environment (Linux; else none)."""
    wanted = {os.fsencode(mark) for mark in marks}
    found = []
    for pid in _process_ids():
        # A process that ended meanwhile, or that belongs to somebody else, is none of ours.
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - start-up cost
            if wanted.issubset(file.read().split(b"\0")):
                found.append(pid)
    return found


def _process_ids() -> Iterator[int]:
    if sys.platform == "linux":
        own = os.getpid()
        for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs this process half of its start
            if name.isdigit() and int(name) != own:
                yield int(name)


def send(number: int, pids: Iterable[int], kill: Callable[[int, int], None] = os.kill) -> None:
    """Send a signal to processes (or groups, with `os.killpg`); those that are gone are no problem."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, number)


def listen(pipe: BinaryIO, groups: set[int]) -> bool:
    """Keep the set of groups as told until the pipe closes; return whether noxline said goodbye."""
    for line in pipe:
        word = line.strip()
        if word == b"bye":
            return True
        if word[:1] == b"+":
            groups.add(int(word[1:]))
        elif word[:1] == b"-":
            groups.discard(int(word[1:]))
    return False


def clear(run_id: str, groups: set[int], *, calm: int) -> None:
    """End all that is left of a run: ask, then kill, until nothing was found `calm` times in a row."""
    begun = time.monotonic()
    asked: set[int] = set()
    seen_nothing = 0
    while seen_nothing < calm and time.monotonic() - begun < _LIMIT:
        alive = {group for group in groups if _is_alive(group)}
        strays = set(marked_processes(f"NOXLINE_RUN={run_id}"))
        if time.monotonic() - begun < _MERCY:
            send(signal.SIGTERM, alive - asked, os.killpg)
            send(signal.SIGTERM, strays - asked)
            asked |= alive | strays
        else:
            send(signal.SIGKILL, alive, os.killpg)
            send(signal.SIGKILL, strays)
        seen_nothing = 0 if alive or strays else seen_nothing + 1
        if seen_nothing < calm:
            time.sleep(_PAUSE)


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def main() -> None:
    """Wait for the end of noxline, then clear up."""
    groups: set[int] = set()
    goodbye = listen(sys.stdin.buffer, groups)
    clear(sys.argv[1], groups, calm=1 if goodbye else _CALM)


if __name__ == "__main__":
    main()
