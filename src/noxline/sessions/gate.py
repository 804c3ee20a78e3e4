"""The place where a session that has installed everything waits until noxline has CPUs for its own work."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nox

GATE = "NOXLINE_GATE"
_PAUSE = 0.02


def pass_gate(session: nox.Session) -> None:
    """Say that everything is installed, and wait for leave to go on; with plain nox there is no gate.

    The gate is a folder: the session makes `prepared` in it, and noxline `go` with the variables that hold the number
    of its CPUs, which was not known before.
    """
    given = os.environ.pop(GATE, None)
    if given is None:
        return
    gate, parent = Path(given), os.getppid()
    (gate / "prepared").touch()
    while not (gate / "go").exists():
        if os.getppid() != parent:
            session.error("noxline is gone")
        time.sleep(_PAUSE)
    os.environ.update(json.loads((gate / "go").read_text(encoding="utf-8")))
