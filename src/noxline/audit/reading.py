"""Reads what the processes of one task left in the folder that they record into."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from noxline.audit.observed import Observed, Record, observed
from noxline.audit.strace import Trace, Traced

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
    hooked = _hooked(folder)
    records = [*chain.from_iterable(hooked.values())]
    trace = folder / TRACE
    if trace.exists():
        records += _traced(trace, root, begin, _ignored(hooked))
    return observed(
        (record for record in records if record.at >= begin.at),
        on_disk=lambda name: _kind(root / name),
        processes=len(hooked),
        traced=trace.exists(),
    )


def _begin(folder: Path) -> _Begin | None:
    try:
        return _Begin(**json.loads((folder / BEGIN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # the task ended before its session began


def _hooked(folder: Path) -> Mapping[int, Sequence[Record]]:
    """Return what the audit hook recorded in each process that has one."""
    return {int(path.stem): tuple(_hook_records(path)) for path in folder.glob("*.txt") if path.stem.isdigit()}


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


def _ignored(hooked: Mapping[int, Iterable[Record]]) -> Mapping[int, frozenset[str]]:
    return {pid: frozenset(one.name for one in records if one.kind == "I") for pid, records in hooked.items()}


def _traced(path: Path, root: Path, begin: _Begin, ignored: Mapping[int, frozenset[str]]) -> Iterator[Record]:
    """Give what strace saw.

    Only the audit hook can tell why an interpreter lists a folder or asks whether something is there: `ignored` holds,
    for each process that has one, what it passed over.
    """
    trace = Trace(str(root), str(root))
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        for one in trace.read(lines):
            watched = one.pid if one.pid in ignored else trace.forked_from(one.pid)
            if _counts(one, begin) and not _is_for_hook(one, ignored.get(watched)):
                yield one.record


def _counts(one: Traced, begin: _Begin) -> bool:
    return (one.pid != begin.pid or begin.own) and one.program not in _SILENT


def _is_for_hook(one: Traced, ignored: Collection[str] | None) -> bool:
    """Tell whether the audit hook decides about a record; `ignored` is None where there is no hook."""
    return ignored is not None and (one.record.kind == "L" or (one.look and one.record.name in ignored))


def _kind(path: Path) -> str:
    try:
        return "folder" if path.is_dir() else "file" if path.is_symlink() or path.exists() else ""
    except (OSError, ValueError):
        return ""
