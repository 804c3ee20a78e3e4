"""The local store before a remote one: what comes from there is kept here, what is made here is sent meanwhile.

Records are of both: what is here and what is there are merged each time one is read.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from noxline.model.cache import Found, Kept
from noxline.model.records import Merge, Record, merged, newest
from noxline.ports import CacheStore

FINISH = 60.0  # seconds that a run waits at its end for what is still to be sent
_WAITING = 1000  # results that wait to be sent; more than any pipeline has tasks


class Postbox:
    """Takes warnings from any thread, and hands them on in the thread that made it: a run listens on one only."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._owner = threading.get_ident()
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __call__(self, text: str) -> None:
        """Take a warning."""
        self._waiting.put(text)
        self.empty()

    def empty(self) -> None:
        """Hand on what has come in; does nothing in any other thread."""
        if threading.get_ident() != self._owner:
            return
        while True:
            try:
                text = self._waiting.get_nowait()
            except queue.Empty:
                return
            self._warn(text)


class Layer(CacheStore, Protocol):
    """A store that can be one of several: it gives and takes records with the time at which they were written."""

    def records(self, kind: str, key: str) -> tuple[Record, ...]:
        """Return what there is under a key: of each scope that is read, one at most."""

    def put_record(self, kind: str, key: str, record: Record) -> None:
        """Write a record with its time."""


class LayeredStore:
    """A CacheStore made of two; only entries that this process was told to keep are sent to the remote."""

    def __init__(
        self,
        local: Layer,
        remote: Layer,
        *,
        say: Postbox,
        read_only: bool = False,
        finish: float = FINISH,
    ) -> None:
        self._local = local
        self._remote = remote
        self._say = say
        self._read_only = read_only
        self._finish = finish
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._lost = 0
        self._outdated: set[str] = set()
        self._asked: dict[tuple[str, str], tuple[Record, ...]] = {}

    def find(self, digest: str, max_age: float | None = None) -> Found | None:
        """Return the entry under a fingerprint's digest, the local one first; one that is too old if all are."""
        self._say.empty()
        here = self._local.find(digest, max_age)
        if here is not None and here.entry.is_young(max_age, time.time()):
            return here
        there = self._remote.find(digest, max_age)
        if here is not None and there is not None:
            self._outdated.add(digest)
        return there or here

    def restore(self, found: Found, output: Path, log: Path) -> bool:
        """Put an entry in place, and keep here what came from afar."""
        if found.source == "local":
            return self._local.restore(found, output, log)
        if not self._remote.restore(found, output, log):
            return False
        self._later(partial(self._write_back, found, output, log))
        return True

    def text(self, found: Found, name: str) -> bytes | None:
        """Return the blob called "log" or "inputs" of an entry."""
        return (self._local if found.source == "local" else self._remote).text(found, name)

    def keep(self, kept: Kept) -> None:
        """Store an entry here, and send it in the background."""
        self._local.keep(kept)
        if not self._read_only:
            self._later(partial(self._remote.keep, kept))

    def read_record(self, kind: str, key: str, merge: Merge = newest) -> Mapping[str, Any] | None:
        """Return what the records here and there come to, which is then kept here; the remote is asked once a run."""
        if (kind, key) not in self._asked:
            self._asked[kind, key] = self._remote.records(kind, key)
        here, there = self._local.records(kind, key), self._asked[kind, key]
        found = merged((*there, *here), merge, now=time.time())
        if found is not None and (found,) != here:
            self._local.put_record(kind, key, found)
        return found.value if found else None

    def write_record(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Write a record here, and send it in the background."""
        record = Record(value=dict(value), at=time.time())
        self._local.put_record(kind, key, record)
        if not self._read_only:
            self._later(partial(self._remote.put_record, kind, key, record))

    def close(self) -> None:
        """Finish what is still to be sent, within a minute; then cut the connections."""
        if self._thread is not None:
            try:
                self._jobs.put_nowait(None)
                self._thread.join(self._finish)
            except queue.Full:
                pass  # as many as that are not sent within the time either
            self._lost += sum(job is not None for job in self._drained()) + self._thread.is_alive()
        if self._lost:
            self._say(f"{self._lost} results were not sent to the remote cache within {self._finish:g} s")
        self._lost, self._thread = 0, None
        self._remote.close()
        self._local.close()
        self._say.empty()

    def _write_back(self, found: Found, output: Path, log: Path) -> None:
        """Keep a remote entry here. Its inputs are fetched only when no entry from here has brought them already."""
        inputs = self._local.text(found, "inputs") or self._remote.text(found, "inputs")
        if inputs is not None:
            replaces = found.entry.fingerprint.digest in self._outdated
            kept = Kept(entry=found.entry, output=str(output), log=str(log), inputs=inputs, replaces=replaces)
            self._local.keep(kept)

    def _later(self, job: Callable[[], None]) -> None:
        """Do something in the background; a daemon thread, so that no run hangs on it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="noxline-cache-sender", daemon=True)
            self._thread.start()
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._lost += 1

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _drained(self) -> list[Callable[[], None] | None]:
        jobs = []
        while True:
            try:
                jobs.append(self._jobs.get_nowait())
            except queue.Empty:
                return jobs
