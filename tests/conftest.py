"""Rules for all tests: unit tests start no process, and a missing real component fails where one is demanded."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason for a property to fail: examples are bounded by number, never by time.
settings.register_profile("noxline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noxline")

_STARTS_A_PROCESS = frozenset({"subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec"})
_guard = {"on": False}


def _refuse_processes(event: str, _args: tuple[object, ...]) -> None:
    if _guard["on"] and event in _STARTS_A_PROCESS:
        raise RuntimeError(f"a unit test tried to start a process ({event}); mark it with @pytest.mark.process")


sys.addaudithook(_refuse_processes)


@pytest.fixture(autouse=True)
def _only_marked_tests_start_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    marked = any(request.node.get_closest_marker(name) for name in ("process", "corpus"))
    _guard["on"] = not marked
    yield
    _guard["on"] = False


@pytest.fixture(autouse=True, scope="session")
def _children_take_signals() -> Iterator[None]:
    """Take what is ignored here, for children inherit that: hang-ups under `nohup`, interrupts in a job of a script."""
    ignored = [] if sys.platform == "win32" else [signal.SIGHUP, signal.SIGINT]
    ignored = [one for one in ignored if signal.getsignal(one) is signal.SIG_IGN]
    for one in ignored:
        signal.signal(one, lambda *_: None)
    yield
    for one in ignored:
        signal.signal(one, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def _no_variables_of_an_outer_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what noxline gave this very test run, or a test would believe that it is a task."""
    for name in list(os.environ):
        if name.startswith("NOXLINE_") and name != "NOXLINE_REQUIRE_COMPONENTS":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def real_component() -> object:
    """Return a function that gives the path of a program, skips without it, and fails where CI demands it."""

    def find(*names: str) -> str:
        for name in names:
            found = shutil.which(name)
            if found:
                return found
        message = f"{names[0]} is not installed"
        if os.environ.get("NOXLINE_REQUIRE_COMPONENTS"):
            pytest.fail(f"{message}, and this run demands it")
        pytest.skip(message)

    return find
