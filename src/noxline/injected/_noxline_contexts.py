"""Tell the trace (_noxline_trace.py) where pytest is: which test runs, which fixtures it uses, what is collected."""

from __future__ import annotations

import linecache
import os
import time
from _thread import _count
from collections.abc import Callable
from json import dumps
from typing import Any, TypeVar

import pytest
from _noxline_around import AROUND
from _noxline_state import State
from _noxline_trace import Trace
from _noxline_watch import Watch, to_watch

_Hook = TypeVar("_Hook")
_around: Callable[[_Hook], _Hook] = pytest.hookimpl(**AROUND, tryfirst=True)


class TracePlugin:
    """Tells the trace where pytest is."""

    def __init__(self, trace: Trace, selector: Any) -> None:
        self._trace = trace
        self._selector = selector
        self._tests: dict[str, tuple[str, ...]] = {}  # its file, its contexts
        self._fixtures: dict[int, str] = {}  # by the fixture's definition: its instance that is alive
        self._needs: dict[str, list[str]] = {}
        self._users: Any = None
        self._state = State(trace.reads.inside, trace.refuse)
        self._watch = Watch(self._state.is_own, trace.reads.inside)
        # Of the test that runs: its name, its context, the instances that it used, the threads before it.
        self._test = ""
        self._context = ""
        self._used: tuple[str, ...] = ()
        self._threads = 0
        self._path: Any = None  # of the last item, and what it is called in the project
        self._name = ""
        self._pid = os.getpid()
        self._count = 0
        self._lines = 0

    def _new(self, kind: str) -> str:
        self._count += 1
        return "%s:%d:%d" % (kind, self._pid, self._count)

    @_around
    def pytest_make_collect_report(self, collector: Any) -> Any:
        """Let what runs while a file is collected belong to that file."""
        file = self._trace.reads.inside(str(_path(collector)))
        if not file or os.path.isdir(str(_path(collector))):
            return (yield)
        self._trace.push("c:" + file)
        try:
            return (yield)
        finally:
            self._trace.pop()

    @_around
    def pytest_runtestloop(self, session: Any) -> Any:
        """Look at what the project's names hold before the first test and after the last one."""
        files = {self._file(item) for item in session.items}
        told, count = to_watch(), len(session.items)
        self._trace.aside(lambda: self._watch.begin(told["places"], told["looked_up"]))
        self._trace.aside(lambda: self._state.begin(files, self._watch, told["stored"], count))
        try:
            return (yield)
        finally:
            self._trace.aside(self._state.compare)

    def begin(self, item: Any) -> None:
        """Give the test a context of its own."""
        name = self._selector.name(item)
        if name in self._tests:
            self._trace.refuse("several tests are called %s, or one ran twice" % name)
        self._forget_lines()  # what was read while tests were collected
        self._test, self._context, self._threads, self._used = name, self._new("t"), _count(), ()
        self._trace.push(self._context)

    def end(self, item: Any, nextitem: Any) -> None:
        """Go back to the context before; look at what the test left."""
        self._trace.pop()
        name, file = self._test, self._file(item)
        if _count() > self._threads:
            self._trace.refuse("a thread outlives %s" % name)
        self._tests[name] = (file, self._context, *self._used)  # of texts alone: garbage collection skips it
        self._forget_lines()
        # After the last test of a file its fixtures may have put back what its tests shared.
        now = time.process_time()
        self._watch.after_test(name, now)
        self._state.after_test(name, now, look=nextitem is not None and _path(nextitem) == _path(item))

    def _file(self, item: Any) -> str:
        path = _path(item)
        if path is not self._path:  # items of a file hold the same object
            self._path, self._name = path, self._trace.reads.inside(str(path))
        return self._name

    def _forget_lines(self) -> None:
        """Let each test that shows source read it for itself; pytest's reports of failures are among the readers."""
        kept = linecache.cache
        if len(kept) == self._lines:
            return
        for name in [name for name in kept if name.endswith(".py") and self._trace.reads.inside(name)]:
            kept.pop(name, None)
        self._lines = len(kept)

    def use_fixtures(self, item: Any) -> None:
        """Note which instances of shared fixtures the test used, before they go."""
        if self._fixtures:
            found = (self._fixtures.get(id(one)) for one in _active(item))
            self._used = tuple(dict.fromkeys(context for context in found if context))

    def begin_fixture(self, fixturedef: Any, plugins: Any) -> str:
        """Give an instance of a shared fixture a context, for its set-up and for its teardown; return it."""
        if self._users is None:  # only now there is something to hear of
            self._users = _Users(self)
            plugins.register(self._users, "noxline-users")
        context = self._new("f")
        self._needs[context] = list(self._fixtures.values())  # what lives already, it may use
        fixturedef.addfinalizer(lambda: self._gone(fixturedef))  # runs last
        self._trace.push(context)
        return context

    def end_fixture(self, fixturedef: Any, context: str) -> None:
        """Take notice that it is set up."""
        self._trace.pop()
        self._fixtures[id(fixturedef)] = context
        fixturedef.addfinalizer(lambda: self._trace.push(context))  # runs first

    def _gone(self, fixturedef: Any) -> None:
        if self._fixtures.pop(id(fixturedef), None):
            self._trace.pop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Write what is known, early: a conftest may leave with os._exit from here."""
        selector = self._selector
        self._trace.write(
            {"tests": _told(self._tests)},
            fixtures=self._needs,
            reused=selector.reused,
            order=selector.order,
            moves=self._watch.moves(),
            changed=self._state.told(),
        )


class _Users:
    """Hears when the fixtures of a test are about to go."""

    def __init__(self, plugin: TracePlugin) -> None:
        self._plugin = plugin

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: Any) -> None:
        """Note which shared fixtures the test used."""
        self._plugin.use_fixtures(item)


def _told(tests: dict[str, tuple[str, ...]]) -> str:
    """Return what is known of each test in JSON; objects for all of them would keep garbage collection busy."""
    files = {file: dumps(file) for file, *_ in tests.values()}
    told = (
        '%s: {"units": %s, "file": %s}' % (dumps(name), dumps(units), files[file])
        for name, (file, *units) in tests.items()
    )
    return "{%s}" % ", ".join(told)


def _active(item: Any) -> list[Any]:
    """Return the definitions of all fixtures that a test may have used."""
    static = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    dynamic = getattr(getattr(item, "_request", None), "_fixture_defs", {})
    return [*(one for chain in static.values() for one in chain), *dynamic.values()]


def _path(item: Any) -> Any:
    return getattr(item, "path", None) or getattr(item, "fspath", "")
