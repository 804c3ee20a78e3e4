"""Find the Python interpreters of this machine, wherever they lie; never download one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noxline.inputs import sealed
from noxline.nox_bridge.python_places import Candidate, candidates

OLDEST = (3, 8)
_PROBE = (
    "import sys;v=sys.version_info;"
    "print(sys.implementation.name,'%d.%d.%d'%v[:3],v[3],'t' in getattr(sys,'abiflags',''))"
)
_PROBE_SECONDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """One interpreter: `version` is "3.12", `full` is "3.12.1"."""

    version: str
    full: str
    path: Path
    implementation: str = "cpython"

    @property
    def order(self) -> tuple[int, ...]:
        """Return the version as numbers, to sort by."""
        return tuple(int(part) for part in self.full.split("."))


def find_interpreters(environ: Mapping[str, str], state: Path | None) -> tuple[Interpreter, ...]:
    """Return one CPython per X.Y, oldest first: noxline's own for its version, else the newest patch.

    Prereleases and free-threaded builds count only where nothing else has that version. What had to be asked of an
    interpreter is kept in `state/interpreters`.
    """
    known = _Known(state)
    best: dict[str, tuple[tuple[Any, ...], Interpreter]] = {}
    seen: set[str] = set()
    for number, candidate in enumerate(candidates(environ)):
        real = os.path.realpath(candidate.path)
        if real in seen:
            continue
        seen.add(real)
        found = _interpreter(candidate, known)
        if found is None:
            continue
        interpreter, special = found
        # Among equals the first one found stays: PATH comes before the version managers.
        merit = (not special, number == 0, interpreter.order)
        if interpreter.version not in best or merit > best[interpreter.version][0]:
            best[interpreter.version] = (merit, interpreter)
    known.keep()
    return tuple(sorted((interpreter for _, interpreter in best.values()), key=lambda one: one.order))


def newest(interpreters: Sequence[Interpreter]) -> Interpreter:
    """Return the newest interpreter; there is always one, noxline's own."""
    return max(interpreters, key=lambda one: one.order)


def missing(wanted: Iterable[str], interpreters: Sequence[Interpreter]) -> tuple[str, ...]:
    """Return the versions that are wanted and not on this machine, in their order."""
    there = {interpreter.version for interpreter in interpreters}
    return tuple(version for version in wanted if version not in there)


def _interpreter(candidate: Candidate, known: _Known) -> tuple[Interpreter, bool] | None:
    if candidate.full:
        implementation, full, special = "cpython", candidate.full, candidate.special
    else:
        answer = known.ask(candidate.path)
        if not answer:
            return None
        implementation, full, special = answer[0], answer[1], bool(answer[2]) or candidate.special
    version = ".".join(full.split(".")[:2])
    if implementation != "cpython" or tuple(map(int, version.split("."))) < OLDEST:
        return None
    return Interpreter(version=version, full=full, path=candidate.path), special


class _Known:
    """What interpreters answered, by path, size and time of change: starting one costs up to 100 ms."""

    def __init__(self, state: Path | None) -> None:
        self._file = state / "interpreters" if state else None
        self._answers: dict[str, list[Any]] = _read(self._file)
        self._changed = False

    def ask(self, path: Path) -> list[Any]:
        """Return [implementation, full version, special] of an interpreter; empty when it is none."""
        try:
            status = path.stat()
        except OSError:
            return []
        key = f"{path}|{status.st_mtime_ns}|{status.st_size}"
        if key not in self._answers:
            self._answers[key] = _probe(path)
            self._changed = True
        return self._answers[key]

    def keep(self) -> None:
        """Write the answers down when there are new ones."""
        if self._file is None or not self._changed:
            return
        try:
            sealed.save(str(self._file), self._answers)
        except OSError:
            return  # an unwritable folder: the next start asks again


def _read(file: Path | None) -> dict[str, list[Any]]:
    if file is None:
        return {}
    try:
        document = sealed.load(str(file))
    except sealed.DamagedError:
        return {}  # it only saves time
    if not isinstance(document, dict):
        return {}
    return {key: value for key, value in document.items() if isinstance(value, list) and len(value) in (0, 3)}


def _probe(path: Path) -> list[Any]:
    """Start an interpreter and ask it what it is; what does not answer (a shim, a foreign program) is none."""
    try:
        done = subprocess.run(
            [str(path), "-I", "-S", "-c", _PROBE],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return []
    words = done.stdout.split()
    if done.returncode != 0 or len(words) != 4:
        return []
    return [words[0], words[1], words[2] != "final" or words[3] == "True"]
