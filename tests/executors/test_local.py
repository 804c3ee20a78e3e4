"""Real processes: outputs, ends, timeouts, strays."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from noxline.executors import task_run
from noxline.executors.local import LocalExecutor
from noxline.model.task import Cause, Outcome, Status, TaskRequest
from noxline.ports import Finished, Message, Output, Prepared

pytestmark = [pytest.mark.process, pytest.mark.skipif(os.name != "posix", reason="process groups of POSIX")]


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    executor = LocalExecutor()
    yield executor
    executor.close()


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", textwrap.dedent(code))


def request(folder: Path, code: str = "", **changes: Any) -> TaskRequest:
    arguments: dict[str, Any] = {
        "task": "tests",
        "argv": python(code),
        "directory": folder,
        "environ": dict(os.environ),
        "log": folder / "log.txt",
        "output": folder / "output",
    }
    return TaskRequest(**{**arguments, **changes})


def until(
    executor: LocalExecutor, done: Callable[[list[Message]], bool], *, limit: float = 20.0, proceed: bool = True
) -> list[Message]:
    """Collect messages until the condition holds for them; prepared tasks may proceed at once, with three CPUs."""
    messages: list[Message] = []
    end = time.monotonic() + limit
    while not done(messages):
        assert time.monotonic() < end, f"nothing more came after {messages}"
        new = executor.wait(0.5)
        messages += new
        for message in new:
            if isinstance(message, Prepared) and proceed:
                executor.proceed(message.task, 3)
    return messages


def finished(messages: list[Message]) -> bool:
    return any(isinstance(message, Finished) for message in messages)


def ended(executor: LocalExecutor, order: TaskRequest) -> tuple[Outcome, list[str], list[Message]]:
    executor.submit(order)
    messages = until(executor, finished)
    lines = [line for message in messages if isinstance(message, Output) for line in message.lines]
    last = messages[-1]
    assert isinstance(last, Finished)
    return last.outcome, lines, messages


def prepared(messages: list[Message]) -> bool:
    return any(isinstance(message, Prepared) for message in messages)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(pid: int, limit: float = 3.0) -> bool:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if is_gone(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_task_that_passes(executor: LocalExecutor, tmp_path: Path) -> None:
    code = """
        import os, sys
        print("to the output", flush=True)
        print("to the errors", file=sys.stderr, flush=True)
        print(repr(sys.stdin.read()), os.getpgid(0) == os.getpid(), os.environ["MARK"])
    """
    outcome, lines, _ = ended(executor, request(tmp_path, code, environ={"MARK": "größer"}))
    assert (outcome.status, outcome.exit_code, outcome.cause) == (Status.PASSED, 0, Cause.NONE)
    assert lines == ["to the output", "to the errors", "'' True größer"]
    assert (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines() == lines
    assert outcome.output == tmp_path / "output"
    assert (tmp_path / "output").is_dir()
    assert 0 < outcome.seconds < 10


def test_a_task_that_says_no(executor: LocalExecutor, tmp_path: Path) -> None:
    outcome, _, _ = ended(executor, request(tmp_path, "raise SystemExit(7)"))
    assert (outcome.status, outcome.exit_code, outcome.cause) == (Status.FAILED, 7, Cause.EXIT)


def test_the_output_folder_is_empty_at_the_start(executor: LocalExecutor, tmp_path: Path) -> None:
    (tmp_path / "output" / "old").mkdir(parents=True)
    _, lines, _ = ended(executor, request(tmp_path, "import os; print(os.listdir('output'))"))
    assert lines == ["[]"]


def test_both_commands_in_their_order(executor: LocalExecutor, tmp_path: Path) -> None:
    order = request(tmp_path, "print('work')", prepare=python("print('no line end', end='')"))
    outcome, lines, messages = ended(executor, order)
    assert outcome.status is Status.PASSED
    assert lines == ["no line end", "work"]
    kinds = [type(message) for message in messages]
    assert kinds == [Output, Prepared, Output, Finished]
    assert isinstance(messages[1], Prepared)
    assert messages[1].seconds == outcome.setup_seconds
    assert 0 < outcome.setup_seconds < outcome.seconds


def test_an_environment_that_cannot_be_made(executor: LocalExecutor, tmp_path: Path) -> None:
    order = request(tmp_path, "print('never')", prepare=python("print('no such package'); raise SystemExit(2)"))
    outcome, lines, messages = ended(executor, order)
    assert (outcome.status, outcome.exit_code, outcome.cause) == (Status.FAILED, 2, Cause.SETUP)
    assert outcome.reason == "its environment could not be made"
    assert lines == ["no such package"]
    assert not any(isinstance(message, Prepared) for message in messages)


@pytest.mark.parametrize("which", ["argv", "prepare"])
def test_a_command_that_cannot_be_started(executor: LocalExecutor, tmp_path: Path, which: str) -> None:
    outcome, _, _ = ended(executor, request(tmp_path, "", **{which: ("no-such-program",)}))
    assert (outcome.status, outcome.exit_code, outcome.cause) == (Status.FAILED, None, Cause.START)
    assert outcome.reason.startswith("cannot start no-such-program: ")


def test_a_folder_that_is_not_there(executor: LocalExecutor, tmp_path: Path) -> None:
    outcome, _, _ = ended(executor, request(tmp_path, directory=tmp_path / "gone"))
    assert outcome.cause is Cause.START
    assert "gone" in outcome.reason


def test_no_end_in_time(executor: LocalExecutor, tmp_path: Path) -> None:
    code = "import time; print('begun', flush=True); time.sleep(60)"
    outcome, lines, _ = ended(executor, request(tmp_path, code, timeout=0.5))
    assert (outcome.status, outcome.cause, outcome.reason) == (Status.FAILED, Cause.TIMEOUT, "no end after 0.5 s")
    assert lines == ["begun"]
    assert outcome.seconds < 2


def test_the_time_for_preparing_does_not_count(executor: LocalExecutor, tmp_path: Path) -> None:
    order = request(tmp_path, "", prepare=python("import time; time.sleep(0.7)"), timeout=0.6)
    assert ended(executor, order)[0].status is Status.PASSED


def test_a_process_that_will_not_end_is_killed(
    executor: LocalExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
        import signal, time
        signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
        print("begun", flush=True)
        while True: time.sleep(1)
    """
    outcome, lines, _ = ended(executor, request(tmp_path, code, timeout=0.5))
    assert outcome.cause is Cause.TIMEOUT
    assert outcome.exit_code == -signal.SIGKILL
    assert lines == ["begun", "not yet"]
    assert 2 <= outcome.seconds < 5


def test_killed_from_outside(executor: LocalExecutor, tmp_path: Path) -> None:
    outcome, _, _ = ended(executor, request(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert (outcome.status, outcome.cause, outcome.reason) == (Status.FAILED, Cause.SIGNAL, "killed by SIGSEGV")


def test_a_megabyte_of_errors_does_not_block(executor: LocalExecutor, tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('e' * 1_000_000); sys.stderr.write('\\nend\\n')"
    outcome, lines, _ = ended(executor, request(tmp_path, code))
    assert outcome.status is Status.PASSED
    assert sum(map(len, lines)) == 1_000_003
    assert lines[-1] == "end"


def test_more_output_than_anybody_reads_waits_and_is_not_lost(executor: LocalExecutor, tmp_path: Path) -> None:
    executor.submit(request(tmp_path, "for number in range(300_000): print(number)"))
    time.sleep(1)  # nobody fetches anything meanwhile
    messages = until(executor, finished)
    lines = [line for message in messages if isinstance(message, Output) for line in message.lines]
    assert lines == [str(number) for number in range(300_000)]


def test_lines_are_masked_everywhere(tmp_path: Path) -> None:
    executor = LocalExecutor(mask=lambda line: line.replace("hunter2", "***"))
    _, lines, _ = ended(executor, request(tmp_path, "print('password hunter2')"))
    assert lines == ["password ***"]
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == "password ***\n"


def test_a_line_is_seen_while_the_task_goes_on(executor: LocalExecutor, tmp_path: Path) -> None:
    executor.submit(request(tmp_path, "import time; print('one', flush=True); time.sleep(30)"))
    messages = until(executor, bool, limit=5)
    assert messages == [Output(task="tests", lines=("one",))]


def test_cancelled(executor: LocalExecutor, tmp_path: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    executor.submit(request(tmp_path / "a", code, task="a", directory=tmp_path))
    executor.submit(request(tmp_path / "b", code, task="b", directory=tmp_path))
    both = until(executor, lambda messages: len(messages) == 2)
    pids = {message.task: int(message.lines[0]) for message in both if isinstance(message, Output)}
    executor.cancel(["a"])
    (first,) = until(executor, finished)
    assert isinstance(first, Finished)
    assert (first.outcome.task, first.outcome.status) == ("a", Status.CANCELLED)
    assert is_gone(pids["a"])
    assert not is_gone(pids["b"])
    executor.cancel()
    until(executor, finished)
    assert is_gone(pids["b"])


def test_cancelled_while_it_prepares(executor: LocalExecutor, tmp_path: Path) -> None:
    prepare = python("import time; print('slow', flush=True); time.sleep(60)")
    executor.submit(request(tmp_path, "print('never')", prepare=prepare))
    until(executor, bool)
    executor.cancel()
    (last,) = until(executor, finished)
    assert isinstance(last, Finished)
    assert last.outcome.status is Status.CANCELLED


def test_close_kills_at_once_what_does_not_want_to_end(tmp_path: Path) -> None:
    executor = LocalExecutor()
    code = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid(), flush=True)
        time.sleep(60)
    """
    executor.submit(request(tmp_path, code))
    (message,) = until(executor, bool)
    assert isinstance(message, Output)
    begun = time.monotonic()
    executor.close()
    executor.close()
    assert time.monotonic() - begun < 20
    assert is_gone(int(message.lines[0]))


@pytest.mark.parametrize("kind", ["in the group", "in a session of its own"])
def test_a_grandchild_that_holds_the_pipe_does_not_hold_the_run(
    executor: LocalExecutor, tmp_path: Path, kind: str
) -> None:
    code = f"""
        import subprocess, sys
        child = [sys.executable, "-S", "-c", "import time; time.sleep(30)"]
        print(subprocess.Popen(child, start_new_session={kind != "in the group"}).pid, flush=True)
    """
    outcome, lines, _ = ended(executor, request(tmp_path, code))
    assert outcome.status is Status.PASSED
    assert outcome.seconds < 5
    pid = int(lines[0])
    if kind == "in the group":
        assert wait_until_gone(pid)
    else:
        os.kill(pid, signal.SIGKILL)  # without a guard nobody looks for it


def test_a_grandchild_that_floods_the_pipe_does_not_hold_the_run(executor: LocalExecutor, tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-S", "-c", "while True: print('x' * 100)"])
    """
    outcome, _, _ = ended(executor, request(tmp_path, code))
    assert outcome.status is Status.PASSED
    assert outcome.seconds < 8


def test_a_process_that_closes_its_outputs_is_still_waited_for(executor: LocalExecutor, tmp_path: Path) -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(0.4); os._exit(5)"
    outcome, _, _ = ended(executor, request(tmp_path, code))
    assert outcome.exit_code == 5


def test_the_cpu_time_of_children_counts(executor: LocalExecutor, tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {burn!r}])"
    outcome, _, _ = ended(executor, request(tmp_path, code, prepare=python(burn)))
    assert 0.8 <= outcome.cpu_seconds < 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a thing of Linux")
def test_a_full_disk_is_a_warning(executor: LocalExecutor, tmp_path: Path) -> None:
    outcome, lines, _ = ended(executor, request(tmp_path, "print('one')", log=Path("/dev/full")))
    assert outcome.status is Status.PASSED
    assert lines == ["one"]
    assert outcome.warnings == ("the log is not complete: [Errno 28] No space left on device",)


def test_an_output_folder_that_cannot_be_made_fails_the_task(executor: LocalExecutor, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome, _, _ = ended(executor, request(tmp_path, output=tmp_path / "file" / "output"))
    assert outcome.cause is Cause.START
    assert outcome.reason.startswith("cannot make its output folder: ")


ANNOUNCING = """
    import os, sys, time
    gate = os.environ["GATE"]
    print("installing", flush=True)
    time.sleep(0.3)
    open(gate + "/prepared", "w").close()
    while not os.path.exists(gate + "/go"):
        time.sleep(0.01)
    print("work", open(gate + "/go").read(), flush=True)
    time.sleep(float(sys.argv[1]))
"""


def announcing(folder: Path, seconds: float, **changes: Any) -> TaskRequest:
    """Return a request for one command that prepares, waits at its gate, and then works for some seconds."""
    gate = folder / "gate"
    argv = (*python(ANNOUNCING), str(seconds))
    return request(folder, argv=argv, gate=gate, environ={"GATE": str(gate)}, cpu_variables=("CPUS",), **changes)


@pytest.fixture(params=["two commands", "one command"])
def order(request: pytest.FixtureRequest, tmp_path: Path) -> TaskRequest:
    """Return a request that prepares for 0.3 s and then works for 0.3 s, in either of the two forms."""
    if request.param == "one command":
        return announcing(tmp_path, 0.3, timeout=2.0)
    code = "import json, os, time; print('work', json.dumps({'CPUS': os.environ['CPUS']}), flush=True); time.sleep(0.3)"
    return TaskRequest(
        task="tests",
        argv=python(code),
        prepare=python("import time; print('installing', flush=True); time.sleep(0.3)"),
        directory=tmp_path,
        environ={"CPUS": "1"},
        cpu_variables=("CPUS",),
        log=tmp_path / "log.txt",
        output=tmp_path / "output",
        timeout=2.0,
    )


def test_a_prepared_task_waits_until_it_may_proceed(executor: LocalExecutor, order: TaskRequest) -> None:
    executor.submit(order)
    messages = until(executor, prepared, proceed=False)
    assert messages[0] == Output(task="tests", lines=("installing",))
    for _ in range(5):  # longer than its timeout, which counts its own work alone
        assert not executor.wait(0.5)
    executor.proceed("tests", 2)
    said, end = until(executor, finished)
    assert said == Output(task="tests", lines=('work {"CPUS": "2"}',))
    assert isinstance(end, Finished)
    outcome = end.outcome
    assert outcome.status is Status.PASSED
    assert outcome.setup_seconds >= 0.3
    assert outcome.waited_seconds > 2.4
    assert outcome.setup_seconds + 0.3 <= outcome.seconds
    assert not (order.directory / "gate").exists()


def test_cancelled_at_the_gate(executor: LocalExecutor, order: TaskRequest) -> None:
    executor.submit(order)
    until(executor, prepared, proceed=False)
    begun = time.monotonic()
    executor.cancel()
    messages = until(executor, finished)
    assert time.monotonic() - begun < 20
    (end,) = messages
    assert isinstance(end, Finished)
    assert end.outcome.status is Status.CANCELLED


def test_close_ends_what_waits_at_the_gate(order: TaskRequest) -> None:
    executor = LocalExecutor()
    executor.submit(order)
    until(executor, prepared, proceed=False)
    executor.close()
    assert finished(list(executor.wait(0)))


def test_the_timeout_counts_from_the_gate(executor: LocalExecutor, tmp_path: Path) -> None:
    outcome, lines, _ = ended(executor, announcing(tmp_path, 60, timeout=0.2))
    assert (outcome.cause, outcome.reason) == (Cause.TIMEOUT, "no end after 0.2 s")
    assert lines == ["installing", 'work {"CPUS": "3"}']


def test_a_command_with_a_gate_may_end_without_coming_to_it(executor: LocalExecutor, tmp_path: Path) -> None:
    outcome, _, messages = ended(executor, request(tmp_path, "raise SystemExit(4)", gate=tmp_path / "gate"))
    assert (outcome.exit_code, outcome.setup_seconds, outcome.waited_seconds) == (4, 0.0, 0.0)
    assert not prepared(messages)


def test_a_gate_that_cannot_be_opened_fails_the_task(executor: LocalExecutor, tmp_path: Path) -> None:
    code = """
        import os, time
        os.mkdir("gate/.go")  # in the way of what the executor writes
        open("gate/prepared", "w").close()
        time.sleep(60)
    """
    outcome, _, _ = ended(executor, request(tmp_path, code, gate=tmp_path / "gate"))
    assert (outcome.status, outcome.cause) == (Status.FAILED, Cause.START)
    assert outcome.reason.startswith("cannot tell it to go on: ")


def test_what_is_over_or_unknown_cannot_proceed(executor: LocalExecutor, tmp_path: Path) -> None:
    ended(executor, request(tmp_path))
    executor.proceed("tests", 1)
    executor.proceed("nothing", 1)


def test_waiting_for_nothing_returns_at_once(executor: LocalExecutor) -> None:
    assert not executor.wait()


def test_durations_for_people() -> None:
    import doctest

    assert doctest.testmod(task_run).failed == 0


class BrokenGuard:
    """A guard with a bug in it."""

    def start(self) -> None:
        """Start nothing."""

    def watch(self, group: int) -> None:
        raise ZeroDivisionError(f"a bug while {group} starts")

    def close(self) -> None:
        """Close nothing."""


def test_a_bug_of_noxline_in_a_tasks_thread_is_raised_and_is_no_verdict_on_the_task(tmp_path: Path) -> None:
    broken = LocalExecutor(guard=BrokenGuard())  # type: ignore[arg-type]  # its other methods are never reached
    broken.submit(request(tmp_path, "print('hello')"))
    with pytest.raises(ZeroDivisionError, match="a bug while"):
        until(broken, finished)
    broken.close()
