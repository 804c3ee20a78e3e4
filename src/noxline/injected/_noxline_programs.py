"""Programs of the system that read nothing but what they are handed: a test that starts one can still be followed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from shutil import which  # by its own name: tests put something else in place of `shutil.which`

# Where the system's own programs are; one of that name anywhere else may be anything.
_PLACES = frozenset({"/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/usr/pkg/bin"})
_OF_WORDS = frozenset({"echo", "printf", "true", "false", "sleep", "seq", "yes", "tr", "uname", "whoami"})
_OF_FILES = frozenset(
    {"cat", "tac", "head", "tail", "wc", "nl", "rev", "fold", "cut", "sort", "uniq", "od", "cmp", "more", "less"}
    | {"tee", "touch", "cksum", "md5sum", "sha1sum", "sha256sum"}
)
# Options by which such a program reads something else: long ones may be shortened, so that all of them are refused.
_OTHER = {"touch": "r", "less": "kotT+", "more": "kotT+"}
_OTHER_OF_SUMS = "c"
# Variables by which a program reads, or runs, something else.
_VARIABLES = (
    *("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH"),
    *("BASH_ENV", "SHELLOPTS", "BASHOPTS"),
    *("LESSOPEN", "LESSCLOSE", "LESSKEY", "LESSKEYIN", "LESSKEY_SYSTEM", "LESSKEYIN_SYSTEM", "LESSKEY_CONTENT"),
)
_MOST_BYTES = 10_000  # of a script
_LESS_FLAGS = re.compile(r"-?[FRXSrni]*")
_SHELLS = frozenset({"sh", "dash", "bash"})
_SHEBANG = re.compile(r"#! ?/bin/(?:sh|dash|bash)")
_EXIT = re.compile(r"exit(?: \d+)?")
# A line of a shell script that does nothing but start one program with these words.
_SIMPLE = re.compile(r"[\w./:@%+,-]+(?:[ \t]+[\w./:@%+,=-]+)*")
# A script of sed that replaces text: its other commands read files and run programs.
_REPLACES = re.compile(r"s(?P<d>[^\w\s\\])(?:(?!(?P=d))[^\\\n]|\\.)*(?P=d)(?:(?!(?P=d))[^\\\n]|\\.)*(?P=d)[gpiI0-9]*")
_SED_FLAGS = re.compile(r"-[nErsuz]+|-i.*")


def files_read(program: str, words: Sequence[str], env: Mapping[str, str]) -> list[str] | None:
    """Return what a program may read of that which its arguments name; None for one of which nobody knows.

    `words` are its arguments without its own name. Of a script of the shell, it is what its commands read, where each
    of its lines is one.
    """
    if any(map(env.get, _VARIABLES)) or any(name.startswith("BASH_FUNC_") for name in env):
        return None
    path = program if os.sep in program else _found(program, env.get("PATH", os.defpath))
    folder, name = os.path.split(path)
    if folder not in _PLACES:
        return _files_of_script(path, env)
    if name in _SHELLS:
        return _files_of_lines(words[1], env) if words[:1] == ["-c"] and len(words) > 1 else None
    return _files_of_program(name, words, env)


def _files_of_program(name: str, words: Sequence[str], env: Mapping[str, str]) -> list[str] | None:
    if not _LESS_FLAGS.fullmatch(env.get("LESS", "")):
        return None
    if name == "sed":
        return _files_of_sed(list(words))
    if name in _OF_WORDS:
        return []
    return _files_named(name, words) if name in _OF_FILES else None


def _found(program: str, path: str) -> str:
    """Return where a program is found; nothing where that depends on the folder in which it is started."""
    return which(program, path=path) or "" if all(map(os.path.isabs, path.split(os.pathsep))) else ""


def _files_of_script(path: str, env: Mapping[str, str]) -> list[str] | None:
    if not os.path.isabs(path):  # in which folder it is started, nobody says here
        return None
    try:
        with open(path, encoding="utf-8") as stream:
            first, _, text = stream.read(_MOST_BYTES).partition("\n")
    except (OSError, ValueError):
        return None
    found = (
        _files_of_lines(text, env) if _SHEBANG.fullmatch(first) and len(text) < _MOST_BYTES - len(first) - 1 else None
    )
    return None if found is None else [path, *found]


def _files_of_lines(text: str, env: Mapping[str, str]) -> list[str] | None:
    """Return what a text of the shell may read; None where a line of it is more than a program of the system."""
    found: list[str] = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        if line.startswith("#") or _EXIT.fullmatch(line):
            continue
        words = line.split() if _SIMPLE.fullmatch(line) else [""]
        path = words[0] if os.sep in words[0] else _found(words[0], env.get("PATH", os.defpath))
        folder, name = os.path.split(path)
        read = _files_of_program(name, words[1:], env) if folder in _PLACES else None
        if read is None:
            return None
        found += read
    return found


def _files_named(name: str, words: Sequence[str]) -> list[str] | None:
    other = _OTHER.get(name, _OTHER_OF_SUMS if name.endswith("sum") else "")
    for word in words:
        if word.startswith("--") or (word.startswith(("-", "+")) and not set(other).isdisjoint(word)):
            return None
    return [word for word in words if not word.startswith("-")]


def _files_of_sed(words: list[str]) -> list[str] | None:
    while words and _SED_FLAGS.fullmatch(words[0]):
        words.pop(0)
    if not words or not _REPLACES.fullmatch(words[0]) or any(word.startswith("-") for word in words):
        return None
    return words[1:]
