"""Has what a session does recorded, from the moment that its own work begins."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

INJECTED = str(Path(__file__).parents[1] / "injected")


def audit(folder: Path, *, own: bool) -> None:
    """Record the processes that sessions of this process of nox start; with `own` this process itself, too.

    What nox reads before, above all the noxfile, is in the fingerprint of every session by other ways.
    """
    from nox.sessions import Session, SessionRunner

    started = Session.__init__

    def begin(session: Session, runner: SessionRunner) -> None:
        started(session, runner)
        _begin(folder, own=own)

    Session.__init__ = begin  # type: ignore[method-assign,assignment]  # nox has no other way in


def _begin(folder: Path, *, own: bool) -> None:
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != INJECTED]
    os.environ["PYTHONPATH"] = os.pathsep.join([INJECTED, *entries])
    os.environ["NOXLINE_AUDIT"] = str(folder)
    if own:
        _record_here(str(folder))
    note = {"at": time.time(), "pid": os.getpid(), "own": own}
    (folder / "begin.json").write_text(json.dumps(note), encoding="utf-8")


def _record_here(folder: str) -> None:
    sys.path.insert(0, INJECTED)
    try:
        import _noxline_audit

        _noxline_audit.start(folder, os.environ["NOXLINE_ROOT"])
    finally:
        sys.path.remove(INJECTED)
