"""Hear which files of the project are read or listed, and what cannot be followed: child processes, other tracers."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from _noxline_programs import files_read

_SKIPPED = frozenset({".noxline", ".git", ".hg", ".nox", ".tox", ".venv", "venv"})
_CACHES = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"})
_WRITING = os.O_WRONLY | os.O_RDWR
_PROCESSES = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
ASIDE = "noxline.aside"  # our own event: the interpreter traces nothing that a hook does
CONTEXT = "NOXLINE_CONTEXT"  # in which context a process is started; children inherit it
# Options with which Python heeds no variables, and so does not load what follows it.
_DEAF = ("-I", "-E", "-S", "-s", "-X")
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
        self.parent = ""  # of a child: the context in which it was started
        self.started: dict[str, int] = {}  # by context: children that leave a trace of their own
        self.started_by_others: dict[str, int] = {}  # the same of plug-ins: whether these leave one matters to nobody
        self.sought: dict[str, None] = {}  # names that were looked for to import them
        self._pid = os.getpid()
        self._heeded: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
            "open": self._hear_open,
            "os.listdir": self._hear_listing,
            "os.scandir": self._hear_listing,
            "sqlite3.connect": self._hear_database,
            "import": self._hear_import,
            **dict.fromkeys(_PROCESSES, self._hear_start),
            **dict.fromkeys(_TRACERS, self._hear_tracer),
            "_thread.start_new_thread": self._hear_thread,
            ASIDE: lambda _event, args: args[0](),
        }

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

    def begin(self) -> None:
        """Hear of audit events from now on."""
        heeded, hear = self._heeded, self._hear

        def hook(event: str, args: tuple[Any, ...]) -> None:
            if event in heeded:  # of most events nobody here wants to know, and there are a hundred in each test
                hear(event, args)

        sys.addaudithook(hook)
        sys.meta_path.insert(0, _Seeker(self._seek))

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take notice of an audit event; raised here, an error would stop the call."""
        try:
            self._heeded[event](event, args)
        except Exception:  # noqa: BLE001 - what cannot be understood is not followed, and that is said
            self._refuse("the event %s could not be understood" % event)

    def _hear_open(self, _event: str, args: tuple[Any, ...]) -> None:
        self._opened(*args)

    def _hear_listing(self, _event: str, args: tuple[Any, ...]) -> None:
        self._note("L", args[0] if args and args[0] is not None else ".", sys._getframe(3))

    def _hear_database(self, _event: str, args: tuple[Any, ...]) -> None:
        self._note("R", args[0], sys._getframe(3))

    def _hear_import(self, _event: str, args: tuple[Any, ...]) -> None:
        self._seek(str(args[0]))

    def _seek(self, name: str) -> None:
        """Take notice of a name that is looked for to import it."""
        if is_text(name):
            self.sought.update(dict.fromkeys(name.split(".")))
        else:
            self.open.setdefault(self._context(), "imports something whose name is no text")

    def _hear_start(self, event: str, args: tuple[Any, ...]) -> None:
        caller = sys._getframe(3)
        if self._context() == "s" and not self.asking(caller)[0]:  # a plug-in of pytest starts it for itself
            if event == "subprocess.Popen" and self._leaves_a_trace(args[0], args[1], args[3], "s"):
                self.started_by_others["s"] = self.started_by_others.get("s", 0) + 1
            return
        # What is to be done between fork and exec is code that nobody follows.
        if event == "subprocess.Popen" and caller.f_locals.get("preexec_fn") is None:
            self._started(*args)
        elif event == "subprocess.Popen" or os.path.basename(caller.f_code.co_filename) != "subprocess.py":
            self.open.setdefault(self._context(), "starts a process")  # others of that module are known already

    def _hear_tracer(self, event: str, _args: tuple[Any, ...]) -> None:
        caller = sys._getframe(3).f_code.co_filename
        # A thread that begins sets what coverage has told the module threading to set.
        begins = caller == threading.__file__ and event == "sys.settrace" and _is_of_coverage(threading)
        if not begins and _COVERAGE not in caller:
            self.open.setdefault(self._context(), "sets a tracer")

    def _hear_thread(self, _event: str, args: tuple[Any, ...]) -> None:
        if not _is_python_thread(args):
            self.open.setdefault(self._context(), "starts a thread that nobody can follow")

    def _started(self, executable: Any, args: Any, cwd: Any, env: Any) -> None:
        """Count a child that will be followed; note that the context cannot be followed for any other.

        Of a program of the system that reads nothing but what its arguments name, these are what the context reads.
        """
        if os.getpid() != self._pid:
            return
        context = self.parent or self._context()
        if self._leaves_a_trace(executable, args, env, context):
            self.started[context] = self.started.get(context, 0) + 1
            return
        words = _words(args)
        read = files_read(_program(executable, words), words[1:], _variables(env))
        if read is None:
            self.open.setdefault(context, "starts a process")
        else:
            self._named(os.fsdecode(cwd) if cwd is not None else "", read, sys._getframe(5))

    def _leaves_a_trace(self, executable: Any, args: Any, env: Any, context: str) -> bool:
        words = _words(args)
        is_python = os.path.realpath(_program(executable, words)) == os.path.realpath(sys.executable)
        return is_python and _hears(words[1:], env, context)

    def _named(self, folder: str, names: list[str], frame: Any) -> None:
        """Note what the arguments of a program name as read."""
        for path in (os.path.join(folder, name) for name in names):
            self._note("L" if os.path.isdir(path) else "R", path, frame)

    def _opened(self, path: Any, mode: Any = None, flags: Any = 0) -> None:
        if isinstance(mode, str):
            if mode[0] in "wxa":
                return
        elif isinstance(flags, int) and flags & _WRITING and not (flags & os.O_RDWR and not flags & os.O_TRUNC):
            return
        self._note("R", path, sys._getframe(4))

    def _note(self, kind: str, path: Any, frame: Any) -> None:
        if isinstance(path, int) or os.getpid() != self._pid:
            return
        name = self.inside(path) or ("." if kind == "L" and self._is_root(path) else "")
        if not name or self._is_no_data(kind, frame):
            return
        if not is_text(name):
            self.open.setdefault(self._context(), "reads a file whose name is no text")
            return
        file, line = self.asking(frame)
        self.seen[self._context(), kind, name, file, line] = None

    def _is_no_data(self, kind: str, frame: Any) -> bool:
        """Tell whether the code that asks imports, measures, or looks for tests."""
        asking = _asking(frame)
        if asking.startswith(_IMPORTING[:2]) or asking.endswith(_IMPORTING[2]) or _COVERAGE in asking:
            return True
        return kind == "L" and self._collects(frame)

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


class _Seeker:
    """A finder that finds nothing: it hears also of names that no import statement, but a call looks for."""

    def __init__(self, seek: Callable[[str], None]) -> None:
        self._seek = seek

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        """Take notice of the name."""
        self._seek(name)


def is_text(name: str) -> bool:
    """Tell whether a name is one that can be stored: file systems have others, of bytes that mean nothing."""
    try:
        name.encode("utf-8")
    except UnicodeError:
        return False
    return True


def _asking(frame: Any) -> str:
    """Return the file of the code that asks, whatever of the standard library lies between."""
    while frame is not None and any(part in frame.f_code.co_filename for part in _BETWEEN):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_code.co_filename)


def _hears(options: list[str], env: Any, context: str) -> bool:
    """Tell whether a Python that is started so loads what follows it, and knows for which context."""
    if any(option.startswith(_DEAF) for option in _leading(options)):
        return False
    given = _variables(env)
    here = os.path.dirname(os.path.abspath(__file__))
    path = given.get("PYTHONPATH", "").split(os.pathsep)
    return given.get(CONTEXT) == context and bool(given.get("NOXLINE_TRACE")) and path[0] == here


def _program(executable: Any, words: list[str]) -> str:
    return os.fsdecode(executable) if executable is not None else words[0]


def _words(args: Any) -> list[str]:
    """Return the words of a command line; one text is one word."""
    return [os.fsdecode(word) for word in args] if isinstance(args, (list, tuple)) else [str(args)]


def _variables(env: Any) -> Mapping[str, str]:
    """Return the variables that a child gets."""
    return os.environ if env is None else {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}


def _is_of_coverage(module: Any) -> bool:
    """Tell whether it is coverage that wants to be told of all that new threads run."""
    return str(getattr(getattr(module, "_trace_hook", None), "__module__", "")).partition(".")[0] == "coverage"


def _leading(options: list[str]) -> list[str]:
    """Return the options of the interpreter itself."""
    found = []
    for option in options:
        if not option.startswith("-") or option in ("-c", "-m", "-"):
            break
        found.append(option)
    return found


def _is_python_thread(args: tuple[Any, ...]) -> bool:
    return "threading" in str(getattr(args[0] if args else None, "__module__", ""))
