"""What `noxline doctor` says of machines that have everything, and of those that do not."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from noxline.settings.facts import Origin, ProjectFacts, Tool
from noxline.settings.health import Check, checks
from tests.settings.project_facts import facts_of

GIGABYTE = 1024**3
ROOT = Path("/p")
PRINTS = {
    ("git", "--version"): "git version 2.39.5",
    (sys.executable, "-m", "uv", "--version"): "uv 0.13.9 (abc 2026-10-01)",
    (sys.executable, "-c", "import importlib.metadata; print(importlib.metadata.version('nox'))"): "2026.10.20",
    ("git", "-C", "/p", "rev-parse", "--show-toplevel"): "/p",
    ("trivy", "--version"): "Version: 0.59.1",
}


@dataclass(frozen=True, kw_only=True)
class FakeProbe:
    """A machine as a table of answers."""

    prints: Mapping[tuple[str, ...], str] = field(default_factory=lambda: PRINTS)
    programs: frozenset[str] = frozenset({"git", "trivy", "prek"})
    found: tuple[str, ...] = ("3.10", "3.11")
    free: int = 40 * GIGABYTE
    can_write: bool = True
    variables: Mapping[str, str] = field(default_factory=lambda: {"NOXLINE_SAFETY_DB": "/db"})

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self.programs else None

    def run(self, argv: Sequence[str]) -> str | None:
        return self.prints.get(tuple(argv))

    def interpreters(self) -> Sequence[str]:
        return self.found

    def free_bytes(self, path: Path) -> int:
        assert path == ROOT / ".noxline"
        return self.free

    def writable(self, path: Path) -> bool:
        assert path == ROOT / ".noxline"
        return self.can_write

    def variable(self, name: str) -> str | None:
        return self.variables.get(name)


def without(*programs: str) -> Mapping[tuple[str, ...], str]:
    return {argv: text for argv, text in PRINTS.items() if not set(programs) & set(argv)}


def one(name: str, facts: ProjectFacts | None = None, **machine: Any) -> Check:
    found = checks(facts or facts_of(ROOT), FakeProbe(**machine))
    return next(check for check in found if check.name == name)


def test_a_machine_that_has_everything() -> None:
    hooks = Tool(name="prek", command=("prek",), installs=(), origin=Origin(file=".pre-commit-config.yaml"))
    found = checks(facts_of(ROOT, hooks=hooks), FakeProbe())
    assert [(check.name, check.status, check.detail) for check in found] == [
        ("git", "ok", "2.39.5"),
        ("uv", "ok", "0.13.9"),
        ("nox", "ok", "2026.10.20"),
        ("Python 3.10", "ok", "the project declares it, the machine has it"),
        ("Python 3.11", "ok", "the project declares it, the machine has it"),
        ("repository", "ok", "the project is in a git repository"),
        ("state", "ok", "/p/.noxline can be written"),
        ("disk", "ok", "40.0 GB free for /p/.noxline"),
        ("hooks", "ok", "prek is on PATH"),
        ("trivy", "ok", "0.59.1"),
        ("safety database", "ok", "NOXLINE_SAFETY_DB is /db"),
    ]
    assert not any(check.fix for check in found)


def test_outside_a_project_only_the_machine_is_looked_at() -> None:
    names = [check.name for check in checks(None, FakeProbe())]
    assert names == ["git", "uv", "nox", "Python", "trivy", "safety database"]


@pytest.mark.parametrize(
    ("name", "machine", "check"),
    [
        (
            "git",
            {"prints": without("git"), "programs": frozenset({"apt-get"})},
            Check(name="git", status="missing", detail="git is not on PATH", fix="sudo apt-get install git"),
        ),
        (
            "git",
            {"prints": without("git"), "programs": frozenset()},
            Check(name="git", status="missing", detail="git is not on PATH"),
        ),
        (
            "uv",
            {"prints": without("uv")},
            Check(
                name="uv",
                status="missing",
                detail="uv makes the environments and is not there",
                fix=f"{sys.executable} -m pip install --upgrade uv",
            ),
        ),
        (
            "uv",
            {"prints": {("uv", "--version"): "uv 0.7.22"}},
            Check(
                name="uv",
                status="missing",
                detail="0.7.22 is too old: 0.8 at least",
                fix=f"{sys.executable} -m pip install --upgrade uv",
            ),
        ),
        (
            "nox",
            {"prints": {}},
            Check(
                name="nox",
                status="missing",
                detail="nox is not beside noxline",
                fix=f"{sys.executable} -m pip install nox",
            ),
        ),
        (
            "Python 3.11",
            {"found": ("3.10", "3.13")},
            Check(
                name="Python 3.11",
                status="missing",
                detail="the project declares it; on this machine: 3.10, 3.13",
                fix="uv python install 3.11",
            ),
        ),
        (
            "repository",
            {"prints": {}},
            Check(
                name="repository",
                status="note",
                detail="no git repository: every file counts as the project's, ignored ones too",
                fix="git init /p",
            ),
        ),
        (
            "state",
            {"can_write": False},
            Check(
                name="state",
                status="missing",
                detail="/p/.noxline cannot be written: runs and environments are kept there",
                fix="chmod u+rwx /p",
            ),
        ),
        (
            "disk",
            {"free": GIGABYTE},
            Check(
                name="disk",
                status="note",
                detail="1.0 GB free for /p/.noxline: environments may not fit",
                fix="uv cache prune",
            ),
        ),
        (
            "disk",
            {"free": GIGABYTE // 10},
            Check(
                name="disk",
                status="missing",
                detail="0.1 GB free for /p/.noxline: environments may not fit",
                fix="uv cache prune",
            ),
        ),
        (
            "trivy",
            {"programs": frozenset({"brew"})},
            Check(
                name="trivy",
                status="note",
                detail="not on PATH; with it, the security stage also looks for secrets and misconfiguration",
                fix="brew install trivy",
            ),
        ),
        (
            "safety database",
            {"variables": {}},
            Check(
                name="safety database",
                status="note",
                detail="none; dependencies are audited over the network alone",
                fix="export NOXLINE_SAFETY_DB=FOLDER",
            ),
        ),
    ],
)
def test_what_is_missing_comes_with_the_command_that_mends_it(name: str, machine: dict[str, Any], check: Check) -> None:
    assert one(name, **machine) == check


def test_hooks_without_a_tool_are_a_note() -> None:
    hooks = Tool(name="prek", command=("prek",), installs=(), origin=Origin(file=".pre-commit-config.yaml"))
    assert one("hooks", facts_of(ROOT, hooks=hooks), programs=frozenset()) == Check(
        name="hooks",
        status="note",
        detail="the hooks stage brings its own tool; to run the hooks at each commit, install one",
        fix="uv tool install prek",
    )


def test_a_project_that_declares_no_python() -> None:
    facts = facts_of(ROOT, pythons=())
    assert one("Python", facts) == Check(name="Python", status="ok", detail="on this machine: 3.10, 3.11")
    assert one("Python", facts, found=()).status == "missing"
