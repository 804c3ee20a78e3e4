"""A task's result as the store takes it: the files it left, each with its digest."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from noxline.inputs.outputs import COVERAGE, ROOT
from noxline.model.cache import CacheEntry, Fingerprint, Kept, StoredFile
from noxline.model.task import Outcome
from noxline.version import __version__

_CHUNK = 1 << 20


def kept_result(
    fingerprint: Fingerprint,
    *,
    task: str,
    outcome: Outcome,
    output: Path,
    log: Path,
    inputs: bytes,
    output_digest: str,
) -> Kept:
    """Return what is to be stored of a task that passed; may raise OSError."""
    entry = CacheEntry(
        fingerprint=fingerprint,
        task=task,
        seconds=round(outcome.seconds, 3),
        cpu_seconds=round(outcome.cpu_seconds, 3),
        setup_seconds=round(outcome.setup_seconds, 3),
        warnings=outcome.warnings,
        output_digest=output_digest,
        files=stored_files(output),
        log=_stored(log, "log"),
        inputs=StoredFile(path="inputs", size=len(inputs), sha256=sha256(inputs).hexdigest()),
        created=time.time(),
        machine=str(fingerprint.components["machine"]),
        writer=__version__,
    )
    return Kept(entry=entry, output=str(output), log=str(log), inputs=inputs)


def note_root(output: Path, root: Path) -> None:
    """Say beside coverage data where the project lay: the data names files by whole paths, and others take it."""
    if next(output.glob(f"{COVERAGE}*"), None) is not None:
        (output / ROOT).write_text(os.path.realpath(root), encoding="utf-8")


def stored_files(output: Path) -> tuple[StoredFile, ...]:
    """Return the regular files below an output directory; links are left out, for they may lead anywhere."""
    found = []
    for folder, folders, names in os.walk(output):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                found.append(_stored(path, path.relative_to(output).as_posix()))
    return tuple(found)


def _stored(path: Path, name: str) -> StoredFile:
    whole, size = sha256(), 0
    with path.open("rb") as file:
        executable = bool(os.fstat(file.fileno()).st_mode & 0o100)
        while data := file.read(_CHUNK):
            whole.update(data)
            size += len(data)
    return StoredFile(path=name, size=size, sha256=whole.hexdigest(), executable=executable)


def moved(
    before: Mapping[str, tuple[int, ...]], after: Mapping[str, tuple[int, ...]], touches: Mapping[tuple[str, int], int]
) -> list[str]:
    """Return the files of which something moved between two looks; what noxline itself did to their times is nothing.

    A look holds size, time of modification, time of change, inode and mode; `touches` maps a file's name and a time of
    change to the one after noxline had touched it.
    """
    return [
        name
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name) and not _only_touched(name, before.get(name), after.get(name), touches)
    ]


def _only_touched(
    name: str, old: tuple[int, ...] | None, new: tuple[int, ...] | None, touches: Mapping[tuple[str, int], int]
) -> bool:
    if old is None or new is None or (old[:2], old[3:]) != (new[:2], new[3:]):
        return False
    moment, seen = old[2], set[int]()
    while moment != new[2]:
        if moment in seen or (name, moment) not in touches:
            return False
        seen.add(moment)
        moment = touches[name, moment]
    return True
