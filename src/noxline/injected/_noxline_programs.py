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
    *("LESSOPEN", "LESSCLOSE", "LESSKEY", "LESSKEYIN", "LESSKEY_SYSTEM", "LESSKEYIN_SYSTEM", "LESSKEY_CONTENT"),
)
_LESS_FLAGS = re.compile(r"-?[FRXSrni]*")
# A script of sed that replaces text: its other commands read files and run programs.
_REPLACES = re.compile(r"s(?P<d>[^\w\s\\])(?:(?!(?P=d))[^\\\n]|\\.)*(?P=d)(?:(?!(?P=d))[^\\\n]|\\.)*(?P=d)[gpiI0-9]*")
_SED_FLAGS = re.compile(r"-[nErsuz]+|-i.*")


def files_read(program: str, words: Sequence[str], env: Mapping[str, str]) -> list[str] | None:
    """Return what a program may read of that which its arguments name; None for one of which nobody knows.

    `words` are its arguments without its own name.
    """
    folder, name = os.path.split(program if os.sep in program else _found(program, env.get("PATH", os.defpath)))
    if folder not in _PLACES or any(map(env.get, _VARIABLES)) or not _LESS_FLAGS.fullmatch(env.get("LESS", "")):
        return None
    if name == "sed":
        return _files_of_sed(list(words))
    if name in _OF_WORDS:
        return []
    return _files_named(name, words) if name in _OF_FILES else None


def _found(program: str, path: str) -> str:
    """Return where a program is found; nothing where that depends on the folder in which it is started."""
    return which(program, path=path) or "" if all(map(os.path.isabs, path.split(os.pathsep))) else ""


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
