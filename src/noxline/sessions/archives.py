"""Compare two archives member by member, to name what makes a build differ from the next."""

from __future__ import annotations

import tarfile
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """What one member of an archive is: its content, and what the archive says about it."""

    content: str
    time: object
    mode: object
    owner: object = None


def differences(first: Path, second: Path) -> list[str]:
    """Return in what two archives differ; nothing when they are the same byte by byte.

    Members whose content differs are named; times, modes and owners, which tend to differ everywhere, are counted.
    """
    if first.read_bytes() == second.read_bytes():
        return []
    left, right = members(first), members(second)
    both = sorted(left.keys() & right.keys())
    found = sorted(left.keys() ^ right.keys()) + [name for name in both if left[name].content != right[name].content]
    for what in ("time", "mode", "owner"):
        count = sum(getattr(left[name], what) != getattr(right[name], what) for name in both)
        if count:
            found.append(f"{what}s of {count} members")
    return found or ["order or compression of the members"]


def members(path: Path) -> dict[str, Member]:
    """Return the members of a wheel or sdist by name; any other file is its own only member."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            return {
                entry.filename: Member(
                    content=_digest(wheel.read(entry)), time=entry.date_time, mode=entry.external_attr
                )
                for entry in wheel.infolist()
            }
    if not tarfile.is_tarfile(path):
        return {path.name: Member(content=_digest(path.read_bytes()), time=None, mode=None)}
    with tarfile.open(path) as sdist:
        return {entry.name: _tar_member(sdist, entry) for entry in sdist}


def _tar_member(sdist: tarfile.TarFile, entry: tarfile.TarInfo) -> Member:
    file = sdist.extractfile(entry) if entry.isfile() else None
    content = _digest(file.read()) if file else entry.linkname
    owner = (entry.uid, entry.gid, entry.uname, entry.gname)
    return Member(content=content, time=entry.mtime, mode=entry.mode, owner=owner)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
