"""Keep noxline's own noxfile below `.noxline/`, for the stages that a project's own does not define."""

from __future__ import annotations

from pathlib import Path

from noxline.errors import MachineError
from noxline.system.files import write_atomic

_NOXFILE = '''\
"""noxline's own noxfile: the standard sessions. It is written anew when it differs; do not edit it."""

from noxline.sessions.register import register

register()
'''


def write_standard_noxfile(root: Path) -> Path:
    """Return `.noxline/noxfile.py` of a project, written when it is missing or differs."""
    noxfile = root / ".noxline" / "noxfile.py"
    try:
        _keep(root / ".noxline" / ".gitignore", "*\n")
        _keep(noxfile, _NOXFILE)
    except OSError as error:
        raise MachineError(f"cannot write below the project: {error.strerror}", place=str(noxfile)) from error
    return noxfile


def _keep(path: Path, content: str) -> None:
    try:
        if path.read_text(encoding="utf-8") == content:
            return
    except (OSError, UnicodeDecodeError):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, content)
