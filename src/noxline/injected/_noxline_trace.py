"""Write down what each test depends on: switch contexts of coverage, note the files that are read.

A context is a test ("t:"), an instance of a fixture of a wider scope ("f:"), the import of a file of the project
("i:"), the collection of a file ("c:"); everything else runs in "s". docs/decisions/0014-impact.md says what follows.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.machinery import SourceFileLoader
from typing import Any

import _noxline_lines as lines
from _noxline_reads import ASIDE, CONTEXT, Reads, is_text

FOLDER = "NOXLINE_TRACE"
_TRACER = "CTracer"
_VARIABLE = os.fsencode(CONTEXT)
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
        self._lines: Any = None
        if not self.refused:
            if context == "s":  # all of a child is one context
                path = os.path.join(folder, "%d%s" % (self._pid, lines.SUFFIX))
                self._lines = lines.lines_of(self._coverage, path, lambda: self._stack[-1], self.refuse)
            self._enter()
            for loader in (SourceFileLoader, _rewriting()) if context == "s" else ():
                self._watch_imports(loader)
            self.reads.begin()

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
        followed = self._leave()
        self._stack.append(context)
        if followed:
            self._enter()

    def pop(self) -> None:
        """Go back to the context before."""
        followed = self._leave()
        if len(self._stack) > 1:
            self._stack.pop()
        if followed:
            self._enter()

    def _leave(self) -> bool:
        """Take what was executed; tell whether it still matters what is."""
        if self.refused or os.getpid() != self._pid:
            return False
        if self._lines is not None:
            self._lines.take()
        return True

    def _enter(self) -> None:
        if not self.reads.parent:
            _let_children_know(self._stack[-1])
        if sys.gettrace() is not self._tracer:
            self.refuse("the tracer of coverage was replaced in %s" % self._stack[-1])
        elif self._lines is None:
            self._switch()

    def _switch(self) -> None:
        try:
            self._coverage.switch_context(self._stack[-1])
        except Exception as error:  # noqa: BLE001 - whatever coverage says, the tests go on
            self.refuse("coverage cannot switch contexts: %s" % error)

    def _hand_over(self) -> None:
        try:
            self._lines.hand_over()
        except Exception as error:  # noqa: BLE001 - coverage will say it itself when the tests are over
            self.refuse("coverage cannot write its data: %s" % error)

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

    def write(self, texts: dict[str, str] | None = None, **more: Any) -> None:
        """Leave what is known; `texts` are in JSON already."""
        if os.getpid() != self._pid:
            return
        if self._lines is not None:
            self._hand_over()
        found = {
            "refused": self.refused,
            "edges": [list(edge) for edge in self._edges],
            "reads": [list(read) for read in self.reads.seen],
            "open": self.reads.open,
            "started": self.reads.started,
            "started_by_others": self.reads.started_by_others,
            "native": _native(self.reads),
            "sought": sorted(
                {name.partition(".")[0] for name in filter(is_text, list(sys.modules))} | {*self.reads.sought}
            ),
            **more,
        }
        os.makedirs(self._folder, exist_ok=True)
        path = os.path.join(self._folder, "%d.json" % self._pid)
        with open(path + ".new", "wb") as stream:
            stream.write(_encoded(found)[:-1])
            stream.writelines((', "%s": %s' % one).encode("utf-8") for one in (texts or {}).items())
            stream.write(b"}")
        os.replace(path + ".new", path)


def _encoded(found: dict[str, Any]) -> bytes:
    """Return what is known in JSON; it can be told of nothing where a name is no text."""
    try:
        return json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        found = {**found, "refused": found["refused"] or "a name that plays a part is no text"}
        return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")


def _let_children_know(context: str) -> None:
    """Set the variable; without the checks of `os.environ` where it is what it always was, twice for each test."""
    data = getattr(os.environ, "_data", None)
    if type(data) is not dict or _VARIABLE not in data:
        os.environ[CONTEXT] = context
        return
    value = os.fsencode(context)
    os.putenv(_VARIABLE, value)
    data[_VARIABLE] = value


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
