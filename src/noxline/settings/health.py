"""What `noxline doctor` looks at: pure checks over a small probe of the machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from noxline.settings.facts import ProjectFacts, Tool

Status = Literal["ok", "missing", "note"]

SAFETY_DATABASE = "NOXLINE_SAFETY_DB"  # what the security session reads
OLDEST_UV = (0, 8)
_ENOUGH, _TIGHT = 2 * 1024**3, 512 * 1024**2  # environments of a few Pythons take some hundred megabytes
# What installs programs of the system, in the order in which they are looked for.
_INSTALLERS = {
    "apt-get": "sudo apt-get install",
    "dnf": "sudo dnf install",
    "apk": "sudo apk add",
    "pacman": "sudo pacman -S",
    "brew": "brew install",
    "winget": "winget install",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at; `fix` is the command that mends it, empty when there is nothing to mend."""

    name: str
    status: Status
    detail: str
    fix: str = ""


class Probe(Protocol):
    """How the checks ask the machine."""

    def which(self, program: str) -> str | None:
        """Return the path of a program on PATH."""

    def run(self, argv: Sequence[str]) -> str | None:
        """Return what a command prints, stripped; None when it fails or is not there."""

    def interpreters(self) -> Sequence[str]:
        """Return the Python versions ("3.12") that noxline finds on this machine."""

    def free_bytes(self, path: Path) -> int:
        """Return the free space of the disk that holds a path (which may not exist yet)."""

    def writable(self, path: Path) -> bool:
        """Say whether a folder (which may not exist yet) can be written."""

    def variable(self, name: str) -> str | None:
        """Return an environment variable."""


def checks(facts: ProjectFacts | None, probe: Probe) -> tuple[Check, ...]:
    """Return all that was looked at on this machine, and for a project what it needs beyond that."""
    found = [_git(probe), _uv(probe), _nox(probe), *_interpreters(facts, probe)]
    if facts is not None:
        state = facts.root / ".noxline"
        found += [_repository(facts.root, probe), _state(state, probe), _disk(state, probe), *_hooks(facts, probe)]
    return (*found, _trivy(probe), _safety_database(probe))


def _git(probe: Probe) -> Check:
    version = _version(probe.run(("git", "--version")))
    if version:
        return Check(name="git", status="ok", detail=version)
    return Check(name="git", status="missing", detail="git is not on PATH", fix=_install(probe, "git"))


def _uv(probe: Probe) -> Check:
    version = _version(probe.run((sys.executable, "-m", "uv", "--version")) or probe.run(("uv", "--version")))
    fix = f"{sys.executable} -m pip install --upgrade uv"
    if not version:
        return Check(name="uv", status="missing", detail="uv makes the environments and is not there", fix=fix)
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_UV:
        least = ".".join(map(str, OLDEST_UV))
        return Check(name="uv", status="missing", detail=f"{version} is too old: {least} at least", fix=fix)
    return Check(name="uv", status="ok", detail=version)


def _nox(probe: Probe) -> Check:
    code = "import importlib.metadata; print(importlib.metadata.version('nox'))"
    version = _version(probe.run((sys.executable, "-c", code)))
    if version:
        return Check(name="nox", status="ok", detail=version)
    fix = f"{sys.executable} -m pip install nox"
    return Check(name="nox", status="missing", detail="nox is not beside noxline", fix=fix)


def _interpreters(facts: ProjectFacts | None, probe: Probe) -> Iterator[Check]:
    available = tuple(probe.interpreters())
    listed = ", ".join(available) or "none"
    for version in facts.pythons if facts else ():
        name = f"Python {version}"
        if version in available:
            yield Check(name=name, status="ok", detail="the project declares it, the machine has it")
        else:
            detail = f"the project declares it; on this machine: {listed}"
            yield Check(name=name, status="missing", detail=detail, fix=f"uv python install {version}")
    if facts is None or not facts.pythons:
        yield Check(name="Python", status="ok" if available else "missing", detail=f"on this machine: {listed}")


def _repository(root: Path, probe: Probe) -> Check:
    if probe.run(("git", "-C", str(root), "rev-parse", "--show-toplevel")):
        return Check(name="repository", status="ok", detail="the project is in a git repository")
    detail = "no git repository: every file counts as the project's, ignored ones too"
    return Check(name="repository", status="note", detail=detail, fix=f"git init {root}")


def _state(state: Path, probe: Probe) -> Check:
    if probe.writable(state):
        return Check(name="state", status="ok", detail=f"{state} can be written")
    detail = f"{state} cannot be written: runs and environments are kept there"
    return Check(name="state", status="missing", detail=detail, fix=f"chmod u+rwx {state.parent}")


def _disk(state: Path, probe: Probe) -> Check:
    free = probe.free_bytes(state)
    detail = f"{free / 1024**3:.1f} GB free for {state}"
    if free >= _ENOUGH:
        return Check(name="disk", status="ok", detail=detail)
    status: Status = "note" if free >= _TIGHT else "missing"
    return Check(name="disk", status=status, detail=f"{detail}: environments may not fit", fix="uv cache prune")


def _hooks(facts: ProjectFacts, probe: Probe) -> Iterator[Check]:
    if not isinstance(facts.hooks, Tool):
        return
    program = next((name for name in ("prek", "pre-commit") if probe.which(name)), "")
    if program:
        yield Check(name="hooks", status="ok", detail=f"{program} is on PATH")
    else:
        detail = "the hooks stage brings its own tool; to run the hooks at each commit, install one"
        yield Check(name="hooks", status="note", detail=detail, fix="uv tool install prek")


def _trivy(probe: Probe) -> Check:
    version = _version(probe.run(("trivy", "--version"))) if probe.which("trivy") else ""
    if version:
        return Check(name="trivy", status="ok", detail=version)
    detail = "not on PATH; with it, the security stage also looks for secrets and misconfiguration"
    return Check(name="trivy", status="note", detail=detail, fix="brew install trivy" if probe.which("brew") else "")


def _safety_database(probe: Probe) -> Check:
    name = "safety database"
    configured = probe.variable(SAFETY_DATABASE)
    if configured:
        return Check(name=name, status="ok", detail=f"{SAFETY_DATABASE} is {configured}")
    detail = "none; dependencies are audited over the network alone"
    return Check(name=name, status="note", detail=detail, fix=f"export {SAFETY_DATABASE}=FOLDER")


def _version(printed: str | None) -> str:
    found = re.search(r"\d+(?:\.\d+)+", printed or "")
    return found[0] if found else ""


def _install(probe: Probe, package: str) -> str:
    command = next((command for program, command in _INSTALLERS.items() if probe.which(program)), "")
    return f"{command} {package}".strip() if command else ""
