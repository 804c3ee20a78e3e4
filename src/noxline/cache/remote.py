"""Entries and records on a server that others read and write too: signed, verified, and never overwritten.

    v1/<namespace>/entries/ab/<digest>[.<slot>]     signature, entry and its small files, zstd
    v1/<namespace>/blobs/ab/<sha256>[.<part>].zst   larger files
    v1/<namespace>/runs/ab/<digest>[.<slot>]        signature, what a run says, and its entries as they were signed
    v1/<namespace>/records/<kind>/<hash of its key> signature and record, zstd

A run writes one namespace, `trusted` or `scope/NAME`; it reads `trusted` and its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from noxline.cache import codec, frames, layout, packing
from noxline.cache.breaker import Breaker
from noxline.cache.download import LocalBlobs, Source, download, download_one
from noxline.cache.envelope import HEADER, ForeignError, seal, unseal
from noxline.cache.failures import GarbageError, MissingError, TransportError
from noxline.cache.signing import TRUSTED, Keyring, Signer, Statement
from noxline.cache.upload import ChangedError, Contents, upload
from noxline.model.cache import Found, Kept
from noxline.model.records import Merge, Record, merged, newest

_LARGEST = frames.largest(layout.LARGEST_BODY) + HEADER


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFound(Found):
    """An entry from a remote, with the namespace it lies in and the small files that came with it."""

    namespace: str
    pack: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Whom a run believes, what it writes, and with which key; without a key it writes nothing."""

    namespace: str
    keys: Keyring
    signer: Signer | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the namespaces that are read, in their order."""
        return tuple(dict.fromkeys((TRUSTED, self.namespace)))


class RemoteStore:
    """A CacheStore behind a breaker. Whatever the remote does is a miss; each kind of trouble is told once."""

    def __init__(
        self,
        breaker: Breaker,
        access: Access,
        *,
        say: Callable[[str], None],
        local: LocalBlobs = lambda _blob, _file: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._breaker = breaker
        self._access = access
        self._say = say
        self._local = local
        self._clock = clock
        self._told: set[str] = set()

    def find(self, digest: str, max_age: float | None = None) -> RemoteFound | None:
        """Return the entry under a fingerprint's digest that a listed key signed, and that is young enough."""
        now = self._clock()
        for namespace in self._access.reads:
            for name in layout.slots(digest, max_age, now):
                try:
                    found = self._find(namespace, digest, name)
                except TransportError as error:
                    self._note(error)
                    return None
                if found is not None and found.entry.is_young(max_age, now):
                    return found
        return None

    def restore(self, found: Found, output: Path, log: Path) -> bool:
        """Put the files and the log of an entry in place, once all of them are here and have their digests."""
        try:
            remote = self._with_pack(found)
            if remote is None:
                return False
            download(self._source(remote), remote.entry, output=output, log=log)
        except TransportError as error:
            self._note(error)
            return False
        except OSError as error:
            self._tell("disk", f"a result from the remote cache could not be written: {error}")
            return False
        return True

    def text(self, found: Found, name: str) -> bytes | None:
        """Return the blob called "log" or "inputs"; None when it is not to be had."""
        blob = {"log": found.entry.log, "inputs": found.entry.inputs}[name]
        try:
            remote = self._with_pack(found)
            return None if remote is None else download_one(self._source(remote), blob)
        except TransportError as error:
            self._note(error)
            return None

    def keep(self, kept: Kept) -> None:
        """Sign and upload an entry, its blobs first; nothing that is there is overwritten."""
        signer = self._signer()
        names = layout.slots(kept.entry.fingerprint.digest, kept.max_age, kept.entry.created)
        if signer is None or kept.entry.machine or not names or not self._breaker.takes:
            return  # what holds for one machine only is nobody else's
        key, name = names[0], self._name(layout.entry_name(names[0]))
        try:
            if self._breaker.exists(name):
                return
            body = upload(self._breaker, Contents(kept), prefix=self._name(""))
            self._breaker.put_new(name, seal(self._statement("entry", key, body), signer))
        except TransportError as error:
            self._note(error)
        except (OSError, ChangedError) as error:
            self._tell("keep", f"the result of {kept.entry.task} was not uploaded: {error}")

    def signed_entry(self, digest: str, max_age: float | None) -> tuple[str, bytes] | None:
        """Return the name of a trusted entry and the object as it lies there, when this run would take it."""
        now = self._clock()
        for name in layout.slots(digest, max_age, now):
            try:
                found = self._find(TRUSTED, digest, name)
                if found is not None and found.entry.is_young(max_age, now):
                    data = self._breaker.get(f"{layout.VERSION}/{TRUSTED}/{layout.entry_name(name)}", _LARGEST)
                    return (name, data) if data is not None else None
            except TransportError as error:
                self._note(error)
                return None
        return None

    def put_run(self, name: str, content: bytes) -> None:
        """Sign and write a run as a whole, where there is none of this name."""
        signer = self._signer()
        if signer is None or not self._breaker.takes:
            return
        try:
            self._breaker.put_new(
                self._name(layout.run_name(name)), seal(self._statement("run", name, content), signer)
            )
        except TransportError as error:
            self._note(error)

    def read_record(self, kind: str, key: str, merge: Merge = newest) -> Mapping[str, Any] | None:
        """Return what the records that listed keys signed come to: that of `trusted` and that of this run's scope."""
        found = merged(self.records(kind, key), merge, now=self._clock())
        return found.value if found else None

    def records(self, kind: str, key: str) -> tuple[Record, ...]:
        """Return the records of each namespace that is read."""
        return tuple(self._records(kind, key))

    def write_record(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Sign and write a record; the last writer wins."""
        self.put_record(kind, key, Record(value=value, at=self._clock()))

    def put_record(self, kind: str, key: str, record: Record) -> None:
        """Sign and write a record with its time."""
        signer = self._signer()
        if signer is None or not self._breaker.takes:
            return
        name = layout.record_name(kind, key)
        data = _encoded(kind, key, record)
        content = frames.compress_document(data) if len(data) <= layout.RECORD else data
        if len(content) > layout.RECORD_SENT:
            self._tell("record", f"a record ({kind}) is too large to be shared: {len(data)} bytes")
            return
        try:
            self._breaker.replace(self._name(name), seal(self._statement("record", name, content), signer))
        except TransportError as error:
            self._note(error)

    def close(self) -> None:
        """Cut the connections; never waits."""
        self._breaker.close()

    def _records(self, kind: str, key: str) -> Iterator[Record]:
        name = layout.record_name(kind, key)
        for namespace in self._access.reads:
            try:
                content = self._unsealed(namespace, "record", name, name, layout.RECORD_SENT)
                if content is not None:
                    yield _record(frames.decompress_up_to(content, layout.RECORD), kind, key)
            except TransportError as error:
                self._note(error)

    def _find(self, namespace: str, digest: str, name: str) -> RemoteFound | None:
        content = self._unsealed(namespace, "entry", name, layout.entry_name(name), _LARGEST - HEADER)
        if content is None:
            return None
        try:
            data, rest = packing.encoded_entry(frames.decompress_up_to(content, layout.LARGEST_BODY))
            entry = codec.decode(data, digest)
            pack = packing.unpack(rest, packing.packed(entry))
        except (codec.NotAnEntryError, GarbageError) as error:
            self._refuse(namespace, name, error)
            return None
        return RemoteFound(entry=entry, source="remote", namespace=namespace, pack=pack)

    def _unsealed(self, namespace: str, kind: str, name: str, place: str, limit: int) -> bytes | None:
        """Return the content of a signed object; None when there is none that this run believes."""
        data = self._breaker.get(f"{layout.VERSION}/{namespace}/{place}", limit + HEADER)
        if data is None:
            return None
        try:
            content = unseal(data, self._access.keys, namespace=namespace, kind=kind, name=name)
        except ForeignError as error:
            self._refuse(namespace, name, error)
            return None
        self._breaker.succeeded()
        return content

    def _with_pack(self, found: Found) -> RemoteFound | None:
        """Return an entry with its small files, which are fetched anew when only the entry was handed on."""
        return found if isinstance(found, RemoteFound) else self.find(found.entry.fingerprint.digest)

    def _source(self, found: RemoteFound) -> Source:
        prefix = f"{layout.VERSION}/{found.namespace}/"
        return Source(breaker=self._breaker, prefix=prefix, pack=found.pack, local=self._local)

    def _signer(self) -> Signer | None:
        """Return the key to sign with, when others will believe it."""
        signer, namespace = self._access.signer, self._access.namespace
        if signer is None or self._access.keys.may_sign(signer.public, namespace):
            return signer
        self._tell("key", f"nothing is uploaded: [cache] keys does not list this run's key for {namespace}")
        return None

    def _name(self, name: str) -> str:
        return f"{layout.VERSION}/{self._access.namespace}/{name}"

    def _statement(self, kind: str, name: str, content: bytes) -> Statement:
        return Statement(namespace=self._access.namespace, kind=kind, name=name, content=content)

    def _refuse(self, namespace: str, name: str, error: Exception) -> None:
        self._tell(f"refused: {error}", f"{name[:76]} in {namespace} of the remote cache is not used: {error}")

    def _note(self, error: TransportError) -> None:
        """Count what is garbage; the breaker counts and tells the rest itself."""
        if isinstance(error, GarbageError):
            self._breaker.failed(error)
        elif isinstance(error, MissingError):
            self._tell("missing", str(error))

    def _tell(self, topic: str, text: str) -> None:
        if topic not in self._told:
            self._told.add(topic)
            self._say(text)


def _encoded(kind: str, key: str, record: Record) -> bytes:
    document = {"kind": kind, "key": key, "at": record.at, "value": dict(record.value)}
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def _record(data: bytes, kind: str, key: str) -> Record:
    """Return a record; raise GarbageError when it is another's."""
    try:
        document = json.loads(data)
        if (document["kind"], document["key"]) == (kind, key) and isinstance(document["value"], dict):
            return Record(value=document["value"], at=float(document["at"]))  # one that is no time counts as the oldest
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # no record, as one of another key is none
    raise GarbageError("a record is not the one that was asked for")
