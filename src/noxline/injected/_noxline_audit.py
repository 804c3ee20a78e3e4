"""Write down which files of the project and which variables this process uses; loaded only when noxline asks for it.

One line for each path when it is first seen, `KIND SECONDS PATH`, in `<folder>/<pid>.txt`: nothing is lost by a kill.
Kinds: P the process, R read, S looked at, N looked for and not there, W written, D removed, M folder made, L folder
listed, I looked at or for by a tool that passes over whatever it finds; V a variable that was set when the process
began, U one that was not, `*` for all of them.
"""

from __future__ import annotations

import os
import stat as modes
import sys
import time
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR
# First folders of paths that never count; everything else is for the reader of the records to judge.
_SKIPPED = frozenset({".noxline", ".git", ".nox", ".tox", ".venv", "venv"})
# They go through whole folders: which modules and tests are there is said by those that are read.
_FINDERS = ("importlib", "pkg_resources", "pkgutil.py", "zipimport")
_COLLECTORS = (
    *(os.path.join("_pytest", name) for name in ("main.py", "pathlib.py", "python.py", "nodes.py")),
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "sitecustomize.py"),
)
# Between the one who asks whether a path exists and `os.stat`.
_BETWEEN = ("pathlib", "genericpath", "posixpath", "ntpath", "_noxline_seams")

_MANY_WAYS = os.sep != "/"  # one path can be written with either separator


class Recorder:
    """Turns what the interpreter tells of into lines; no method raises, whatever it is told."""

    def __init__(self, folder: str, root: str) -> None:
        self._folder = folder
        self._prefixes = tuple({os.path.join(os.path.abspath(root), ""), os.path.join(os.path.realpath(root), "")})
        self._roots = tuple(prefix[: -len(os.sep)] for prefix in self._prefixes)
        self._seen: set[str] = set()
        # Absolute paths, as programs write them, that were read or looked at: nothing new comes of them.
        self.read_before: set[Any] = set()
        self.seen_before: set[Any] = set()
        self.stat = os.stat
        self._file: tuple[int, int, tuple[int, int]] | None = None
        self._open, self._write, self._fstat, self._getpid = os.open, os.write, os.fstat, os.getpid
        self._normpath, self._join, self._cwd = os.path.normpath, os.path.join, os.getcwd
        self._isabs, self._time = os.path.isabs, time.time
        self.silent: set[int] = set()  # threads whose next `open` event was noted by other means

    def note(self, kind: str, name: str) -> None:
        """Write a line, unless there is one already; a forked child goes on in a file of its own."""
        key = kind + name
        if key in self._seen:
            return
        self._seen.add(key)
        line = "%s %.6f %s\n" % (kind, self._time(), name.replace("\\", "\\\\").replace("\n", "\\n"))
        self._write(self._mine(), line.encode("utf-8", "surrogateescape"))

    def _mine(self) -> int:
        """Return the descriptor of this process's file; a program may have closed it, and given its number away."""
        pid = self._getpid()
        if self._file is not None:
            file, owner, identity = self._file
            try:
                if owner == pid and self._identity(file) == identity:
                    return file
            except OSError:
                pass
        file = self._open("%s%s%d.txt" % (self._folder, os.sep, pid), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self._file = file, pid, self._identity(file)
        return file

    def _identity(self, file: int) -> tuple[int, int]:
        found = self._fstat(file)
        return found.st_dev, found.st_ino

    def inside(self, path: Any, fd: int | None = None) -> str | None:
        """Return a path as seen from the project's root, or None for one that does not count."""
        if path.__class__ is not str:
            if isinstance(path, int):
                return None
            path = os.fsdecode(path)
        if path.startswith(self._prefixes):
            return self._relative(self._normpath(path) if _is_untidy(path) else path)
        if path[:1] == "/" and "/.." not in path:  # by far the most: nothing of the project's
            return "" if path in self._roots else None
        return self._relative(self._normpath(self._join(self._folder_of(path, fd), path)))

    def _folder_of(self, path: str, fd: int | None) -> str:
        """Return the folder that a path is relative to."""
        if fd is None or self._isabs(path):
            return self._cwd()
        return os.readlink("/proc/self/fd/%d" % fd)

    def _relative(self, path: str) -> str | None:
        for prefix in self._prefixes:
            if path.startswith(prefix):
                name = path[len(prefix) :]
                return None if name.split(os.sep, 1)[0] in _SKIPPED else name
        return "" if path in self._roots else None

    def opened(self, path: Any, mode: str | None = None, flags: int = 0) -> None:
        """Take notice of a file that is about to be opened."""
        if path in self.read_before and not flags & _WRITING and (mode or "r")[0] == "r":
            return
        if mode is None and get_ident() in self.silent:
            return
        name = self.inside(path)
        if name:
            self.note_open(name, path, flags or _flags_of(mode))

    def note_open(self, name: str, path: Any, flags: int, fd: int | None = None) -> None:
        """Note an open: what is there already is read, what is not is looked for, unless it is made anew."""
        if flags & _WRITING:
            if flags & os.O_RDWR and not flags & os.O_TRUNC and "R" + name not in self._seen:
                self._note_read(name, path, fd)
            self.note("W", name)
        elif "R" + name not in self._seen:
            self._note_read(name, path, fd, missing="N")

    def _note_read(self, name: str, path: Any, fd: int | None, missing: str = "") -> None:
        try:
            if modes.S_ISREG(self.stat(path, dir_fd=fd).st_mode):
                self.note("R", name)
                if fd is None and path.__class__ is str and self._isabs(path):
                    self.read_before.add(path)
        except OSError:
            if missing:
                self.note(missing, name)

    def listed(self, path: Any = None) -> None:
        """Take notice of a folder that is about to be listed, unless modules are looked for there."""
        name = self.inside("." if path is None else path)
        if name is None or "L" + name in self._seen:
            return
        asking = _asking(sys._getframe(2))
        if not asking.endswith(_COLLECTORS) and not any(part in asking for part in _FINDERS):
            self.note("L", name)

    def removed(self, path: Any, dir_fd: int = -1) -> None:
        """Take notice of a file or a folder that is about to go."""
        name = self.inside(path, None if dir_fd == -1 else dir_fd)
        if name:
            self.note("D", name)

    def renamed(self, source: Any, target: Any, source_fd: int = -1, target_fd: int = -1) -> None:
        """Take notice of a file or a folder that is about to get another name."""
        self.removed(source, source_fd)
        self.made(target, target_fd)

    def made(self, path: Any, dir_fd: int = -1) -> None:
        """Take notice of something that is about to be put in a place."""
        name = self.inside(path, None if dir_fd == -1 else dir_fd)
        if name:
            self.note("W", name)

    def linked(self, _source: Any, target: Any, *fds: int) -> None:
        """Take notice of a link that is about to be made."""
        self.made(target, fds[-1] if fds else -1)

    def folder_made(self, path: Any, _mode: int = 0, dir_fd: int = -1) -> None:
        """Take notice of a folder that is about to be made; one that is there already stays what it is."""
        fd = None if dir_fd == -1 else dir_fd
        name = self.inside(path, fd)
        if name:
            try:
                self.stat(path, dir_fd=fd)
            except OSError:
                self.note("M", name)

    def looked(self, path: Any, fd: int | None, found: os.stat_result | None) -> None:
        """Take notice of what `os.stat` found; None where nothing was."""
        try:
            name = self.inside(path, fd)
            if name and (found is None or modes.S_ISREG(found.st_mode)):
                self._note_look("N" if found is None else "S", name)
                if found is not None and path.__class__ is str and self._isabs(path):
                    self.seen_before.add(path)
        except Exception:  # noqa: BLE001, S110 - a record that is lost costs less than a program that breaks
            pass

    def _note_look(self, kind: str, name: str) -> None:
        if kind + name not in self._seen and "I" + name not in self._seen:
            self.note("I" if _asking(sys._getframe(3)).endswith(_COLLECTORS) else kind, name)


def _is_untidy(path: str) -> bool:
    """Tell whether an absolute path may be written in a shorter way; asked for every path in the project."""
    if "/../" in path or "/./" in path or "//" in path or _MANY_WAYS:
        return True
    return path[-1] in "/." and path.endswith(("/..", "/.", "/"))


def _flags_of(mode: str | None) -> int:
    """Return what the mode of an open says of its flags, for one that tells no others."""
    return os.O_WRONLY if mode and mode[0] in "wxa" else 0


def _asking(frame: Any) -> str:
    """Return the file of the code that asks, whatever of the standard library lies between."""
    while frame is not None and any(part in frame.f_code.co_filename for part in _BETWEEN):
        if frame.f_code.co_filename.endswith(_COLLECTORS):
            break
        frame = frame.f_back
    return "" if frame is None else str(frame.f_code.co_filename)


def start(folder: str, root: str) -> None:
    """Begin to record; a process can do this once, for hooks cannot be taken out again."""
    import _noxline_seams
    import _noxline_variables

    recorder = Recorder(folder, root)
    try:
        recorder.note("P", sys.executable or "python")
    except OSError:
        return  # the folder is gone: nobody will read what we record
    _noxline_variables.watch(recorder)
    os.access = _noxline_seams.Access(recorder, os.access)
    os.stat, os.open = _noxline_seams.Stat(recorder, os.stat), _noxline_seams.Open(recorder, os.open)
    accessor = getattr(sys.modules.get("pathlib"), "_NormalAccessor", None)
    if accessor is not None and hasattr(accessor, "stat"):  # up to Python 3.10 it holds its own copy
        accessor.stat = os.stat
    handlers: dict[str, Any] = {
        "open": recorder.opened,
        "os.listdir": recorder.listed,
        "os.scandir": recorder.listed,
        "os.remove": recorder.removed,
        "os.rmdir": recorder.removed,
        "os.rename": recorder.renamed,
        "os.link": recorder.linked,
        "os.symlink": recorder.linked,
        "os.mkdir": recorder.folder_made,
    }
    find = handlers.get

    def hear(event: str, args: tuple[Any, ...]) -> None:
        handler = find(event)
        if handler is not None:
            try:  # noqa: SIM105 - contextlib is not imported by every program
                handler(*args)
            except Exception:  # noqa: BLE001, S110 - see Recorder.looked; raised here it would stop the call
                pass

    sys.addaudithook(hear)
