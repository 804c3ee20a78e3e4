"""What is left when noxline is killed: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from noxline.executors import guard_process
from noxline.executors.guard import Guard
from noxline.executors.local import LocalExecutor
from noxline.model.task import TaskRequest
from noxline.ports import Finished

pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform != "linux", reason="strays are found by /proc")]

# Runs two tasks that start children of all kinds, and says when these are there.
DRIVER = """
    import os, sys, time
    from pathlib import Path
    from noxline.executors.guard import Guard
    from noxline.executors.local import LocalExecutor
    from noxline.model.task import TaskRequest

    run_id, folder = sys.argv[1], Path(sys.argv[2])
    code = '''
    import os, signal, subprocess, sys, time
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    stubborn = [sys.executable, "-S", "-c", ignore + "; print(flush=True); time.sleep(600)"]
    bare = {"PATH": os.environ["PATH"]}
    subprocess.Popen(sleep)
    deaf = [subprocess.Popen(stubborn, stdout=subprocess.PIPE, start_new_session=alone) for alone in (False, True)]
    deaf.append(subprocess.Popen(stubborn, stdout=subprocess.PIPE, env=bare))
    subprocess.Popen(sleep, start_new_session=True)
    for process in deaf:
        process.stdout.readline()
    print("there", flush=True)
    time.sleep(600)
    '''
    executor = LocalExecutor(guard=Guard(run_id))
    for task in ("one", "two"):
        executor.submit(TaskRequest(
            task=task, argv=(sys.executable, "-S", "-c", code), directory=folder,
            environ={**os.environ, "NOXLINE_RUN": run_id, "NOXLINE_TASK": task, "MARK": run_id},
            log=folder / task / "log.txt", output=folder / task / "output",
        ))
    seen = 0
    while seen < 2:
        seen += len(executor.wait(1))
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def run_id() -> Iterator[str]:
    name = f"test-{os.getpid()}-{time.monotonic_ns()}"
    yield name
    guard_process.send(signal.SIGKILL, left_of(name))


def left_of(run_id: str) -> list[int]:
    return guard_process.marked_processes(f"NOXLINE_RUN={run_id}")


def members(groups: set[int]) -> list[int]:
    """Return the living processes of these groups."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) in groups and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def nothing_left(run_id: str, groups: set[int], limit: float) -> bool:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if not left_of(run_id) and not members(groups):
            return True
        time.sleep(0.02)
    return False


def drive(run_id: str, folder: Path) -> subprocess.Popen[str]:
    driver = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DRIVER), run_id, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert driver.stdout is not None
    assert driver.stdout.readline() == "ready\n"
    return driver


def test_nothing_is_left_two_seconds_after_a_kill(run_id: str, tmp_path: Path) -> None:
    driver = drive(run_id, tmp_path)
    marked = left_of(run_id)
    groups = {os.getpgid(pid) for pid in marked}
    assert len(marked) == 10  # two tasks, each with four children that kept its environment
    assert len(members(groups)) == 12  # and one that did not
    os.killpg(driver.pid, signal.SIGKILL)  # as a terminal would: the guard must not be in this group
    gone = nothing_left(run_id, groups, limit=2)
    driver.communicate()
    assert gone


def test_the_guard_itself_ends(run_id: str, tmp_path: Path) -> None:
    driver = drive(run_id, tmp_path)
    guards = guards_of(run_id)
    assert len(guards) == 1
    driver.kill()
    driver.communicate()
    end = time.monotonic() + 4
    while guards_of(run_id):
        assert time.monotonic() < end
        time.sleep(0.05)


def guards_of(run_id: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if run_id.encode() in words and any(word.endswith(b"guard_process.py") for word in words):
                found.append(int(entry.name))
    return found


def request(run_id: str, folder: Path, code: str) -> TaskRequest:
    return TaskRequest(
        task="one",
        argv=(sys.executable, "-S", "-c", textwrap.dedent(code)),
        directory=folder,
        environ={**os.environ, "NOXLINE_RUN": run_id, "NOXLINE_TASK": "one"},
        log=folder / "log.txt",
        output=folder / "output",
    )


STRAY = """
    import subprocess, sys
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    subprocess.Popen(sleep, start_new_session=True)
    subprocess.Popen(sleep, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
"""


def finish(executor: LocalExecutor) -> Finished:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for message in executor.wait(1):
            if isinstance(message, Finished):
                return message
    raise AssertionError("the task did not end")


def test_strays_of_a_task_end_with_it(run_id: str, tmp_path: Path) -> None:
    executor = LocalExecutor(guard=Guard(run_id))
    executor.submit(request(run_id, tmp_path, STRAY))
    assert finish(executor).outcome.warnings == ()
    assert nothing_left(run_id, set(), limit=0.5)
    executor.close()


def test_marks_of_an_outer_run_are_left_alone(run_id: str, tmp_path: Path) -> None:
    executor = LocalExecutor(guard=Guard(f"{run_id}-inner"))
    executor.submit(request(run_id, tmp_path, STRAY))
    finish(executor)
    executor.close()
    assert len(left_of(run_id)) == 2


def test_a_guard_that_was_killed_is_a_warning(run_id: str, tmp_path: Path) -> None:
    executor = LocalExecutor(guard=Guard(run_id))
    executor.submit(request(run_id, tmp_path, "import time; time.sleep(1)"))
    end = time.monotonic() + 5
    while not (guards := guards_of(run_id)):
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(guards[0], signal.SIGKILL)
    (warning,) = finish(executor).outcome.warnings
    assert warning.startswith("the guard is gone: ")
    executor.close()


def test_the_guard_has_no_credentials_for_a_task_to_find(
    run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NOXLINE_CACHE_SIGNING_KEY", "AWS_SECRET_ACCESS_KEY", "ANY_TOKEN"):
        monkeypatch.setenv(name, "hush")
    executor = LocalExecutor(guard=Guard(run_id))
    executor.submit(request(run_id, tmp_path, "import time; time.sleep(0.5)"))
    end = time.monotonic() + 5
    while not (guards := guards_of(run_id)):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert b"hush" not in Path(f"/proc/{guards[0]}/environ").read_bytes()
    finish(executor)
    executor.close()


def test_a_guard_that_was_never_started_is_closed_quietly(run_id: str) -> None:
    guard = Guard(run_id)
    guard.watch(1)
    guard.close()
    guard.close()
    guard.start()
    assert guards_of(run_id) == []


def test_the_guard_listens_until_the_pipe_closes(tmp_path: Path) -> None:
    told = tmp_path / "told"
    groups: set[int] = set()
    told.write_bytes(b"+10\n+11\n-10\n")
    with told.open("rb") as pipe:
        assert not guard_process.listen(pipe, groups)
    assert groups == {11}
    told.write_bytes(b"bye\n+12\n")
    with told.open("rb") as pipe:
        assert guard_process.listen(pipe, groups)
    assert groups == {11}
