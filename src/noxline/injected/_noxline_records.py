"""Write what a test process did, one JSON object a line, flushed so that a crash loses nothing."""

from __future__ import annotations

import json
import os
import platform
import time
from _thread import allocate_lock
from collections.abc import Mapping, MutableMapping
from io import FileIO

# Set while tests are being recorded, so that runs nested in them (child processes, pytester) do not count.
ACTIVE = "NOXLINE_RECORDING"
SCHEMA = 1
PLUGIN = "-p _noxline_pytest"
_MESSAGE_LIMIT = 20000
_RECENT = 0.005  # seconds
_SHORT = 0.002  # seconds: less than a process that has to wait waits


def wanted(environ: Mapping[str, str]) -> bool:
    """Tell whether a test run in this process is to be recorded."""
    return bool(environ.get("NOXLINE_OUTPUT") and environ.get("NOXLINE_RECORD") and not environ.get(ACTIVE))


def enable_plugin(environ: MutableMapping[str, str]) -> None:
    """Make the pytest that starts in this process load the plugin."""
    given = environ.get("PYTEST_ADDOPTS", "")
    if PLUGIN not in given:
        environ["PYTEST_ADDOPTS"] = f"{given} {PLUGIN}".strip()


def disable_plugin(environ: MutableMapping[str, str]) -> None:
    """Take back what `enable_plugin` did: runs nested in this one are not to load the plugin."""
    left = environ.get("PYTEST_ADDOPTS", "").replace(PLUGIN, "").strip()
    if left:
        environ["PYTEST_ADDOPTS"] = left
    else:
        environ.pop("PYTEST_ADDOPTS", None)


class Recorder:
    """The record of one test run; its file appears with the first line."""

    def __init__(self, runner: str, version: str, rootdir: str, args: list[str]) -> None:
        self._began = time.time()
        self._stream = _new_file(os.environ["NOXLINE_OUTPUT"])
        self._owner = os.getpid()
        self._held = ""
        self._lock = allocate_lock()  # tests may run in threads
        self._base = way_down(rootdir)
        os.environ[ACTIVE] = str(self._owner)
        self.write(
            event="start",
            schema=SCHEMA,
            runner=runner,
            version=version,
            python=platform.python_version(),
            implementation=platform.python_implementation(),
            rootdir=rootdir,
            args=args,
            pid=self._owner,
        )

    def write(self, **fields: object) -> None:
        """Append one line; a forked child that still holds the recorder writes nothing."""
        self._append(json.dumps(fields))

    def begin(self, name: str) -> None:
        """Name a test that starts, by its name in JSON."""
        self._append('{"event": "begin", "id": %s}' % name)

    def hold(self, line: str) -> None:
        """Append a line together with the next one, which is at hand when the next test starts: that costs less."""
        if os.getpid() == self._owner:
            with self._lock:
                self._held += line + "\n"

    def flush(self) -> None:
        """Write what is held."""
        self._append("")

    def _append(self, line: str) -> None:
        if os.getpid() == self._owner:
            with self._lock:
                content = ("%s%s\n" % (self._held, line) if line else self._held).encode("ascii")
                self._held = ""
                self._write(content)

    def _write(self, content: bytes) -> None:
        while content:  # as a rule all of it is written at once
            content = content[self._stream.write(content) :]

    def end(self, exit_code: int) -> None:
        """Say that the run came to its end; the last such line counts."""
        self.write(event="end", exit_code=int(exit_code), seconds=round(time.time() - self._began, 6))

    def close(self) -> None:
        """Let go of the file, and let the next run in this process be recorded."""
        if os.getpid() == self._owner:
            self.flush()
            self._stream.close()
            os.environ.pop(ACTIVE, None)

    def name(self, test: str) -> str:
        """Return a pytest id as seen from the project's root, whatever pytest's own root is."""
        return from_root(self._base, test)


def from_root(base: str, test: str) -> str:
    """Return a pytest id, or a path, as seen from the project's root; `base` is what `way_down` returns.

    >>> from_root("sub", "test_a.py::test_b")
    'sub/test_a.py::test_b'
    """
    test = storable(test)
    if not base and os.sep == "/":
        return test
    path, colons, rest = test.partition("::")
    if base:
        path = os.path.normpath(os.path.join(base, path))
    return path.replace(os.sep, "/") + colons + rest


def storable(text: str) -> str:
    """Return a text that can be stored anywhere: halves of characters are written as Python shows them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def shorten(message: str) -> str:
    """Return a message short enough for a record, its end kept: that is where the error stands."""
    message = storable(message)
    return message if len(message) <= _MESSAGE_LIMIT else "...\n" + message[-_MESSAGE_LIMIT:]


def relative_file(path: str) -> str:
    """Return a file as seen from the project's root, absolute when it lies outside."""
    root, full = _project_root(), os.path.realpath(path)
    return (full[len(root) + 1 :] if full.startswith(root + os.sep) else full).replace(os.sep, "/")


def way_down(rootdir: str) -> str:
    """Return the way from the project's root to `rootdir`; empty when they are the same or unrelated."""
    root, full = _project_root(), os.path.realpath(rootdir)
    if full.startswith(root + os.sep):
        return full[len(root) + 1 :]
    if root.startswith(full.rstrip(os.sep) + os.sep):  # pytest's root lies above: its ids lose the way down
        return os.path.relpath(full, root)
    return ""


class Clock:
    """Tells the seconds that a process lives, without those in which the machine was too busy to let it run.

    Linux counts the latter for the main thread; elsewhere they cannot be told apart.
    """

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/self/schedstat", os.O_RDONLY)
            os.register_at_fork(after_in_child=self._forget)
        except OSError:
            self._file = -1
        self._seen = time.perf_counter()  # when it was asked last how long the process waited, and what was said
        self._waited = self._waiting()

    def _forget(self) -> None:
        self._file = -1  # it would tell of the parent

    def now(self) -> float:
        """Return the seconds since some moment."""
        return time.perf_counter() - self._waiting()

    def begin(self) -> float:
        """Return a moment for `since`."""
        now = time.perf_counter()
        if now - self._seen > _RECENT:
            self._seen, self._waited = now, self._waiting()
        return now

    def since(self, began: float) -> float:
        """Return the seconds since then; to ask once how long the process waited is enough for what follows closely."""
        now = time.perf_counter()
        if now - began < _SHORT:
            return now - began
        waited = self._waiting()
        seconds = now - began - (waited - self._waited)
        self._seen, self._waited = now, waited
        return max(0.0, seconds)

    def _waiting(self) -> float:
        if self._file < 0:
            return 0.0
        try:
            return int(os.pread(self._file, 64, 0).split()[1]) / 1e9
        except (OSError, ValueError, IndexError):  # a test closed all files, and others got the number
            self._file = -1
            return 0.0


def state_folder() -> str:
    """Return the folder that noxline keeps in the project."""
    return os.path.join(_project_root(), ".noxline")


def _project_root() -> str:
    return os.path.realpath(os.environ.get("NOXLINE_ROOT") or os.getcwd())


def _new_file(output: str) -> FileIO:
    folder = os.path.join(output, "tests")
    os.makedirs(folder, exist_ok=True)
    number = 1
    while True:
        try:
            return open(os.path.join(folder, "%d-%d.jsonl" % (os.getpid(), number)), "xb", buffering=0)
        except FileExistsError:
            number += 1
