"""Answer the questions of `noxline doctor` from the machine that it runs on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from noxline.errors import MachineError
from noxline.system import process


@dataclass(frozen=True, kw_only=True)
class MachineProbe:
    """The `Probe` of the real machine; how interpreters are found is given from outside."""

    find_interpreters: Callable[[], Sequence[str]]
    timeout: float = 10.0

    def which(self, program: str) -> str | None:
        """Return the path of a program on PATH."""
        return shutil.which(program)

    def run(self, argv: Sequence[str]) -> str | None:
        """Return what a command prints, stripped; None when it fails, does not end or is not there."""
        try:
            done = process.run(argv, timeout=self.timeout)
        except MachineError:
            return None
        return (done.out or done.err).strip() if done.code == 0 else None

    def interpreters(self) -> Sequence[str]:
        """Return the Python versions ("3.12") that are found on this machine."""
        return self.find_interpreters()

    def free_bytes(self, path: Path) -> int:
        """Return the free space of the disk that holds a path, which may not exist yet."""
        return shutil.disk_usage(_existing(path)).free

    def writable(self, path: Path) -> bool:
        """Tell whether a folder can be written, or made where it does not exist yet."""
        return os.access(_existing(path), os.W_OK | os.X_OK)

    def variable(self, name: str) -> str | None:
        """Return an environment variable."""
        return os.environ.get(name)


def _existing(path: Path) -> Path:
    """Return the path itself or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
