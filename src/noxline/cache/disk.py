"""The store on this disk. Whatever is wrong with it is a miss and one warning, never an error.

Entries lie apart from the blobs that they name. What a use needs is imported by the use: a run pays for no more.
"""

from __future__ import annotations

import os
from hashlib import sha256

from noxline.cache import placing
from noxline.cache.blobs import (
    GoneError,
    UnsoundError,
    entry_path,
    is_sound,
    read_blob,
    read_file,
    remove,
    stage_file,
    stage_files,
    swap,
    touch,
)
from noxline.cache.place import LOCAL, TRUSTED, root_of, scope_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from noxline.model.cache import CacheEntry, Found, Kept
    from noxline.model.records import Merge, Record

LARGEST_RECORD = 32_000_000  # that of packing.py
# 2: with the time at which it was written.
_RECORD_SCHEMA = 2
LARGEST_ENTRY = 8_001_000  # that of codec.py and a seal
_HEX = frozenset("0123456789abcdef")


class DiskStore:
    """Entries, blobs and records below a folder; `warn` hears of each kind of trouble once.

    A scope reads what it wrote and nothing else. With `mac_key`, which no task may see, everything is sealed, and only
    what was sealed with it is read; the scope is then "trusted" unless another is given. `limit` is in bytes.
    """

    def __init__(
        self, place: str, *, warn: Callable[[str], None], limit: int, scope: str = "", mac_key: bytes | None = None
    ) -> None:
        self.scope = scope or (LOCAL if mac_key is None else TRUSTED)
        if self.scope == TRUSTED and not mac_key:
            raise ValueError("the trusted scope needs a key")
        self.root = root_of(place)
        self.blobs = f"{self.root}/blobs"
        self.entries = f"{self.root}/entries/{scope_folder(self.scope)}"
        self._place, self._limit, self._mac_key = place, limit, mac_key
        self._warn, self._warned = warn, set[str]()
        self._added = 0

    def find(self, digest: str, max_age: float | None = None) -> Found | None:  # noqa: ARG002 - the caller looks at it
        """Return the entry under a digest, however old, for it may be replaced here; one that is broken is removed."""
        if len(digest) != 64 or not _HEX.issuperset(digest):
            return None
        path = entry_path(self.entries, digest)
        data = self._read("entry", path, LARGEST_ENTRY)
        if data is None:
            return None
        from noxline.cache.codec import NotAnEntryError, decode
        from noxline.model.cache import Found

        try:
            found = Found(entry=decode(data, digest), source="local")
        except NotAnEntryError as error:
            self._drop("entry", path, str(error))
            return None
        touch((path,))
        return found

    def restore(self, found: Found, output: Path, log: Path) -> bool:
        """Put the files and the log of an entry in their places, all or none of them."""
        entry = found.entry
        files = ((file.path, file.size, file.sha256, file.executable) for file in entry.files)
        try:
            staged_log = stage_file(self.blobs, entry.log.size, entry.log.sha256, str(log))
            try:
                swap(stage_files(self.blobs, files, str(output)), str(output))
                swap(staged_log, str(log))
            finally:
                remove(staged_log)
        except (OSError, ValueError, UnsoundError) as error:
            self._missed(entry, error)
            return False
        return True

    def text(self, found: Found, name: str) -> bytes | None:
        """Return the blob called "log" or "inputs" of an entry."""
        file = {"log": found.entry.log, "inputs": found.entry.inputs}[name]
        try:
            return read_blob(self.blobs, file.size, file.sha256)
        except (OSError, UnsoundError) as error:
            self._missed(found.entry, error)
            return None

    def keep(self, kept: Kept) -> None:
        """Store an entry and its files, the entry last; what is there stays as it is, unless it was refused."""
        from noxline.cache.codec import NotAnEntryError, decode, encode

        entry = kept.entry
        digest = entry.fingerprint.digest
        try:
            body = encode(entry)
            decode(body, digest)  # what could not be read again is not stored either
            self._make()
            for file in entry.files:
                self._added += placing.put_file(self.blobs, f"{kept.output}/{file.path}", file.size, file.sha256)
            self._added += placing.put_file(self.blobs, kept.log, entry.log.size, entry.log.sha256)
            self._added += placing.put_bytes(self.blobs, kept.inputs, entry.inputs.sha256)
            self._added += self._write(entry_path(self.entries, digest), body, replace=kept.replaces)
        except (NotAnEntryError, UnsoundError, TypeError, ValueError) as error:
            self._say("unsound", f"the result of {entry.task} was not kept: {error}")
        except OSError as error:
            self._say("full", f"results are not kept in {self._place}: {error.strerror or error}")

    def read_record(self, kind: str, key: str, merge: Merge | None = None) -> Mapping[str, Any] | None:  # noqa: ARG002 - one needs no merging
        """Return a record of this scope, of which there is but one; None when there is none that can be read."""
        found = self.records(kind, key)
        return found[0].value if found else None

    def records(self, kind: str, key: str) -> tuple[Record, ...]:
        """Return the record of this scope with its time, or nothing."""
        path = self._record(kind, key)
        data = self._read("record", path, LARGEST_RECORD + 1000)
        if data is None:
            return ()
        import json

        from noxline.model.records import Record

        try:
            document = json.loads(data)
            record = Record(value=dict(document["value"]), at=float(document["at"]))
        except (ValueError, LookupError, TypeError, RecursionError):  # sealed, and yet none: another version's
            self._drop("record", path, "it is no record")
            return ()
        touch((path,))
        return (record,)

    def write_record(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Write a record; the last writer wins."""
        import time

        from noxline.model.records import Record

        self.put_record(kind, key, Record(value=value, at=time.time()))

    def put_record(self, kind: str, key: str, record: Record) -> None:
        """Write a record with its time."""
        import json

        document = {"at": record.at, "value": dict(record.value)}
        body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        if len(body) > LARGEST_RECORD:
            self._say("record size", f"a record of {kind} is larger than {LARGEST_RECORD} bytes and was not kept")
            return
        try:
            self._make()
            self._added += self._write(self._record(kind, key), body, replace=True)
        except OSError as error:
            self._say("full", f"results are not kept in {self._place}: {error.strerror or error}")

    def close(self) -> None:
        """Bring the store back to its size, when this run stored something; others may be using it."""
        added, self._added = self._added, 0
        if not added:
            return
        from noxline.cache.eviction import account

        try:
            account(self.root, added, self._limit)
        except OSError as error:
            self._say("eviction", f"the store in {self._place} cannot be tidied: {error.strerror or error}")

    def _record(self, kind: str, key: str) -> str:
        name = sha256(f"{_RECORD_SCHEMA} {key}".encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.root}/records/{scope_folder(self.scope)}/{scope_folder(kind)}/{name}.json"

    def _make(self) -> None:
        """Make the folder of the store, for its user alone; one that is there keeps its rights."""
        if not os.path.isdir(self._place):
            os.makedirs(self._place, mode=0o700, exist_ok=True)

    def _read(self, kind: str, path: str, limit: int) -> bytes | None:
        """Return the body of a sealed file; one that is broken or another's is removed."""
        from noxline.cache.seals import SealError, unseal

        try:
            return unseal(read_file(path, limit), self._about(path), self._mac_key)
        except FileNotFoundError:
            return None
        except (SealError, UnsoundError) as error:
            self._drop(kind, path, str(error))
        except OSError as error:
            self._say("unreadable", f"the store in {self._place} cannot be read: {error.strerror or error}")
        return None

    def _write(self, path: str, body: bytes, *, replace: bool = False) -> int:
        from noxline.cache.seals import seal

        data = seal(body, self._about(path), self._mac_key)
        return placing.space(len(data)) if placing.write_new(path, data, replace=replace) else 0

    def _about(self, path: str) -> str:
        return path[len(self.root) + 1 :]

    def _missed(self, entry: CacheEntry, error: Exception) -> None:
        """Take out an entry that cannot be restored, and the blob that is to blame."""
        blob = error.blob if isinstance(error, UnsoundError) else ""
        if not isinstance(error, UnsoundError):
            reason = error.strerror if isinstance(error, OSError) else error
            self._say("restore", f"the result of {entry.task} could not be restored: {reason}")
            return
        remove(entry_path(self.entries, entry.fingerprint.digest))
        if isinstance(error, GoneError):
            return
        if blob and not _sound(blob):
            remove(blob)
        self._say("broken", f"the stored result of {entry.task} cannot be used and was removed: {error} ({blob})")

    def _drop(self, kind: str, path: str, reason: str) -> None:
        remove(path)
        self._say(kind, f"a stored {kind} cannot be used and was removed: {reason} ({path})")

    def _say(self, kind: str, message: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            self._warn(message)


def _sound(blob: str) -> bool:
    try:
        return is_sound(blob)
    except OSError:
        return False
