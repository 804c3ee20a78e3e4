"""Which commands of a session install something, and how noxline can know what comes of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PROGRAM = re.compile(r"([^/\\]+?)(\.exe)?")
_PYTHON = re.compile(r"(python|pypy)[0-9.]*t?")
_PIP = re.compile(r"pip[0-9.]*")
_FLAG = re.compile(r"-q+|-v+|--quiet|--verbose|--no-progress|--offline|--no-cache|--isolated|--no-input")
_UV_HARMLESS = frozenset(
    {"export", "venv", "build", "lock", "version", "self", "cache", "python", "publish", "tree", "tool", "help", "init"}
)
_PIP_HARMLESS = frozenset(
    {"list", "show", "freeze", "check", "download", "wheel", "config", "index", "cache", "debug", "hash", "inspect"}
    | {"compile", "tree", "help"}
)
# Programs that bring dependencies into an environment by rules of their own, with the words that make them do so.
_OWN_RULES = {
    "poetry": {"install", "sync", "add", "update", "remove", "run"},
    "pdm": {"install", "sync", "add", "update", "remove", "run"},
    "pipenv": {"install", "sync", "update", "uninstall", "run"},
    "hatch": {"env", "run", "test"},
    "flit": {"install"},
    **{name: {"install", "create", "update", "upgrade", "remove", "env"} for name in ("conda", "mamba", "micromamba")},
}


@dataclass(frozen=True, slots=True)
class PipInstall:
    """An installation by pip or by uv's pip interface, with its arguments."""

    tool: str
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnRules:
    """A command whose effect on the environment only the environment can tell."""

    command: str


def classify(argv: Sequence[str]) -> PipInstall | OwnRules | None:
    """Return what a command installs; None when it installs nothing.

    >>> classify(["uv", "pip", "install", "six"])
    PipInstall(tool='uv', args=('six',))
    >>> classify(["/env/bin/python3.12", "-m", "pip", "-q", "install", "six"])
    PipInstall(tool='pip', args=('six',))
    >>> classify(["uv", "sync", "--frozen"]), classify(["pytest", "install"])
    (OwnRules(command='uv sync'), None)
    """
    first, *words = argv or ("",)
    program = _name(first)
    if not _PYTHON.fullmatch(program):
        return _by(program, words)
    if words[:1] == ["-m"] and len(words) > 1:
        return _by(words[1], words[2:])
    return _setup_py(words)


def _by(program: str, words: Sequence[str]) -> PipInstall | OwnRules | None:
    """Return what a program, or a module that runs as one, installs when it is given these words."""
    if program == "uv":
        return _uv(words)
    if _PIP.fullmatch(program):
        return _pip("pip", words)
    if program in {"pip-sync", "easy_install"}:
        return OwnRules(program)
    verb = next((word for word in words if not word.startswith("-")), "")
    return OwnRules(f"{program} {verb}") if verb in _OWN_RULES.get(program, ()) else None


def _setup_py(words: Sequence[str]) -> OwnRules | None:
    verb = next((word for word in words[1:] if word in ("install", "develop")), "")
    return OwnRules(f"setup.py {verb}") if verb and words[0] == "setup.py" else None


def _name(program: str) -> str:
    found = _PROGRAM.fullmatch(program.replace("\\", "/").rsplit("/", 1)[-1])
    return found[1] if found else program


def _uv(words: Sequence[str]) -> PipInstall | OwnRules | None:
    rest = _without_flags(words)
    if not rest or rest[0] in _UV_HARMLESS or rest[0] in ("-V", "--version", "-h", "--help"):
        return None
    return _pip("uv", rest[1:]) if rest[0] == "pip" else OwnRules(f"uv {rest[0]}")


def _pip(tool: str, words: Sequence[str]) -> PipInstall | OwnRules | None:
    rest = _without_flags(words)
    if rest[:1] == ["install"]:
        return PipInstall(tool, tuple(rest[1:]))
    if not rest or rest[0] in _PIP_HARMLESS or rest[0] in ("-V", "--version", "-h", "--help"):
        return None
    return OwnRules(f"{tool} {rest[0]}" if tool == "pip" else f"uv pip {rest[0]}")


def _without_flags(words: Sequence[str]) -> list[str]:
    """Return the words from the first on that is not one of the options that change nothing."""
    first = next((number for number, word in enumerate(words) if not _FLAG.fullmatch(word)), len(words))
    return list(words[first:])
