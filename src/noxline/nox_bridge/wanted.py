"""The set that an environment should hold: noted beside it, so that what is made anew agrees with what was resolved.

An installer keeps what is installed and still allowed, so an environment never learns of a new release by itself: one
that does not hold the wanted set is made anew. If even a new one differs, what it holds is settled for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from noxline.nox_bridge.distributions import real_set
from noxline.system.files import write_atomic


def want(environment: Path, wanted: Mapping[str, str] | None) -> None:
    """Note the set that the next preparation of an environment should lead to; None takes the note away."""
    file = _file(environment)
    if wanted is None:
        file.unlink(missing_ok=True)
    elif _read(file).get("set") != dict(wanted):
        write_atomic(file, json.dumps({"set": dict(wanted)}, indent=1))


def renew(environment: Path) -> None:
    """Have the next preparation make an environment anew: so it learns of new releases that nothing resolves ahead."""
    write_atomic(_file(environment), json.dumps({"set": {}}, indent=1))


def holds_wanted(environment: Path, root: Path) -> bool:
    """Tell whether an environment holds what is wanted, or what was settled for; so does one of which nothing is."""
    note = _read(_file(environment))
    return not note or real_set(environment, root) in (note.get("set"), note.get("settled"))


def settle(environment: Path, root: Path) -> None:
    """Settle for what a finished installation gave, where that is not what was wanted."""
    file = _file(environment)
    note = _read(file)
    if note:
        real = real_set(environment, root)
        if real not in (note["set"], note.get("settled")):
            write_atomic(file, json.dumps({"set": note["set"], "settled": real}, indent=1))


def constraints(environment: Path) -> Path | None:
    """Return a file that holds an installer to the wanted versions; None when there is nothing to hold it to.

    Distributions that come from an address, and those of environments inside this one, are left out.
    """
    wanted = _read(_file(environment)).get("set", {})
    lines = [f"{name}=={version}" for name, version in wanted.items() if version[:1].isdigit() and "/" not in name]
    if not lines:
        return None
    file = environment.parent / f".{environment.name}.constraints.txt"
    write_atomic(file, "\n".join([*lines, ""]))
    return file


def _file(environment: Path) -> Path:
    return environment.parent / f".{environment.name}.wanted.json"


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # absent or torn: the environment is taken as it is, and looked at after it
    return document if isinstance(document, dict) and isinstance(document.get("set"), dict) else {}
