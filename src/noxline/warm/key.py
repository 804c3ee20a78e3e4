"""What a snapshot is of: a command, in a folder, with these variables and this output, by this noxline."""

from __future__ import annotations

import os
import sys

from noxline.inputs.canonical import digest
from noxline.version import __version__
from noxline.warm.witness import variables_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA = 2
FOLDER = ".noxline/state/warm"
_MOMENT: list[int] = []  # looked up once in a process


def key_of(arguments: Sequence[str], folder: str, environ: Mapping[str, str], style: str) -> str:
    """Return the name of the snapshot for these arguments, in this folder, with these variables and this output."""
    program = [SCHEMA, __version__, sys.executable, sys.version, str(source_moment()), str(cores())]
    return digest([*program, folder, list(arguments), variables_digest(environ), style])


def cores() -> int:
    """Return the number of CPUs this process may use: pipelines are cut to it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def source_moment() -> int:
    """Return when noxline's own source changed last, where it is a working copy; 0 where it is installed."""
    if not _MOMENT:
        _MOMENT.append(_source_moment())
    return _MOMENT[0]


def _source_moment() -> int:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if "site-packages" in package or "dist-packages" in package:
        return 0
    newest, pending = 0, [package]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    pending.append(entry.path)
                elif entry.name.endswith((".py", ".css")):
                    newest = max(newest, entry.stat().st_mtime_ns)
    return newest


def style_key() -> str:
    """Return what the standard streams can show."""
    shown = []
    for stream in (sys.stdout, sys.stderr):
        terminal = stream.isatty()
        width = os.get_terminal_size(stream.fileno()).columns if terminal else 0
        shown.append(f"{terminal} {width} {stream.encoding}")
    return " ".join(shown)
