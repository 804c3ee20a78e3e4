"""Reads what strace printed: which paths the processes of a task used. Knows no disk.

The options are those of `noxline.audit.tracer`: a process id and a time before each call, descriptors with their paths.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from noxline.audit.observed import Record

_LINE = re.compile(r"(?P<pid>\d+) +(?P<at>\d+\.\d+) (?P<text>.*)", re.DOTALL)
_UNFINISHED = re.compile(r"(?P<head>.*?)\s*<unfinished \.\.\.>")
_RESUMED = re.compile(r"<\.\.\. (?P<call>\w+) resumed>(?P<tail>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<args>.*)\)\s*= (?P<result>-?\d+|\?)(?:<[^>]*>)?(?P<more>.*)", re.DOTALL)
_FOLDER = r"(?P<fd{0}>AT_FDCWD|-?\d+)(?:<(?P<dir{0}>(?:[^<>\\]|\\.)*)>)?(?:\(deleted\))?"
_TEXT = r'"(?P<path{0}>(?:[^"\\]|\\.)*)"'
_PLAIN = re.compile(_TEXT.format(1) + r"(?P<rest>.*)", re.DOTALL)
_AT = re.compile(rf"{_FOLDER.format(1)}, {_TEXT.format(1)}(?P<rest>.*)", re.DOTALL)
_TWO = re.compile(rf"{_TEXT.format(1)}, {_TEXT.format(2)}", re.DOTALL)
_TWO_AT = re.compile(
    rf"{_FOLDER.format(1)}, {_TEXT.format(1)}, {_FOLDER.format(2)}, {_TEXT.format(2)}(?P<rest>.*)", re.DOTALL
)
_DESCRIPTOR = re.compile(_FOLDER.format(1))
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_SHORT = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"f": b"\f", b"v": b"\v", b"a": b"\a", b"b": b"\b", b"e": b"\x1b"}

_OPENS = frozenset({"open", "openat", "openat2", "creat"})
_LOOKS = frozenset({"stat", "lstat", "newfstatat", "fstatat64", "statx", "access", "faccessat", "faccessat2"})
_LINKS = frozenset({"readlink", "readlinkat"})
_FORKS = frozenset({"clone", "clone3", "fork", "vfork"})
_REMOVES = frozenset({"unlink", "unlinkat", "rmdir"})
_RENAMES = frozenset({"rename", "renameat", "renameat2"})
_MAKES = frozenset({"mkdir", "mkdirat"})
_EXECUTES = frozenset({"execve", "execveat"})
_LISTS = frozenset({"getdents", "getdents64"})
_MOVES = frozenset({"chdir", "fchdir"})
CALLS = tuple(sorted(_OPENS | _LOOKS | _LINKS | _FORKS | _REMOVES | _RENAMES | _MAKES | _EXECUTES | _LISTS | _MOVES))
_SEEKS = _OPENS | _LOOKS | _LINKS | _EXECUTES  # a program may go another way when nothing is there
_KINDS = {**dict.fromkeys(_EXECUTES, "R"), **dict.fromkeys(_REMOVES, "D"), **dict.fromkeys(_MAKES, "M")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """A record with the process that it is of; `program` is the name of the file that this process executes.

    `look` tells that nothing was opened: it was only asked whether something is there.
    """

    record: Record
    pid: int
    program: str
    look: bool


@dataclass(slots=True)
class _Process:
    """A process, or a thread: those of one process share the folder that they work in."""

    folder: list[str]
    program: str = ""
    parent: int = 0  # of a process that executes the same program as this one's parent


@dataclass(slots=True)
class Trace:
    """Follows the processes of one trace; `folder` is where the first one began."""

    root: str
    folder: str
    processes: dict[int, _Process] = field(default_factory=dict)
    begun: dict[int, str] = field(default_factory=dict)

    def read(self, lines: Iterable[str]) -> Iterator[Traced]:
        """Give what the lines tell of paths in the project; whatever else they hold is passed over."""
        for line in lines:
            found = _LINE.match(line.rstrip("\n"))
            if found is not None:
                yield from self._line(int(found["pid"]), float(found["at"]), found["text"])

    def forked_from(self, pid: int) -> int:
        """Return the process that a process was forked from and whose program it still executes; 0: none."""
        process = self.processes.get(pid)
        return process.parent if process else 0

    def _line(self, pid: int, at: float, text: str) -> Iterator[Traced]:
        process = self._process(pid)
        if cut := _UNFINISHED.fullmatch(text):
            self.begun[pid] = cut["head"]
            return
        if resumed := _RESUMED.fullmatch(text):
            text = self.begun.pop(pid, "") + resumed["tail"]
        call = _CALL.fullmatch(text)
        if call is None or call["result"] == "?":
            return
        done = int(call["result"]) >= 0
        if done:
            self._follow(pid, call)
        for kind, name in self._uses(process, call, done=done):
            yield Traced(
                record=Record(kind=kind, at=at, name=name),
                pid=pid,
                program=process.program,
                look=call["name"] in _LOOKS,
            )

    def _process(self, pid: int) -> _Process:
        """Return a process; one that shows up before its parent's call has returned is the child of that call."""
        if pid not in self.processes:
            forking = [parent for parent, text in self.begun.items() if text.partition("(")[0] in _FORKS]
            self.processes[pid] = self._child(forking[-1], "") if forking else _Process([self.folder])
        return self.processes[pid]

    def _child(self, parent: int, arguments: str) -> _Process:
        above = self.processes[parent]
        folder = above.folder if "CLONE_FS" in arguments else list(above.folder)
        return _Process(folder, above.program, parent)

    def _follow(self, pid: int, call: re.Match[str]) -> None:
        """Take notice of what a call that succeeded changes: where and what a process is."""
        process, name = self.processes[pid], call["name"]
        if name in _FORKS and (child := int(call["result"])) and child not in self.processes:
            self.processes[child] = self._child(pid, call["args"])
        elif name in _EXECUTES:
            process.program = _program(call)
            process.parent = 0
        elif name in _MOVES:
            process.folder[0] = _moved(process.folder[0], call)

    def _uses(self, process: _Process, call: re.Match[str], *, done: bool) -> Iterator[tuple[str, str]]:
        """Give the kind and the name of each path in the project that a call used."""
        name, arguments = call["name"], call["args"]
        if name in _RENAMES:
            found = (_TWO if name == "rename" else _TWO_AT).match(arguments)
            if found and done:
                yield from self._named("D", process, found, 1)
                yield from self._named("W", process, found, 2)
        elif name in _LISTS:
            yield from self._listed(arguments)
        elif found := _one_path(arguments):
            for kind in _kinds(name, found["rest"], call["more"], done=done):
                yield from self._named(kind, process, found, 1)

    def _listed(self, arguments: str) -> Iterator[tuple[str, str]]:
        folder = _behind_descriptor(arguments)
        name = self._inside(folder) if folder else None
        if name is not None:
            yield "L", name

    def _named(self, kind: str, process: _Process, found: re.Match[str], number: int) -> Iterator[tuple[str, str]]:
        groups = found.groupdict()
        path, folder = _text(groups.get(f"path{number}") or ""), groups.get(f"dir{number}")
        if groups.get(f"fd{number}") == "AT_FDCWD" and folder:
            process.folder[0] = _text(folder)
        name = self._inside(posixpath.join(_text(folder) if folder else process.folder[0], path)) if path else None
        if name:
            yield kind, name

    def _inside(self, path: str) -> str | None:
        path = posixpath.normpath(path)
        if path == self.root:
            return ""
        return path[len(self.root) + 1 :] if path.startswith(f"{self.root}/") else None


def _one_path(arguments: str) -> re.Match[str] | None:
    """Find the path that a call begins with, and the folder that it is relative to if the call names one."""
    with_folder = arguments.startswith("AT_FDCWD") or arguments[:1].isdigit()
    return (_AT if with_folder else _PLAIN).match(arguments)


def _behind_descriptor(arguments: str) -> str:
    """Return the folder of the descriptor that a call begins with; "" where strace could not tell."""
    found = _DESCRIPTOR.match(arguments)
    return _text(found["dir1"] or "") if found else ""


def _program(call: re.Match[str]) -> str:
    found = (_PLAIN if call["name"] == "execve" else _AT).match(call["args"])
    return posixpath.basename(_text(found["path1"])) if found else ""


def _moved(folder: str, call: re.Match[str]) -> str:
    """Return where a process is that was in a folder and changed it."""
    if call["name"] == "fchdir":
        return _behind_descriptor(call["args"]) or folder
    found = _PLAIN.match(call["args"])
    return posixpath.join(folder, _text(found["path1"])) if found else folder


def _kinds(name: str, arguments: str, more: str, *, done: bool) -> str:
    """Return what a call did to its path, as kinds of records."""
    if not done:
        return "N" if re.match(r" (ENOENT|ENOTDIR)\b", more) and _seeks(name, arguments) else ""
    if name in _OPENS:
        return _opened(name, arguments)
    if name in _LOOKS | _LINKS:
        return "" if re.search(r"stx?_mode=(?!S_IFREG|S_IFLNK)", arguments) else "S"
    return _KINDS.get(name, "")


def _seeks(name: str, arguments: str) -> bool:
    """Tell whether a call asks for what should be there already, and not for a file to be made."""
    if name in _OPENS and _writes(name, arguments):
        return "O_CREAT" not in arguments
    return name in _SEEKS


def _opened(name: str, flags: str) -> str:
    if _writes(name, flags):
        return "RW" if "O_RDWR" in flags and not re.search(r"O_TRUNC|O_CREAT", flags) else "W"
    return "" if "O_DIRECTORY" in flags or "O_PATH" in flags else "R"


def _writes(name: str, flags: str) -> bool:
    return name == "creat" or re.search(r"O_WRONLY|O_RDWR", flags) is not None


def _text(quoted: str) -> str:
    """Return a path as it was before strace quoted it.

    >>> _text(r"caf\\303\\251")
    'café'
    """
    if "\\" not in quoted:
        return quoted
    raw = quoted.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_unescaped, raw).decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    return bytes([int(code, 8) & 0xFF]) if code[:1].isdigit() else _SHORT.get(code, code)
