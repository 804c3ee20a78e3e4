"""The gate between the preparation of a task and its own work."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from noxline.executors.control import Control

PREPARED = "prepared"
GO = "go"


@dataclass(kw_only=True, slots=True)
class Gate:
    """Notices when a task is prepared, says so once, and holds it back until it may proceed.

    A command that prepares by itself meets the gate in a `folder`: it makes the file `prepared` there and waits for the
    file `go`, a JSON object of the variables that tell it how many CPUs it may use.
    """

    control: Control
    begun: float
    announce: Callable[[float], None]
    folder: Path | None = None
    cpu_variables: tuple[str, ...] = ()
    setup_seconds: float = 0.0
    waited_seconds: float = 0.0
    problem: str = ""
    _since: float | None = None
    _is_open: bool = False

    def make(self) -> None:
        """Make the folder, empty."""
        if self.folder is not None:
            self._remove()
            self.folder.mkdir(parents=True)

    def _remove(self) -> None:
        if self.folder is not None and self.folder.is_dir():
            shutil.rmtree(self.folder)

    def arrive(self) -> None:
        """Say that the task is prepared."""
        self._since = time.monotonic()
        self.setup_seconds = self._since - self.begun
        self.announce(self.setup_seconds)

    def wait(self) -> None:
        """Wait until the task may proceed, or is cancelled."""
        self.control.proceed.wait()
        self._leave()

    def look(self) -> bool:
        """Look after a command that prepares by itself; return whether it goes on just now."""
        if self.folder is None or self._is_open or self.problem:
            return False
        if self._since is None and (self.folder / PREPARED).exists():
            self.arrive()
        if not self._may_open:
            return False
        try:
            self._open(self.folder)
        except OSError as error:
            self.problem = f"cannot tell it to go on: {error}"
            return False
        self._leave()
        return True

    @property
    def _may_open(self) -> bool:
        prepared = self._since is not None
        return prepared and self.control.proceed.is_set() and not self.control.cancelled.is_set()

    def _open(self, folder: Path) -> None:
        # Renamed into place: the command must not read a file that is still empty.
        draft = folder / f".{GO}"
        draft.write_text(json.dumps(self.variables), encoding="utf-8")
        draft.replace(folder / GO)

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment variables that say how many CPUs the task has now."""
        return dict.fromkeys(self.cpu_variables, str(self.control.cpus))

    @property
    def is_waiting(self) -> bool:
        """Tell whether the task is prepared and may not go on yet."""
        return self._since is not None and not self._is_open

    def end(self) -> None:
        """Take notice that the task ended: if it was still waiting, it waited until now. The folder goes."""
        if self.is_waiting:
            self._leave()
        with contextlib.suppress(OSError):  # it lies in the run directory, which goes as a whole one day
            self._remove()

    def _leave(self) -> None:
        self._is_open = True
        self.waited_seconds = time.monotonic() - (self._since or 0.0)
