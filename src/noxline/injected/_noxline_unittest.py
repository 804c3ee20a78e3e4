"""Record what `unittest` runs, by watching the outermost test suite; `install` is called once per process."""

from __future__ import annotations

import functools
import os
import platform
import sys
import traceback
import unittest
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import _noxline_records as records
import _noxline_shards as shards
from _noxline_split import digest

_RANK = ("passed", "skipped", "failed", "error")  # the worst that a result hears of a test is its outcome


def install() -> None:
    """Make the outermost suite of each run in this process record itself, whatever runner starts it."""
    original = unittest.TestSuite.run

    @functools.wraps(original)
    def run(self: unittest.TestSuite, result: Any, debug: Any = False) -> Any:  # noqa: FBT002 - unittest's signature
        if debug or not records.wanted(os.environ):
            return original(self, result, debug)
        return _record(self, result, functools.partial(original, self))

    unittest.TestSuite.run = run  # type: ignore[method-assign] # the one place that every runner passes


def _record(suite: unittest.TestSuite, result: Any, run: Callable[[Any], Any]) -> Any:
    names = Names(suite)
    selected = _selected(names.all)
    record = records.Recorder("unittest", platform.python_version(), os.getcwd(), sys.argv[1:])
    record.write(
        event="collected",
        ids=selected,
        deselected=0,
        total=len(names.all),
        universe=digest(names.all),
        files=sorted(names.files),
    )
    if len(selected) < len(names.all):
        mine = set(selected)
        _keep(suite, lambda test: names.of(test) in mine)
    listener = Listener(record, names)
    listener.attach(result)
    try:
        returned = run(result)
        record.end(0 if result.wasSuccessful() else 1)
    finally:
        listener.detach(result)
        record.close()
    return returned


class Names:
    """The ids of all tests of a suite; a test that is there twice counts twice, so its id gets a number then.

    Only those doubles are kept alive: unittest lets go of each test once it ran, and tests rely on that.
    """

    def __init__(self, suite: unittest.TestSuite) -> None:
        self.all: list[str] = []
        self.files: set[str] = set()
        self._doubles: dict[int, tuple[Any, str]] = {}
        times: dict[str, int] = {}
        for test in _tests(suite):
            name = _id(test)
            times[name] = times.get(name, 0) + 1
            if times[name] > 1:
                name = f"{name}#{times[name]}"
                self._doubles[id(test)] = (test, name)
            self.all.append(name)
            self.files.update(_files(test))

    def of(self, test: Any) -> str:
        """Return the id of a test."""
        double = self._doubles.get(id(test))
        return double[1] if double is not None and double[0] is test else _id(test)


def _tests(suite: Any) -> Iterator[Any]:
    if not hasattr(suite, "__iter__"):
        yield suite
        return
    for part in suite:
        yield from _tests(part)


def _id(test: Any) -> str:
    """Return the test's id; scripts that run one after another all call their module `__main__`."""
    name = str(test.id()) if hasattr(test, "id") else str(test)
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if not script or not name.startswith("__main__."):
        return name
    module: str = os.path.splitext(records.relative_file(script))[0].replace("/", ".")
    return module + name[len("__main__") :]


def _files(test: Any) -> Iterator[str]:
    """Yield the file a test comes from, relative to the project's root."""
    module = type(test).__module__
    if module == "unittest.loader":  # stands for a module that skips itself, or that cannot be imported
        path = _source(test.id().split(".", 3)[-1])
    else:
        path = None if module.startswith("unittest.") else getattr(sys.modules.get(module), "__file__", None)
    doctest = getattr(test, "_dt_test", None)
    path = getattr(doctest, "filename", path)
    if path:
        yield records.relative_file(path)


def _source(module: str) -> str | None:
    """Return the file that a module would be imported from, as discovery leaves the search path."""
    ways = (os.path.join(folder, *module.split(".")) + ".py" for folder in sys.path)
    return next((path for path in ways if os.path.isfile(path)), None)


def _selected(names: list[str]) -> list[str]:
    mine = shards.mine(names, {}, os.environ)
    return [name for name in names if name in mine]


def _keep(suite: Any, wanted: Callable[[Any], bool]) -> None:
    """Take the other tests out of the suite, in place: its nesting decides when class fixtures run."""
    suite._tests = [part for part in suite._tests if hasattr(part, "__iter__") or wanted(part)]
    for part in suite._tests:
        if hasattr(part, "__iter__"):
            _keep(part, wanted)


class Listener:
    """Hears what a result is told, and writes a record for each test."""

    _EVENTS = (
        "startTest",
        "stopTest",
        "addSuccess",
        "addError",
        "addFailure",
        "addSkip",
        "addExpectedFailure",
        "addUnexpectedSuccess",
        "addSubTest",
    )

    def __init__(self, record: records.Recorder, names: Names) -> None:
        self.record = record
        self.names = names
        self._began = 0.0
        self._running = ""
        self._heard: list[tuple[str, str, bool]] = []

    def attach(self, result: Any) -> None:
        """Listen to a result; what it does and returns stays the same."""
        for name in self._EVENTS:
            if hasattr(result, name):
                setattr(result, name, self._listening(getattr(result, name), getattr(self, name)))

    def detach(self, result: Any) -> None:
        """Leave the result as it was."""
        for name in self._EVENTS:
            vars(result).pop(name, None)

    @staticmethod
    def _listening(method: Callable[..., Any], hear: Callable[..., None]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            hear(*args, **kwargs)
            return method(*args, **kwargs)

        return call

    def startTest(self, test: Any) -> None:  # noqa: N802 - unittest's name
        """Name the test that starts."""
        self._heard = []
        self._running = self.names.of(test)
        self._began = perf_counter()
        self.record.write(event="begin", id=self._running)

    def stopTest(self, test: Any) -> None:  # noqa: N802
        """Record the test; one that nothing was heard of did not pass."""
        outcome, message, xfail = max(
            self._heard or [("error", "unittest reported no outcome", False)], key=lambda heard: _RANK.index(heard[0])
        )
        self._write(self._running, outcome, message, xfail=xfail, test=test)
        self._running = ""

    def _hear(self, test: Any, outcome: str, message: str = "", *, xfail: bool = False) -> None:
        if self._running:
            self._heard.append((outcome, message, xfail))
        else:  # a fixture of a class or a module: unittest counts what happens there by itself
            self._write(_id(test), outcome, message, test=None)

    def _write(self, name: str, outcome: str, message: str, *, test: Any, xfail: bool = False) -> None:
        seconds = perf_counter() - self._began if test is not None else 0.0
        optional = {"message": records.shorten(message), "xfail": xfail, "file": next(_files(test), "") if test else ""}
        filled = {key: value for key, value in optional.items() if value}
        self.record.write(event="test", id=name, outcome=outcome, seconds=round(seconds, 6), **filled)

    def addSuccess(self, test: Any) -> None:  # noqa: N802
        """Hear that a test passed."""
        self._hear(test, "passed")

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        """Hear that a test, or a fixture, broke."""
        self._hear(test, "error", _text(err))

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        """Hear that a test failed."""
        self._hear(test, "failed", _text(err))

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        """Hear that a test, or a part of it, was skipped."""
        self._hear(test, "skipped", reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        """Hear that a test failed as it should."""
        self._hear(test, "skipped", _text(err), xfail=True)

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        """Hear that a test passed that should not."""
        self._hear(test, "failed", "unexpected success")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        """Hear of a subtest; one that fails fails its test."""
        if err is not None:
            failure = issubclass(err[0], test.failureException)
            self._hear(test, "failed" if failure else "error", f"{subtest}\n{_text(err)}")


def _text(err: Any) -> str:
    return "".join(traceback.format_exception(*err)) if isinstance(err, tuple) else str(err)
