"""Hear which files of the project are read or listed, and what cannot be followed: child processes, other tracers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_SKIPPED = frozenset({".noxline", ".git", ".hg", ".nox", ".tox", ".venv", "venv"})
_CACHES = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"})
_WRITING = os.O_WRONLY | os.O_RDWR
_PROCESSES = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
_TRACERS = frozenset({"sys.settrace", "sys.setprofile"})
# Whoever reads a module through these imports it; that is told apart from reading it as data.
_IMPORTING = ("<frozen importlib", "<frozen zipimport", os.path.join("_pytest", "assertion", "rewrite.py"))
# Between the one who reads and the call that opens.
_BETWEEN = ("pathlib", "codecs", "tokenize.py")
_COVERAGE = os.sep + "coverage" + os.sep
_COLLECTING = (
    *(os.path.join("_pytest", name) for name in ("main.py", "pathlib.py", "python.py", "nodes.py")),
    os.path.join("_pytest", "config", "__init__.py"),
)


class Reads:
    """What was read in each context, by which code of the project."""

    def __init__(self, context: Callable[[], str], refuse: Callable[[str], None]) -> None:
        self._context = context
        self._refuse = refuse
        root = os.environ.get("NOXLINE_ROOT") or os.getcwd()
        self._prefixes = tuple({os.path.join(os.path.abspath(root), ""), os.path.join(os.path.realpath(root), "")})
        self._here = os.path.dirname(os.path.abspath(__file__)) + os.sep
        # (context, kind, path, file and line of the code that asked); kinds: R read, L listed
        self.seen: dict[tuple[str, str, str, str, int], None] = {}
        self.open: dict[str, str] = {}
        self._pid = os.getpid()

    def inside(self, path: Any) -> str:
        """Return a path as seen from the project's root; empty for one that does not count."""
        if path is None or isinstance(path, int):
            return ""
        full = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))
        for prefix in self._prefixes:
            if full.startswith(prefix):
                name = full[len(prefix) :].replace(os.sep, "/")
                parts = name.split("/")
                return "" if parts[0] in _SKIPPED or not _CACHES.isdisjoint(parts) else name
        return ""

    def asking(self, frame: Any) -> tuple[str, int]:
        """Return the nearest code of the project up the stack."""
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(self._prefixes) and not file.startswith(self._here):
                name = self.inside(file)
                if name:
                    return name, frame.f_lineno
            frame = frame.f_back
        return "", 0

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take notice of an audit event; raised here, an error would stop the call."""
        try:
            if event == "open":
                self._opened(*args)
            elif event in ("os.listdir", "os.scandir"):
                self._note("L", args[0] if args and args[0] is not None else ".", sys._getframe(1))
            elif event == "sqlite3.connect":
                self._note("R", args[0], sys._getframe(1))
            elif event in _PROCESSES:
                self.open.setdefault(self._context(), "starts a process")
            elif event in _TRACERS and _COVERAGE not in sys._getframe(1).f_code.co_filename:
                self.open.setdefault(self._context(), "sets a tracer")
            elif event == "_thread.start_new_thread" and not _is_python_thread(args):
                self.open.setdefault(self._context(), "starts a thread that nobody can follow")
        except Exception:  # noqa: BLE001 - what cannot be understood is not followed, and that is said
            self._refuse("the event %s could not be understood" % event)

    def _opened(self, path: Any, mode: Any = None, flags: Any = 0) -> None:
        if isinstance(mode, str):
            if mode[0] in "wxa":
                return
        elif isinstance(flags, int) and flags & _WRITING and not (flags & os.O_RDWR and not flags & os.O_TRUNC):
            return
        self._note("R", path, sys._getframe(2))

    def _note(self, kind: str, path: Any, frame: Any) -> None:
        if isinstance(path, int) or os.getpid() != self._pid:
            return
        name = self.inside(path) or ("." if kind == "L" and self._is_root(path) else "")
        if not name:
            return
        asking = _asking(frame)
        if asking.startswith(_IMPORTING[:2]) or asking.endswith(_IMPORTING[2]) or _COVERAGE in asking:
            return
        if kind == "L" and self._collects(frame):
            return
        file, line = self.asking(frame)
        self.seen[self._context(), kind, name, file, line] = None

    def _is_root(self, path: Any) -> bool:
        full = os.path.join(os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path))), "")
        return full in self._prefixes

    def _collects(self, frame: Any) -> bool:
        """Tell whether pytest itself looks for tests: which there are, it says each time."""
        while frame is not None and not frame.f_code.co_filename.endswith(_COLLECTING):
            if self.inside(frame.f_code.co_filename):
                return False
            frame = frame.f_back
        return frame is not None


def _asking(frame: Any) -> str:
    """Return the file of the code that asks, whatever of the standard library lies between."""
    while frame is not None and any(part in frame.f_code.co_filename for part in _BETWEEN):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_code.co_filename)


def _is_python_thread(args: tuple[Any, ...]) -> bool:
    return "threading" in str(getattr(args[0] if args else None, "__module__", ""))
