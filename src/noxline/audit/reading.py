"""Reads what the processes of one task left in the folder that they record into."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from noxline.audit.observed import Observed, Record, observed
from noxline.audit.strace import Trace

TRACE = "strace.out"
BEGIN = "begin.json"  # written by noxline.nox_bridge.audited when the session's own work begins
# Its answers come from the repository, which is no input; noxline's own sessions ask it for the list of files.
_SILENT = frozenset({"git"})


@dataclass(frozen=True, slots=True)
class _Begin:
    """When the session's work began, in which process of nox, and whether that one's own reads count."""

    at: float = 0.0
    pid: int = 0
    own: bool = True


def read_observed(folder: Path, root: Path) -> Observed | None:
    """Return what a task read and wrote since its session began; None when it never did."""
    begin = _begin(folder)
    if begin is None:
        return None
    files = {int(path.stem): path for path in folder.glob("*.txt") if path.stem.isdigit()}
    records = [record for path in files.values() for record in _hook_records(path)]
    trace = folder / TRACE
    if trace.exists():
        ignored = {pid: frozenset(r.name for r in _hook_records(path) if r.kind == "I") for pid, path in files.items()}
        records += _traced(trace, root, begin, ignored)
    return observed(
        (record for record in records if record.at >= begin.at),
        on_disk=lambda name: _kind(root / name),
        processes=len(files),
        traced=trace.exists(),
    )


def _begin(folder: Path) -> _Begin | None:
    try:
        return _Begin(**json.loads((folder / BEGIN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # the task ended before its session began


def _hook_records(path: Path) -> Iterator[Record]:
    """Give the records of one process; a last line that was cut by a kill or a full disk is passed over."""
    for line in path.read_bytes().split(b"\n")[:-1]:
        kind, at, name = [*line.decode("utf-8", "surrogateescape").split(" ", 2), "", ""][:3]
        try:
            yield Record(kind=kind, at=float(at), name=_plain(name))
        except ValueError:
            continue


def _plain(name: str) -> str:
    parts = name.split("\\\\")
    return "\\".join(part.replace("\\n", "\n") for part in parts)


def _traced(path: Path, root: Path, begin: _Begin, ignored: Mapping[int, frozenset[str]]) -> Iterator[Record]:
    """Give what strace saw.

    Only the audit hook can tell why an interpreter lists a folder or asks whether something is there: `ignored` holds,
    for each process that has one, what it passed over.
    """
    trace = Trace(str(root), str(root))
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        for one in trace.read(lines):
            if (one.pid == begin.pid and not begin.own) or one.program in _SILENT:
                continue
            watched = one.pid if one.pid in ignored else trace.forked_from(one.pid)
            if watched in ignored and (one.record.kind == "L" or (one.look and one.record.name in ignored[watched])):
                continue
            yield one.record


def _kind(path: Path) -> str:
    try:
        return "folder" if path.is_dir() else "file" if path.is_symlink() or path.exists() else ""
    except (OSError, ValueError):
        return ""
