"""What `noxline doctor` looks at: pure checks over a small probe of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Status = Literal["ok", "missing", "note"]


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
