"""A server that speaks plain HTTP: GET, HEAD and PUT, as nginx does with its DAV module and most build caches do."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from noxline.cache.failures import GarbageError, RefusedError, TimedOutError, TransportError

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

_MISSING = frozenset({404, 410})
_THERE_ALREADY = frozenset({409, 412})
_REFUSED = frozenset({401, 403, 405, 411, 413, 501, 507})


class HttpTransport:
    """Keeps connections open between requests. Redirects are not followed: credentials go to one server only."""

    def __init__(self, address: str, *, timeout: float, headers: Mapping[str, str]) -> None:
        parts = urlsplit(address)
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._base = parts.path.rstrip("/")
        self._timeout = timeout
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "noxline", **headers}
        self._lock = threading.Lock()
        self._idle: list[HTTPConnection] = []
        self._all: set[HTTPConnection] = set()
        self._closed = False

    def exists(self, name: str) -> bool:
        """Tell whether there is an object under this name."""
        status, _ = self._ask("HEAD", name)
        if status in _MISSING:
            return False
        _expect(status, 200)
        return True

    def get(self, name: str, limit: int) -> bytes | None:
        """Return an object; None when there is none."""
        status, data = self._ask("GET", name, limit=limit)
        if status in _MISSING:
            return None
        _expect(status, 200)
        return data

    def put_new(self, name: str, data: bytes) -> bool:
        """Create an object; False when there was one already.

        It is looked for first, which also spares sending it. Between the look and the write only the server can refuse:
        by `If-None-Match`, or by a rule of its own where it ignores that.
        """
        if self.exists(name):
            return False
        status, _ = self._ask("PUT", name, data, {"If-None-Match": "*"})
        if status in _THERE_ALREADY:
            return False
        _expect(status, 200, 201, 202, 204)
        return status != 204  # a server of WebDAV says so that it replaced one

    def replace(self, name: str, data: bytes) -> None:
        """Write an object, in place of the one that may be there."""
        _expect(self._ask("PUT", name, data)[0], 200, 201, 202, 204)

    def close(self) -> None:
        """Cut all connections, also those in use by other threads."""
        with self._lock:
            self._closed = True
            connections, self._all, self._idle = self._all, set(), []
        for connection in connections:
            _cut(connection)

    def _ask(
        self,
        method: str,
        name: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = 0,
    ) -> tuple[int, bytes]:
        """Send one request; once more on a new connection when the server had closed the one that was kept open."""
        from http.client import HTTPException

        request = (method, f"{self._base}/{quote(name)}", body, {**self._headers, **(headers or {})})
        connection, fresh = self._take()
        if not fresh:
            try:
                return self._exchange(connection, request, limit)
            except (ConnectionError, HTTPException):
                connection = self._connect()
        try:
            return self._exchange(connection, request, limit)
        except (OSError, HTTPException) as error:
            raise (TimedOutError if isinstance(error, TimeoutError) else TransportError)(_reason(error)) from error

    def _exchange(
        self, connection: HTTPConnection, request: tuple[str, str, bytes | None, dict[str, str]], limit: int
    ) -> tuple[int, bytes]:
        """Send a request and take its answer; the connection is kept only when nothing of it is left unread."""
        keeps = False
        try:
            connection.request(*request)
            response = connection.getresponse()
            data = _read(response, limit)
            keeps = response.isclosed() and not response.will_close
        finally:
            if keeps:
                self._give_back(connection)
            else:
                self._drop(connection)
        return response.status, data

    def _take(self) -> tuple[HTTPConnection, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        return self._connect(), True

    def _connect(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        if self._https:
            from ssl import create_default_context

            context = create_default_context()
            connection: HTTPConnection = HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        else:
            connection = HTTPConnection(self._host, self._port, timeout=self._timeout)
        with self._lock:
            if self._closed:
                raise TransportError("the connection was closed")
            self._all.add(connection)
        return connection

    def _give_back(self, connection: HTTPConnection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)

    def _drop(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._all.discard(connection)
        _cut(connection)


def _read(response: HTTPResponse, limit: int) -> bytes:
    """Return the body of a good answer, which must have its stated length; that of any other is not looked at."""
    if response.status != 200:
        response.read(4096)  # a short page of an error leaves the connection usable
        return b""
    stated = response.length
    if stated is not None and stated > limit:
        raise GarbageError(f"an object is larger than it may be ({stated} bytes)")
    data = response.read(limit + 1)
    if len(data) > limit:
        raise GarbageError(f"an object is larger than it may be ({limit} bytes)")
    if stated is not None and len(data) != stated:
        raise GarbageError(f"an object was cut short ({len(data)} of {stated} bytes)")
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise GarbageError("an object was encoded on its way, which was not asked for")
    if not response.isclosed():
        response.read(1)  # takes the end of a body in chunks
    return data


def _expect(status: int, *good: int) -> None:
    if status in good:
        return
    from http.client import responses

    text = f"it answers {status} {responses.get(status, '')}".rstrip()
    if 300 <= status < 400:
        raise TransportError(f"{text}: it leads elsewhere, which is not followed; name the right address")
    raise (RefusedError if status in _REFUSED else TransportError)(text)


def _reason(error: Exception) -> str:
    """Return what went wrong in a few words."""
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:200]


def _cut(connection: HTTPConnection) -> None:
    """End a connection even while another thread waits on it: only a shutdown wakes that one up."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):  # it may not be connected any more
            connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
