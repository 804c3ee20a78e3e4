"""The set that an environment should hold: noted beside it, so that what is made anew agrees with what was resolved.

An installer keeps what is installed and still allowed, so an environment never learns of a new release by itself: one
that does not hold the wanted set is made anew. If even a new one differs, what it holds is settled for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from noxline.nox_bridge.distributions import real_set
from noxline.system.files import write_atomic

_NUMBERS = re.compile(r"\d+\.\d+\.\d+")
_MADE_WITH = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)", re.MULTILINE)


def want(environment: Path, wanted: Mapping[str, str] | None, *, python: str = "") -> None:
    """Note the set, and the interpreter's full version, that the next preparation should lead to; None: no matter.

    An environment keeps the interpreter that it was made with, too.
    """
    file = _file(environment)
    note = {"set": dict(wanted or {}), "python": _numbers(python)}
    known = _read(file)
    if wanted is None:
        file.unlink(missing_ok=True)
    elif {name: known.get(name) for name in note} != note:
        _write(file, note)


def renew(environment: Path) -> None:
    """Have the next preparation make an environment anew: so it learns of new releases that nothing resolves ahead."""
    _write(_file(environment), {"set": {}, "python": "renew"})


def holds_wanted(environment: Path, root: Path) -> bool:
    """Tell whether an environment holds what is wanted, or what was settled for; so does one of which nothing is."""
    note = _read(_file(environment))
    if not note:
        return True
    there = _state(environment, root)
    as_wanted = there["set"] == note["set"] and note.get("python") in ("", there["python"])
    return as_wanted or there == note.get("settled")


def settle(environment: Path, root: Path) -> None:
    """Settle for what a finished installation gave, where that is not what was wanted."""
    file = _file(environment)
    note = _read(file)
    if note and not holds_wanted(environment, root):
        _write(file, {**note, "settled": _state(environment, root)})


def constraints(environment: Path) -> Path | None:
    """Return a file that holds an installer to the wanted versions; None when there is nothing to hold it to.

    Distributions that come from an address, and those of environments inside this one, are left out.
    """
    wanted = _read(_file(environment)).get("set", {})
    lines = [f"{name}=={version}" for name, version in wanted.items() if version[:1].isdigit() and "/" not in name]
    if not lines:
        return None
    file = environment.parent / f".{environment.name}.constraints.txt"
    try:
        write_atomic(file, "\n".join([*lines, ""]))
    except OSError:
        return None  # a full disk: nothing holds the installer, and what it gives is looked at
    return file


def _state(environment: Path, root: Path) -> dict[str, Any]:
    return {"set": real_set(environment, root), "python": _python(environment)}


def _python(environment: Path) -> str:
    """Return the version of the interpreter that an environment was made with, "" when it does not say."""
    try:
        text = (environment / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = _MADE_WITH.search(text)
    return found[1] if found else ""


def _numbers(python: str) -> str:
    """Return the part of a version that environments note, too.

    >>> _numbers("cpython 3.14.0rc1")
    '3.14.0'
    """
    found = _NUMBERS.search(python)
    return found[0] if found else ""


def _file(environment: Path) -> Path:
    return environment.parent / f".{environment.name}.wanted.json"


def _write(file: Path, note: Mapping[str, Any]) -> None:
    try:
        write_atomic(file, json.dumps(note, indent=1))
    except OSError:
        return  # a full disk: the environment stays as it is, and results go by what is really in it


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # absent or torn: the environment is taken as it is, and looked at after it
    return document if isinstance(document, dict) and isinstance(document.get("set"), dict) else {}
