"""Look at the store of this disk as a whole: what it holds, what of it is broken, and what to take out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from noxline.cache.blobs import UnsoundError, blob_path, is_sound, read_file, remove
from noxline.cache.codec import NotAnEntryError, decode
from noxline.cache.disk import LARGEST_ENTRY, LARGEST_RECORD
from noxline.cache.eviction import Item, Removed, clear, items, tidy, total
from noxline.cache.ledger import Tally
from noxline.cache.ledger import total as tally_of
from noxline.cache.place import root_of
from noxline.cache.seals import SealError, is_keyed, unchecked, unseal

__all__ = ["Broken", "Checked", "Holding", "clear_all", "holding", "prune", "verify"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """What a store holds; `oldest` and `newest` are the times of last use, in seconds since the epoch."""

    place: str
    size: int
    entries: int
    blobs: int
    records: int
    oldest: float | None
    newest: float | None
    tally: Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A file that was removed because it was not what it should be; `file` is its path in the store."""

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """How many files of each kind were read, and which were removed."""

    entries: int
    blobs: int
    records: int
    removed: tuple[Broken, ...]


def holding(place: str) -> Holding:
    """Return what the store at a place holds; one that is not there holds nothing."""
    found = list(items(root_of(place)))
    counts = _counts(found)
    used = [item.used for item in found]
    return Holding(
        place=place,
        size=total(found),
        oldest=min(used, default=None),
        newest=max(used, default=None),
        tally=tally_of(root_of(place)),
        **counts,
    )


def verify(place: str) -> Checked:
    """Read every file of a store, and remove what is broken. Raise OSError when one cannot be read.

    The seals of trusted entries need a key that is not at hand here; all else about them is checked.
    """
    root = root_of(place)
    # Blobs first: an entry whose blob was broken goes with it.
    found = sorted(items(root), key=lambda item: item.area != "blobs")
    removed = []
    for item in found:
        reason = _flaw(root, item)
        if reason:
            remove(item.path)
            removed.append(Broken(file=_about(root, item), reason=reason))
    return Checked(removed=tuple(removed), **_counts(found))


def prune(place: str, limit: int, older_than: float | None = None) -> Removed:
    """Remove the least recently used files down to `limit` bytes, and what was not used for so many seconds.

    Raise OSError when the store cannot be written.
    """
    root = root_of(place)
    if not os.path.isdir(root):
        return Removed(files=0, size=0, left=0)
    return tidy(root, limit, now=time.time(), older_than=older_than, down_to=1.0)


def clear_all(place: str) -> Removed:
    """Remove everything that noxline keeps in a store."""
    return clear(root_of(place))


def _counts(found: list[Item]) -> dict[str, Any]:
    areas = [item.area for item in found]
    return {area: areas.count(area) for area in ("entries", "blobs", "records")}


def _about(root: str, item: Item) -> str:
    return item.path[len(root) + 1 :]


def _flaw(root: str, item: Item) -> str:
    """Return what is wrong with a file; empty when nothing is, or when another run removed it meanwhile."""
    try:
        if item.area == "blobs":
            return "" if is_sound(item.path) else "its content is not what its name says"
        return next(_flaws(root, item), "")
    except FileNotFoundError:
        return ""
    except (UnsoundError, SealError, NotAnEntryError, ValueError, RecursionError) as error:
        return str(error)


def _flaws(root: str, item: Item) -> Iterator[str]:
    """Yield what is wrong with an entry or a record; raise the errors of those who read them."""
    data = read_file(item.path, max(LARGEST_ENTRY, LARGEST_RECORD + 1000))
    body = unchecked(data) if is_keyed(data) else unseal(data, _about(root, item), None)
    if item.area == "records":
        if len(body) > LARGEST_RECORD or not isinstance(json.loads(body), dict):
            yield "it is no record"
        return
    entry = decode(body, os.path.basename(item.path).removesuffix(".json"))
    for file in (*entry.files, entry.log, entry.inputs):
        if not os.path.isfile(blob_path(f"{root}/blobs", file.sha256)):
            yield f"its file {file.path} is gone"
