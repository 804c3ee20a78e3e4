"""An entry as JSON and back; what comes from outside is decoded strictly, and nothing of it is believed unchecked."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NoReturn

from noxline.cache.blobs import is_inside
from noxline.inputs.canonical import digest
from noxline.model.cache import CacheEntry, Fingerprint, StoredFile

SCHEMA = 1
_NUMBERS = ("seconds", "cpu_seconds", "setup_seconds", "created")
_TEXTS = ("task", "output_digest", "machine", "writer")
LARGEST = 8_000_000  # bytes of an entry; a larger one is not ours
_LARGEST_FILE = 1 << 62
_HEX = frozenset("0123456789abcdef")

__all__ = ["LARGEST", "NotAnEntryError", "decode", "encode", "is_inside"]


class NotAnEntryError(ValueError):
    """These bytes are no entry, or not the one that was asked for."""


def encode(entry: CacheEntry) -> bytes:
    """Return an entry as JSON; raise ValueError or TypeError for what JSON does not have."""
    document = {"schema": SCHEMA, **asdict(entry)}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def decode(data: bytes, key: str) -> CacheEntry:
    """Return the entry under a key; raise NotAnEntryError for anything else, also for an entry under another key."""
    if len(data) > LARGEST:
        raise NotAnEntryError(f"it is larger than {LARGEST} bytes")
    try:
        entry = _entry(json.loads(data, parse_constant=_no_number))
        own = digest(entry.fingerprint.components)
    except NotAnEntryError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotAnEntryError(f"it cannot be read: {error}") from error
    if entry.fingerprint.digest != key or own != key:
        raise NotAnEntryError("it belongs to another fingerprint")
    return entry


def _no_number(text: str) -> NoReturn:
    raise NotAnEntryError(f"it has {text} where a number belongs")


def _entry(document: dict[str, Any]) -> CacheEntry:
    if document.pop("schema") != SCHEMA:
        raise NotAnEntryError("it was written by another version of noxline")
    fingerprint = Fingerprint(**document.pop("fingerprint"))
    if type(fingerprint.components) is not dict:
        raise NotAnEntryError("it has a fingerprint without components")
    files = tuple(_file(row) for row in _list(document.pop("files")))
    _check_places([file.path for file in files])
    log, inputs = _file(document.pop("log")), _file(document.pop("inputs"))
    warnings = tuple(map(_text, _list(document.pop("warnings"))))
    rest: dict[str, Any] = {name: _number(document.pop(name)) for name in _NUMBERS}
    rest |= {name: _text(document.pop(name)) for name in _TEXTS}
    if document:
        raise NotAnEntryError(f"it has unknown parts: {', '.join(sorted(document))}")
    return CacheEntry(fingerprint=fingerprint, files=files, log=log, inputs=inputs, warnings=warnings, **rest)


def _file(row: dict[str, Any]) -> StoredFile:
    file = StoredFile(**row)
    if len(_text(file.sha256)) != 64 or not _HEX.issuperset(file.sha256):
        raise NotAnEntryError(f"it has a file without a proper digest: {file.path!r}")
    if type(file.size) is not int or not 0 <= file.size <= _LARGEST_FILE or type(file.executable) is not bool:
        raise NotAnEntryError(f"it has a file without a proper size or mode: {file.path!r}")
    if not is_inside(_text(file.path)):
        raise NotAnEntryError(f"it has a file that would lie outside its folder: {file.path!r}")
    file.path.encode("utf-8", "surrogateescape")  # ValueError: no file system has such a name
    return file


def _check_places(paths: Sequence[str]) -> None:
    """Raise NotAnEntryError when two files would lie at one place, or one below another."""
    places = set(paths)
    if len(places) != len(paths):
        raise NotAnEntryError("it has two files of one name")
    folders = {path[:index] for path in paths for index, sign in enumerate(path) if sign == "/"}
    if folders & places:
        raise NotAnEntryError("it has a file and a folder of one name")


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise NotAnEntryError(f"it has {value!r} where a list belongs")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not (math.isfinite(value) and value >= 0):
        raise NotAnEntryError(f"it has {value!r} where a number from 0 up belongs")
    return float(value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise NotAnEntryError(f"it has {value!r} where text belongs")
    return value
