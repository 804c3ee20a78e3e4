"""Objects from a plain HTTP server with nothing but a socket: a fresh clone asks before it imports anything else.

Several requests are on their way at a time, on one connection that is kept open. Everything is bounded in time.
"""

from __future__ import annotations

import binascii
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterable, Iterator, Mapping

# What this process met on its way to a remote: it costs at most one time-out, whoever asks next.
OUTAGES: list[str] = []
# What it found there and did not believe: whoever can warn tells it, once.
REFUSALS: list[str] = []
_AHEAD = 8  # requests on their way
_HEAD = 16_384  # bytes of the head of an answer at most
_PAGE = 65_536  # bytes of the page that comes with "not found"
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-~")
_MISSING = (404, 410)
_QUICKACK = 12 if sys.platform == "linux" else None  # TCP_QUICKACK of linux/tcp.h


TOKEN, USER, PASSWORD = (
    "NOXLINE_CACHE_TOKEN",
    "NOXLINE_CACHE_USER",
    "NOXLINE_CACHE_PASSWORD",
)  # pragma: allowlist secret - names


class FetchError(Exception):
    """The server cannot be asked in this way; `outage` says that nobody else will have more luck with it."""

    def __init__(self, message: str, *, outage: bool = False) -> None:
        super().__init__(message)
        self.outage = outage


class Line:
    """A connection to one server; the address is like `http://host:port/path`."""

    def __init__(self, address: str, *, timeout: float, headers: Mapping[str, str]) -> None:
        authority, slash, path = address.removeprefix("http://").partition("/")
        self._base = slash + path.rstrip("/")
        host, colon, port = authority.rpartition(":")
        plain = _SAFE.issuperset(self._base) and _SAFE.issuperset(authority.replace(":", ""))
        if not address.startswith("http://") or not plain:
            raise FetchError("an address that needs more than a socket")
        host, number = (host, int(port)) if colon and port.isdigit() else (authority, 80)
        self._place = (host.encode("ascii"), number)  # text would be taken for an international name, at a price
        fields = {"Host": authority, "User-Agent": "noxline", "Accept-Encoding": "identity", **headers}
        self._fields = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._timeout = timeout
        self._socket: _socket.socket | None = None
        self._rest = b""
        self._until = 0.0

    def get(self, wanted: Iterable[tuple[str, int]]) -> Iterator[bytes | None]:
        """Yield the object under each name, of so many bytes at most; None where there is none. Raise FetchError."""
        coming: list[tuple[str, int]] = []
        left = iter(wanted)
        answered = 0  # on this connection
        while True:
            new = [one for _, one in zip(range(_AHEAD - len(coming)), left, strict=False)]
            coming.extend(new)
            if not coming:
                return
            try:
                self._ask(new)
                data, stays = self._answer(coming[0][1])
            except (ConnectionError, EOFError) as error:
                if not answered:
                    raise FetchError(f"the connection was lost: {error}", outage=True) from error
                answered = 0  # it was kept open, and the server had enough of it
                self._again(coming)
                continue
            del coming[0]
            answered += 1
            yield data
            if not stays:
                answered = 0
                self._again(coming)

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def _again(self, coming: Iterable[tuple[str, int]]) -> None:
        self.close()
        if coming:
            self._ask(coming)

    def _ask(self, wanted: Iterable[tuple[str, int]]) -> None:
        self._until = time.monotonic() + self._timeout
        text = "".join(f"GET {self._base}/{name} HTTP/1.1\r\n{self._fields}\r\n" for name, _ in wanted)
        if text or self._socket is None:
            try:
                self._connected().sendall(text.encode("latin-1"))
            except TimeoutError as error:
                raise self._late() from error

    def _connected(self) -> _socket.socket:
        if self._socket is None:
            self._socket = self._connect()
        self._socket.settimeout(self._left())
        return self._socket

    def _listening(self) -> _socket.socket:
        """Return the connection, which will confirm what comes at once: a server may hold its next packet until then.

        Left to itself the system waits 40 ms for something to send along. The setting does not last.
        """
        from _socket import IPPROTO_TCP

        made = self._connected()
        if _QUICKACK is not None:
            try:
                made.setsockopt(IPPROTO_TCP, _QUICKACK, 1)
            except OSError:
                return made  # a kernel that knows no such thing: it takes longer there
        return made

    def _connect(self) -> _socket.socket:
        """Connect on a thread, for nothing else bounds the look-up of a name."""
        import _thread
        from _socket import IPPROTO_TCP, TCP_NODELAY, socket

        done = _thread.allocate_lock()
        result: list[socket | OSError] = []
        done.acquire()

        def work() -> None:
            try:
                result.append(_connection(self._place, self._timeout))
            except OSError as error:
                result.append(error)
            done.release()

        _thread.start_new_thread(work, ())
        if not done.acquire(timeout=self._timeout):
            raise self._late()
        made = result[0]
        if isinstance(made, OSError):
            raise FetchError(made.strerror or str(made) or type(made).__name__, outage=True) from made
        made.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return made

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> FetchError:
        return FetchError(f"no answer within {self._timeout:g} s", outage=True)

    def _answer(self, limit: int) -> tuple[bytes | None, bool]:
        """Return the body of the next answer, and whether the connection stays open."""
        status, fields = self._head()
        length = fields.get("content-length", "")
        if not length.isdigit() or "transfer-encoding" in fields or "content-encoding" in fields:
            raise FetchError("an answer of a kind that was not expected")
        if status != 200 and status not in _MISSING:
            raise FetchError(f"it answers {status}")
        if int(length) > (limit if status == 200 else _PAGE):
            raise FetchError("an object is larger than it may be")
        data = self._body(int(length))
        return (data if status == 200 else None), fields.get("connection", "").lower() != "close"

    def _head(self) -> tuple[int, dict[str, str]]:
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            if len(self._rest) > _HEAD:
                raise FetchError("an answer of a kind that was not expected")
            self._rest += self._received(65_536)
        first, *lines = self._rest[:end].decode("latin-1").split("\r\n")
        self._rest = self._rest[end + 4 :]
        words = first.split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.1") or not words[1].isdigit():
            raise FetchError("an answer of a kind that was not expected")
        pairs = (line.partition(":") for line in lines)
        return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _body(self, length: int) -> bytes:
        body = bytearray(length)
        taken = min(length, len(self._rest))
        body[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        view = memoryview(body)
        while taken < length:
            try:
                size = self._listening().recv_into(view[taken:])
            except TimeoutError as error:
                raise self._late() from error
            if not size:
                raise EOFError("it was cut short")
            taken += size
        return bytes(body)

    def _received(self, size: int) -> bytes:
        try:
            data = self._listening().recv(size)
        except TimeoutError as error:
            raise self._late() from error
        if not data:
            raise EOFError("it was closed")
        return data


def _connection(place: tuple[bytes, int], timeout: float) -> _socket.socket:
    """Connect to the first address that answers, as `socket.create_connection` does: importing that costs 4 ms."""
    from _socket import SOCK_STREAM, getaddrinfo, socket

    failure = OSError("the name of the server has no address")
    for family, kind, protocol, _, address in getaddrinfo(*place, 0, SOCK_STREAM):
        made = socket(family, kind, protocol)
        made.settimeout(timeout)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            failure = error
        else:
            return made
    raise failure


def credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that say who we are, from the variables."""
    token, user = environ.get(TOKEN, ""), environ.get(USER, "")
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user:
        pair = f"{user}:{environ.get(PASSWORD, '')}".encode()
        return {"Authorization": f"Basic {binascii.b2a_base64(pair, newline=False).decode()}"}
    return {}
