"""An entry as JSON and back; what comes from outside is decoded strictly, and nothing of it is believed unchecked."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from noxline.inputs.canonical import digest
from noxline.model.cache import CacheEntry, Fingerprint, StoredFile

SCHEMA = 1
_NUMBERS = ("seconds", "cpu_seconds", "setup_seconds", "created")
_TEXTS = ("task", "output_digest", "machine", "writer")
LARGEST = 8_000_000  # bytes of an entry; a larger one is not ours


class NotAnEntryError(ValueError):
    """These bytes are no entry, or not the one that was asked for."""


def encode(entry: CacheEntry) -> bytes:
    """Return an entry as JSON."""
    return json.dumps({"schema": SCHEMA, **asdict(entry)}, sort_keys=True, separators=(",", ":")).encode()


def decode(data: bytes, key: str) -> CacheEntry:
    """Return the entry under a key; raise NotAnEntryError for anything else, also for an entry under another key."""
    if len(data) > LARGEST:
        raise NotAnEntryError(f"it is larger than {LARGEST} bytes")
    try:
        document = json.loads(data)
        entry = _entry(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotAnEntryError(f"it cannot be read: {error}") from error
    if entry.fingerprint.digest != key or digest(entry.fingerprint.components) != key:
        raise NotAnEntryError("it belongs to another fingerprint")
    return entry


def _entry(document: dict[str, Any]) -> CacheEntry:
    if document.pop("schema") != SCHEMA:
        raise NotAnEntryError("it was written by another version of noxline")
    fingerprint = Fingerprint(**document.pop("fingerprint"))
    files = tuple(_file(row) for row in document.pop("files"))
    log, inputs = _file(document.pop("log")), _file(document.pop("inputs"))
    warnings = tuple(map(_text, document.pop("warnings")))
    rest: dict[str, Any] = {name: float(document.pop(name)) for name in _NUMBERS}
    rest |= {name: _text(document.pop(name)) for name in _TEXTS}
    if document:
        raise NotAnEntryError(f"it has unknown parts: {', '.join(sorted(document))}")
    return CacheEntry(fingerprint=fingerprint, files=files, log=log, inputs=inputs, warnings=warnings, **rest)


def _file(row: dict[str, Any]) -> StoredFile:
    file = StoredFile(**row)
    sound = len(_text(file.sha256)) == 64 and set(file.sha256) <= set("0123456789abcdef")
    if not sound or type(file.size) is not int or file.size < 0 or type(file.executable) is not bool:
        raise NotAnEntryError(f"it has a file without a proper digest: {file.path!r}")
    if not is_inside(_text(file.path)):
        raise NotAnEntryError(f"it has a file that would lie outside its folder: {file.path!r}")
    return file


def is_inside(path: str) -> bool:
    """Tell whether a path of an entry stays inside the folder it is restored to, on every system.

    >>> is_inside("a/b.txt"), is_inside("../x"), is_inside("/x"), is_inside("a/./b"), is_inside("C:x")
    (True, False, False, False, False)
    """
    parts = path.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not set(path) & set("\\:\0\n")


def _text(value: Any) -> str:
    if type(value) is not str:
        raise NotAnEntryError(f"it has {value!r} where text belongs")
    return value
