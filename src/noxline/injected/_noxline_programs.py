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
# Files that such programs are told of in other ways than by an argument.
_ELSEWHERE = ("--files0-from", "--check", "-c")
_VARIABLES = ("LESSOPEN", "LESSCLOSE", "LESSKEY", "LESSKEYIN")
# A script of sed that replaces text: its other commands read files and run programs.
_REPLACES = re.compile(r"s(?P<d>[^\w\s\\])(?:(?!(?P=d))[^\\\n]|\\.)*(?P=d)(?:(?!(?P=d))[^\\\n]|\\.)*(?P=d)[gpiI0-9]*")
_SED_FLAGS = re.compile(r"-[nErsuz]+|-i.*")


def files_read(program: str, words: Sequence[str], env: Mapping[str, str]) -> list[str] | None:
    """Return what a program may read of that which its arguments name; None for one of which nobody knows.

    `words` are its arguments without its own name.
    """
    found = program if os.sep in program else which(program, path=env.get("PATH", os.defpath)) or ""
    folder, name = os.path.split(found)
    if folder not in _PLACES:
        return None
    if name == "sed":
        return _files_of_sed(list(words))
    if name in _OF_WORDS:
        return []
    return _files_named(words) if name in _OF_FILES and not any(map(env.get, _VARIABLES)) else None


def _files_named(words: Sequence[str]) -> list[str] | None:
    if any(word.startswith(_ELSEWHERE) for word in words):
        return None
    return [word for word in words if not word.startswith("-")]


def _files_of_sed(words: list[str]) -> list[str] | None:
    while words and _SED_FLAGS.fullmatch(words[0]):
        words.pop(0)
    if not words or not _REPLACES.fullmatch(words[0]) or any(word.startswith("-") for word in words):
        return None
    return words[1:]
