"""Write down what each test depends on: switch contexts of coverage, note the files that are read.

A context is a test ("t:"), an instance of a fixture of a wider scope ("f:"), the import of a file of the project
("i:"), the collection of a file ("c:"); everything else runs in "s". docs/decisions/0014-impact.md says what follows.
"""

from __future__ import annotations

import json
import linecache
import os
import sys
from importlib.machinery import SourceFileLoader
from typing import Any

import pytest
from _noxline_reads import ASIDE, CONTEXT, Reads
from _noxline_state import State
from _noxline_watch import Watch, to_watch

FOLDER = "NOXLINE_TRACE"
_TRACER = "CTracer"
# What stands between an import and its importer, as the interpreter's own frames do: stack levels of warnings skip it.
_INTERNAL = "<frozen importlib._bootstrap_external>"


def begin() -> Trace | None:
    """Start to trace this process, when it is asked for; conftest files are imported after this."""
    folder = os.environ.get(FOLDER, "")
    return Trace(folder, "s") if folder else None


class Trace:
    """The contexts of one process, and what is known of each."""

    def __init__(self, folder: str, context: str) -> None:
        self._folder = folder
        self._pid = os.getpid()
        self._coverage = _running()
        self._tracer = sys.gettrace()
        self.refused = "" if self._coverage and type(self._tracer).__name__ == _TRACER else _why_not(self._tracer)
        self._stack = [context]
        self._edges: dict[tuple[str, str], None] = {}
        self.reads = Reads(lambda: self._stack[-1], self.refuse)
        if not self.refused:
            self._switch()
            for loader in (SourceFileLoader, _rewriting()) if context == "s" else ():  # all of a child is one context
                self._watch_imports(loader)
            sys.addaudithook(self.reads.hear)

    def refuse(self, reason: str) -> None:
        """Say why nothing can be told from this trace; the first reason stays."""
        self.refused = self.refused or reason

    def leave_to_workers(self) -> None:
        """Follow nothing here: what is started from now on traces itself."""
        self.refuse("the tests run in workers")
        os.environ.pop(CONTEXT, None)

    def hand_down(self, parent: str) -> None:
        """Let children of this process belong to the context in which it was started itself."""
        self.reads.parent = os.environ[CONTEXT] = parent

    def is_elsewhere(self) -> bool:
        """Tell whether this is a fork of the process that is traced."""
        return os.getpid() != self._pid

    def push(self, context: str) -> None:
        """Begin a context inside the current one."""
        self._stack.append(context)
        self._switch()

    def pop(self) -> None:
        """Go back to the context before."""
        if len(self._stack) > 1:
            self._stack.pop()
        self._switch()

    def _switch(self) -> None:
        if self.refused or os.getpid() != self._pid:
            return
        if not self.reads.parent:
            os.environ[CONTEXT] = self._stack[-1]
        if sys.gettrace() is not self._tracer:
            self.refuse("the tracer of coverage was replaced in %s" % self._stack[-1])
            return
        try:
            self._coverage.switch_context(self._stack[-1])
        except Exception as error:  # noqa: BLE001 - whatever coverage says, the tests go on
            self.refuse("coverage cannot switch contexts: %s" % error)

    def aside(self, look: Any) -> None:
        """Do something that the interpreter does not trace: in an audit hook, our own."""
        try:
            sys.audit(ASIDE, look)
        except Exception as error:  # noqa: BLE001 - another hook may refuse events that it does not know
            self.refuse("an audit hook refuses ours: %s" % error)

    def _watch_imports(self, loader: Any) -> None:
        trace, original = self, loader.exec_module

        def exec_module(loader: Any, module: Any) -> Any:
            inside = trace.imported(module)
            if not inside:
                return original(loader, module)
            trace.push(inside)
            try:
                return original(loader, module)
            finally:
                trace.pop()

        exec_module.__code__ = exec_module.__code__.replace(co_filename=_INTERNAL)
        loader.exec_module = exec_module

    def imported(self, module: Any) -> str:
        """Note who imports a file of the project; return the context of its import."""
        path: str = self.reads.inside(getattr(getattr(module, "__spec__", None), "origin", None))
        if not path:
            return ""
        importer = self.reads.asking(sys._getframe(2))[0]
        if not importer and self._stack[-1][:2] == "c:":  # pytest imports the file that it collects
            importer = self._stack[-1][2:]
        if importer or os.path.basename(path) != "conftest.py":  # what these are for is said by where they stand
            self._edges[importer, path] = None
        return "i:" + path

    def write(self, **more: Any) -> None:
        """Leave what is known."""
        if os.getpid() != self._pid:
            return
        found = {
            "refused": self.refused,
            "edges": [list(edge) for edge in self._edges],
            "reads": [list(read) for read in self.reads.seen],
            "open": self.reads.open,
            "started": self.reads.started,
            "native": _native(self.reads),
            "sought": sorted({name.partition(".")[0] for name in list(sys.modules)} | set(self.reads.sought)),
            **more,
        }
        os.makedirs(self._folder, exist_ok=True)
        path = os.path.join(self._folder, "%d.json" % self._pid)
        with open(path + ".new", "w", encoding="utf-8") as stream:
            json.dump(found, stream)
        os.replace(path + ".new", path)


def _running() -> Any:
    try:
        from coverage import Coverage
    except ImportError:
        return None
    return Coverage.current()


def _why_not(tracer: Any) -> str:
    """Return why nothing is recorded: other cores than the C tracer report only the first test of each line."""
    found = type(tracer).__name__ if tracer is not None else "no tracer"
    return "coverage does not measure with its C tracer (%s)" % found


def _rewriting() -> Any:
    from _pytest.assertion.rewrite import AssertionRewritingHook

    return AssertionRewritingHook


def _native(reads: Reads) -> list[str]:
    """Return the compiled modules that lie in the project."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    inside = (reads.inside(file) for file in files if isinstance(file, str) and file.endswith((".so", ".pyd")))
    return sorted(name for name in inside if name)


class TracePlugin:
    """Tells the trace where pytest is."""

    def __init__(self, trace: Trace, selector: Any) -> None:
        self._trace = trace
        self._selector = selector
        self._tests: dict[str, dict[str, Any]] = {}
        self._fixtures: dict[int, str] = {}  # by the fixture's definition: its instance that is alive
        self._needs: dict[str, list[str]] = {}
        self._state = State(trace.reads.inside, trace.refuse)
        self._watch = Watch(self._state.is_own, trace.reads.inside)
        self._count = 0
        self._lines = 0

    def _new(self, kind: str) -> str:
        self._count += 1
        return "%s:%d:%d" % (kind, os.getpid(), self._count)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Any:
        """Let what runs while a file is collected belong to that file."""
        file = self._trace.reads.inside(str(getattr(collector, "path", None) or getattr(collector, "fspath", "")))
        if not file or os.path.isdir(str(getattr(collector, "path", ""))):
            yield
            return
        self._trace.push("c:" + file)
        yield
        self._trace.pop()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> Any:
        """Look at what the project's names hold before the first test and after the last one."""
        files = {self._trace.reads.inside(str(_path(item))) for item in session.items}
        told = to_watch()
        self._trace.aside(lambda: self._watch.begin(told["places"], told["looked_up"]))
        self._trace.aside(lambda: self._state.begin(files, self._watch, told["stored"]))
        yield
        self._trace.aside(self._state.compare)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
        """Give the test a context of its own."""
        context, threads = self._new("t"), _threads()
        name = self._selector.name(item)
        if name in self._tests:
            self._trace.refuse("several tests are called %s, or one ran twice" % name)
        self._trace.push(context)
        yield
        self._trace.pop()
        self._forget_lines()
        if _threads() > threads:
            self._trace.refuse("a thread outlives %s" % name)
        units = [context, *dict.fromkeys(self._tests.get(name, {}).get("units", ()))]
        self._tests[name] = {"units": units, "file": self._trace.reads.inside(str(_path(item)))}
        # After the last test of a file its fixtures may have put back what its tests shared.
        look = nextitem is not None and _path(nextitem) == _path(item)
        self._trace.aside(lambda: (self._watch.after_test(name), self._state.after_test(name, look=look)))

    def _forget_lines(self) -> None:
        """Let each test that shows source read it for itself; pytest's reports of failures are among the readers."""
        kept = linecache.cache
        if len(kept) != self._lines:
            for name in [name for name in kept if name.endswith(".py") and self._trace.reads.inside(name)]:
                kept.pop(name, None)
            self._lines = len(kept)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: Any) -> Any:
        """Note which instances of shared fixtures the test used, before they go."""
        used = [self._fixtures[id(one)] for one in _active(item) if id(one) in self._fixtures]
        self._tests[self._selector.name(item)] = {"units": used}
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        """Give an instance of a shared fixture a context, for its set-up and for its teardown."""
        if fixturedef.scope == "function":
            yield
            return
        context, trace = self._new("f"), self._trace
        self._needs[context] = list(self._fixtures.values())  # what lives already, it may use
        fixturedef.addfinalizer(lambda: self._gone(fixturedef))  # runs last
        trace.push(context)
        yield
        trace.pop()
        self._fixtures[id(fixturedef)] = context
        fixturedef.addfinalizer(lambda: trace.push(context))  # runs first

    def _gone(self, fixturedef: Any) -> None:
        if self._fixtures.pop(id(fixturedef), None):
            self._trace.pop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Write what is known, early: a conftest may leave with os._exit from here."""
        selector = self._selector
        self._trace.write(
            tests=self._tests,
            fixtures=self._needs,
            reused=selector.reused,
            order=selector.order,
            moves=self._watch.moves(),
            changed=self._state.told(),
        )


def _active(item: Any) -> list[Any]:
    """Return the definitions of all fixtures that a test may have used."""
    static = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    dynamic = getattr(getattr(item, "_request", None), "_fixture_defs", {})
    return [*(one for chain in static.values() for one in chain), *dynamic.values()]


def _path(item: Any) -> Any:
    return getattr(item, "path", None) or getattr(item, "fspath", "")


def _threads() -> int:
    import _thread

    return int(_thread._count())
