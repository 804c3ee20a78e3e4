"""A server in memory, a local store in memory, and entries to put into them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from noxline.cache.breaker import Breaker
from noxline.cache.failures import GarbageError, TransportError
from noxline.cache.remote import Access, RemoteStore
from noxline.cache.signing import TRUSTED, Keyring, Signer
from noxline.cache.transport import Transport
from noxline.inputs.canonical import digest
from noxline.model.cache import CacheEntry, Fingerprint, Found, Kept, StoredFile
from noxline.model.records import Merge, Record, newest
from noxline.ports import CacheStore

MAIN = Signer(b"m" * 32)
PULL_REQUEST = Signer(b"p" * 32)
STRANGER = Signer(b"s" * 32)
KEYS = (MAIN.public, f"{PULL_REQUEST.public} scope/*")


class MemoryTransport:
    """Objects in memory; `fails` raises what a request is to raise, from its verb and name."""

    def __init__(self, fails: Callable[[str, str], TransportError | None] = lambda _verb, _name: None) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.closed = False
        self._fails = fails
        self._lock = threading.Lock()

    def _ask(self, verb: str, name: str) -> None:
        with self._lock:
            self.asked.append((verb, name))
        error = self._fails(verb, name)
        if error is not None:
            raise error

    def exists(self, name: str) -> bool:
        self._ask("exists", name)
        return name in self.objects

    def get(self, name: str, limit: int) -> bytes | None:
        self._ask("get", name)
        data = self.objects.get(name)
        if data is not None and len(data) > limit:
            raise GarbageError("too large")
        return data

    def put_new(self, name: str, data: bytes) -> bool:
        self._ask("put", name)
        with self._lock:
            if name in self.objects:
                return False
            self.objects[name] = data
        return True

    def replace(self, name: str, data: bytes) -> None:
        self._ask("replace", name)
        self.objects[name] = data

    def close(self) -> None:
        self.closed = True

    def verbs(self, verb: str) -> list[str]:
        """Return the names that were asked for with a verb."""
        return [name for asked, name in self.asked if asked == verb]


@dataclass
class MemoryStore:
    """A local CacheStore that keeps bytes."""

    entries: dict[str, CacheEntry] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    dated: dict[tuple[str, str], Record] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    closed: bool = False

    def find(self, digest: str, max_age: float | None = None) -> Found | None:
        entry = self.entries.get(digest)
        return Found(entry=entry, source="local") if entry else None

    def restore(self, found: Found, output: Path, log: Path) -> bool:
        for file in found.entry.files:
            target = output / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.blobs[file.sha256])
        log.write_bytes(self.blobs[found.entry.log.sha256])
        return True

    def text(self, found: Found, name: str) -> bytes | None:
        return self.blobs.get({"log": found.entry.log, "inputs": found.entry.inputs}[name].sha256)

    def keep(self, kept: Kept) -> None:
        paths = {Path(kept.output, file.path): file.sha256 for file in kept.entry.files}
        for path, wanted in {**paths, Path(kept.log): kept.entry.log.sha256}.items():
            assert sha256(path.read_bytes()).hexdigest() == wanted
            self.blobs[wanted] = path.read_bytes()
        self.blobs[kept.entry.inputs.sha256] = kept.inputs
        self.replaced += [kept.entry.fingerprint.digest] if kept.replaces else []
        self.entries[kept.entry.fingerprint.digest] = kept.entry

    def read_record(self, kind: str, key: str, merge: Merge = newest) -> Mapping[str, Any] | None:
        record = self.dated.get((kind, key))
        return record.value if record else None

    def write_record(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        self.put_record(kind, key, Record(value=value, at=time.time()))

    def records(self, kind: str, key: str) -> tuple[Record, ...]:
        return (self.dated[kind, key],) if (kind, key) in self.dated else ()

    def put_record(self, kind: str, key: str, record: Record) -> None:
        self.dated[kind, key] = record

    def close(self) -> None:
        self.closed = True


def stored(path: str, data: bytes, *, executable: bool = False) -> StoredFile:
    return StoredFile(path=path, size=len(data), sha256=sha256(data).hexdigest(), executable=executable)


def make_kept(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    log: bytes = b"a log\n",
    inputs: bytes = b"src/a.py 1\n",
    task: str = "tests",
    created: float = 1.0,
    max_age: float | None = None,
) -> Kept:
    """Return what a task left in a folder; files whose name ends in `.sh` are executable."""
    output = folder / "output"
    for name, data in files.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    output.mkdir(parents=True, exist_ok=True)
    (folder / "log.txt").write_bytes(log)
    components = {"stage": task}
    entry = CacheEntry(
        fingerprint=Fingerprint(digest=digest(components), components=components),
        task=task,
        seconds=1.5,
        cpu_seconds=1.0,
        setup_seconds=0.0,
        warnings=(),
        output_digest="0" * 64,
        files=tuple(stored(name, data, executable=name.endswith(".sh")) for name, data in files.items()),
        log=stored("log.txt", log),
        inputs=stored("inputs", inputs),
        created=created,
        writer="1",
    )
    return Kept(entry=entry, output=str(output), log=str(folder / "log.txt"), inputs=inputs, max_age=max_age)


def remote_store(
    transport: Transport,
    said: list[str],
    *,
    namespace: str = TRUSTED,
    signer: Signer | None = MAIN,
    keys: tuple[str, ...] = KEYS,
    timeout: float = 20.0,
    local: Any = None,
    clock: Callable[[], float] = time.time,
) -> RemoteStore:
    """Return a remote store as a run would have it: main's, unless told otherwise."""
    breaker = Breaker(transport, address="https://cache.example", timeout=timeout, say=said.append)
    access = Access(namespace=namespace, keys=Keyring(keys), signer=signer)
    extra = {"local": local} if local else {}
    return RemoteStore(breaker, access, say=said.append, clock=clock, **extra)


def restored(store: CacheStore, digest: str, folder: Path) -> dict[str, bytes] | None:
    """Return the files that a store gives for a digest, with the log; None for a miss."""
    found = store.find(digest)
    if found is None:
        return None
    if not store.restore(found, folder / "output", folder / "log.txt"):
        return None
    return tree(folder)


def of_pull_request(transport: Transport, said: list[str], name: str = "pr-12") -> RemoteStore:
    return remote_store(transport, said, namespace=f"scope/{name}", signer=PULL_REQUEST)


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder with their content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def with_files(entry: CacheEntry, *files: StoredFile) -> CacheEntry:
    return replace(entry, files=files)
