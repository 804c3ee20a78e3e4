"""The record of what each test of a suite depends on, as it is kept from run to run."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import msgspec

from noxline.testing.moves import Change, Moved

# 4: with the tests in which something moved.
SCHEMA = 4
ABSENT = "absent"


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A block as it was: its name, its digest, the lines of its nodes (blocks.Block)."""

    name: str
    digest: str
    places: tuple[int, ...]


class File(msgspec.Struct, frozen=True, array_like=True):
    """A source file as it was: the digest of its bytes, its blocks (the module first), the files that it imports."""

    digest: str
    blocks: tuple[Kept, ...]
    imports: tuple[str, ...]


class Datum(msgspec.Struct, frozen=True, array_like=True):
    """A file that was read as data (R) or a folder that was listed (L), with the digest of what was there."""

    kind: str
    path: str
    digest: str


class Unit(msgspec.Struct, frozen=True, array_like=True):
    """What ran in one context: numbers of blocks and of data; by the number of a file, its lines and its branches.

    `readers` says by the number of a datum which blocks read it. `apart`: its lines do not count as covered by the
    suite, for a child process ran them.
    """

    blocks: tuple[int, ...]
    data: tuple[int, ...]
    lines: dict[int, tuple[int, ...]] = {}
    arcs: dict[int, tuple[tuple[int, int], ...]] = {}
    readers: dict[int, tuple[int, ...]] = {}
    apart: bool = False


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A test: its file, its units, why it cannot be followed, and its line in the record of its run.

    `left` is the unit of what it depends on although other tests ran it.
    """

    id: str
    file: str
    units: tuple[int, ...]
    left: int
    open: str
    event: dict[str, Any]


class Record(msgspec.Struct, frozen=True):
    """All that is known of one suite after a run.

    `blocks` says of each block's number in which file it is, and which one there. `imports` are the units of what ran
    while a file was imported, `observed` who was seen to import whom, `everyone` the units on which all tests depend,
    `base` the files that all of them import. `watched` are files beside the code that nobody was seen to read; `sought`
    the names that are imported, `changed` those that held something else after tests than before. `places` are by file
    those which may last from its source alone, `moves` those of them that were watched to the end, `stored` the
    attributes that its functions store.
    """

    environment: str
    branch: bool
    names: tuple[str, ...]
    files: dict[str, File]
    blocks: tuple[tuple[int, int], ...]
    data: tuple[Datum, ...]
    watched: dict[str, str]
    sought: frozenset[str]
    units: tuple[Unit, ...]
    imports: dict[str, int]
    everyone: tuple[int, ...]
    base: tuple[str, ...]
    observed: tuple[tuple[str, str], ...]
    changed: dict[str, Change]
    places: dict[str, tuple[tuple[str, ...], ...]]
    moves: tuple[Moved, ...]
    stored: dict[str, tuple[str, ...]]
    tests: tuple[Entry, ...]
    schema: int = SCHEMA


_DECODER = msgspec.msgpack.Decoder(Record)


def write_record(path: Path, record: Record) -> None:
    """Write a record; it is renamed into its place when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(zlib.compress(msgspec.msgpack.encode(record), 1))
    new.replace(path)


def read_record(path: Path) -> Record | None:
    """Return a record; None when there is none of this kind, for then everything runs."""
    try:
        record = _DECODER.decode(zlib.decompress(path.read_bytes()))
    except (OSError, zlib.error, msgspec.MsgspecError):
        return None
    return record if record.schema == SCHEMA else None
