"""A guard before a transport: no request takes longer than it may, and a remote that is out is left alone.

Requests run on daemon threads, because nothing else bounds a name look-up, a handshake and a server that drips bytes
alike. Two outages in a row, or one time-out, open the breaker for the rest of the run: the transport is closed, which
cuts what is still under way. One warning is given.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic, TypeVar

from noxline.cache.failures import GarbageError, MissingError, RefusedError, TimedOutError, TransportError
from noxline.cache.transport import Transport

T = TypeVar("T")
Item = TypeVar("Item")
ALLOWED = 2  # outages in a row
CONNECTIONS = 8
_AHEAD = 2 * CONNECTIONS  # results that wait in memory to be taken in their order
_LOOK = 0.2  # seconds between looks at the clock while waiting


class LeftAloneError(TransportError):
    """The breaker is open: nothing was asked."""


class _Call(Generic[T]):
    """One request on its way through a thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.started = 0.0

    def run(self) -> None:
        self.started = time.monotonic()
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the result is asked for
            self._error = error
        self._done.set()

    def result(self, timeout: float, is_open: Callable[[], bool]) -> T:
        """Wait for the end; the time counts from the start of the request, not from when it was queued."""
        while not self._done.wait(min(timeout, _LOOK)):
            if self.started and time.monotonic() - self.started > timeout:
                raise TimedOutError(f"no answer within {timeout:g} s")
            if is_open():
                raise LeftAloneError("the remote cache is left alone")
        if self._error is not None:
            raise self._error
        return self._result[0]


def _is_outage(error: TransportError) -> bool:
    return not isinstance(error, GarbageError)


class Breaker:
    """A Transport that bounds another one, on a few daemon threads of its own."""

    def __init__(
        self,
        transport: Transport,
        *,
        address: str,
        timeout: float,
        say: Callable[[str], None],
        threads: int = CONNECTIONS,
    ) -> None:
        self._transport = transport
        self._address = address
        self._timeout = timeout
        self._say = say
        self._size = threads
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._in_a_row = {TransportError: 0, GarbageError: 0}
        self._told: set[type[TransportError]] = set()
        self._open = False
        self._full = False

    @property
    def is_open(self) -> bool:
        """Return whether the remote is left alone."""
        return self._open

    @property
    def takes(self) -> bool:
        """Return whether it is worth while to send anything."""
        return not self._open and not self._full

    def exists(self, name: str) -> bool:
        """Tell whether there is an object under this name."""
        return self._wait(self._start(lambda: self._transport.exists(name)))

    def get(self, name: str, limit: int) -> bytes | None:
        """Return an object; None when there is none."""
        return self._wait(self._start(lambda: self._transport.get(name, limit)))

    def put_new(self, name: str, data: bytes) -> bool:
        """Create an object; False when there was one already."""
        return self._sent(self._start(lambda: self._transport.put_new(name, data)))

    def replace(self, name: str, data: bytes) -> None:
        """Write an object, in place of the one that may be there."""
        self._sent(self._start(lambda: self._transport.replace(name, data)))

    def get_all(self, items: Iterable[Item], work: Callable[[Transport, Item], bytes]) -> Iterator[bytes]:
        """Yield what `work` gets for each item, in their order; several are at work at the same time.

        `work` makes one request, with the bare transport that it is given.
        """
        return self._each(items, work, self._wait)

    def put_all(self, items: Iterable[Item], work: Callable[[Transport, Item], bool]) -> None:
        """Let `work` write each item; several are at work at the same time."""
        for _ in self._each(items, work, self._sent):
            pass

    def _each(
        self, items: Iterable[Item], work: Callable[[Transport, Item], T], wait: Callable[[_Call[T]], T]
    ) -> Iterator[T]:
        under_way: deque[_Call[T]] = deque()
        for item in items:
            if len(under_way) == _AHEAD:
                yield wait(under_way.popleft())
            under_way.append(self._start(partial(work, self._transport, item)))
        while under_way:
            yield wait(under_way.popleft())

    def succeeded(self) -> None:
        """Take notice that an answer was what noxline once wrote."""
        self._in_a_row[GarbageError] = 0

    def failed(self, error: TransportError) -> None:
        """Count an outage, or an answer that showed to be garbage; each of the two is told once."""
        if isinstance(error, LeftAloneError | MissingError):
            return
        opens, tells = self._count(error)
        if tells:
            left = "for the rest of this run" if opens else f"after {ALLOWED} such failures in a row"
            self._say(f"the remote cache {self._address} is left alone {left}: {error}")
        if opens:
            self._transport.close()

    def _count(self, error: TransportError) -> tuple[bool, bool]:
        """Count a failure; return whether it opens the breaker, and whether it is to be told."""
        kind = GarbageError if isinstance(error, GarbageError) else TransportError
        with self._lock:
            self._in_a_row[kind] += 1
            opens = not self._open and (self._in_a_row[kind] >= ALLOWED or isinstance(error, TimedOutError))
            tells = not self._open and kind not in self._told
            self._told.add(kind)
            self._open = self._open or opens
        return opens, tells

    def close(self) -> None:
        """Cut the connections, and end the threads that are idle; never waits for one."""
        with self._lock:
            self._open = True
        self._transport.close()
        for _ in range(self._threads):
            self._queue.put(None)

    def _sent(self, call: _Call[T]) -> T:
        """Wait for what writes; one refusal is enough to send nothing more."""
        try:
            return self._wait(call, lambda error: _is_outage(error) and not isinstance(error, RefusedError))
        except RefusedError as error:
            with self._lock:
                first, self._full = not self._full, True
            if first:
                self._say(f"the remote cache {self._address} takes no more results in this run: {error}")
            raise

    def _start(self, work: Callable[[], T]) -> _Call[T]:
        if self._open:
            raise LeftAloneError("the remote cache is left alone")
        call = _Call(work)
        with self._lock:
            if self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._serve, name="noxline-remote-cache", daemon=True).start()
        self._queue.put(call.run)
        return call

    def _serve(self) -> None:
        while (run := self._queue.get()) is not None:
            run()

    def _wait(self, call: _Call[T], counts: Callable[[TransportError], bool] = _is_outage) -> T:
        """Wait for an answer. What is garbage is counted by `failed`: only a look at the answer shows it all."""
        try:
            result = call.result(self._timeout, lambda: self._open)
        except TransportError as error:
            if counts(error):
                self.failed(error)
            raise
        self._in_a_row[TransportError] = 0
        return result
