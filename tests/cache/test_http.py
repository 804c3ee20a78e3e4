"""Plain HTTP: against a real nginx, and against servers that mean harm."""

from __future__ import annotations

import base64
import contextlib
import socket
from collections.abc import Callable

import pytest

from noxline.cache.breaker import Breaker
from noxline.cache.failures import GarbageError, RefusedError, TransportError
from noxline.cache.fetch import credentials
from noxline.cache.http import HttpTransport
from tests.cache.remote_servers import Hostile, Nginx, free_port, reply
from tests.cache.transports import NAME, holds_the_contract

MAIN_USER = {
    "NOXLINE_CACHE_USER": "main",
    "NOXLINE_CACHE_PASSWORD": "main-password",  # pragma: allowlist secret - made up
}
PR_USER = {"NOXLINE_CACHE_USER": "pr", "NOXLINE_CACHE_PASSWORD": "pr-password"}  # pragma: allowlist secret - made up


def transport(url: str, environ: dict[str, str] | None = None, timeout: float = 20.0) -> HttpTransport:
    return HttpTransport(url, timeout=timeout, headers=credentials(environ or {}))


@pytest.mark.process
def test_nginx_holds_the_contract(dav: Nginx) -> None:
    holds_the_contract(transport(dav.url, MAIN_USER))


@pytest.mark.process
def test_nginx_refuses_to_overwrite_by_the_rule_of_the_page(dav: Nginx) -> None:
    """The rule must hold for a client that does not look first, and that is not noxline."""
    from http.client import HTTPConnection

    main = transport(dav.url, MAIN_USER)
    assert main.put_new(NAME, b"first")
    host, _, path = dav.url.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=20)
    connection.request("PUT", f"/{path}/{NAME}", b"second", credentials(MAIN_USER))
    assert connection.getresponse().status == 412
    connection.close()
    assert main.get(NAME, 10) == b"first"
    assert (dav.data / NAME).read_bytes() == b"first"


@pytest.mark.process
def test_nginx_lets_pull_requests_write_below_their_scopes_only(dav: Nginx) -> None:
    pull_request = transport(dav.url, PR_USER)
    assert pull_request.put_new("v1/scope/pr-1/entries/ab/x", b"data")
    with pytest.raises(RefusedError, match="401"):
        pull_request.put_new(NAME, b"data")
    with pytest.raises(RefusedError, match="401"):
        transport(dav.url).put_new(NAME, b"data")
    assert not (dav.data / NAME).exists()
    assert transport(dav.url).get("v1/scope/pr-1/entries/ab/x", 10) == b"data"


@pytest.mark.process
def test_a_server_without_the_rule_is_not_overwritten_by_noxline(unguarded_dav: Nginx) -> None:
    holds_the_contract(transport(unguarded_dav.url, MAIN_USER))


@pytest.mark.process
def test_connections_are_kept_and_a_closed_one_is_replaced(dav: Nginx) -> None:
    client = transport(dav.url, MAIN_USER)
    client.put_new(NAME, b"data")
    for connection in client._idle:  # the server's side of an idle connection that was closed
        connection.sock.shutdown(socket.SHUT_RDWR)
    assert client.get(NAME, 10) == b"data"
    assert len(client._idle) == 1


def test_who_we_are_comes_from_the_variables() -> None:
    basic = base64.b64encode(b"me:pass").decode()
    assert credentials({}) == {}
    assert credentials({"NOXLINE_CACHE_TOKEN": "t"}) == {"Authorization": "Bearer t"}
    user = {"NOXLINE_CACHE_USER": "me", "NOXLINE_CACHE_PASSWORD": "pass"}  # pragma: allowlist secret - made up
    assert credentials(user) == {"Authorization": f"Basic {basic}"}


def chunked(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")


def test_a_body_in_chunks_is_read_and_bounded() -> None:
    with Hostile(chunked) as server:
        assert transport(server.url).get(NAME, 5) == b"abcde"
        with pytest.raises(GarbageError):
            transport(server.url).get(NAME, 4)


def endless(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def silent(connection: socket.socket, _head: bytes) -> None:
    connection.close()


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (reply("500 Internal Server Error", b"oops"), TransportError, "500"),
        (reply("502 Bad Gateway", b"<html>" + b"x" * 100_000), TransportError, "502"),
        (reply("403 Forbidden"), RefusedError, "403"),
        (reply("200 OK", b"short", "Content-Length: 10"), GarbageError, "cut short"),
        (reply("200 OK", b"x" * 20, f"Content-Length: {10**18}"), GarbageError, "larger"),
        (reply("200 OK", b"x" * 20), GarbageError, "larger"),
        (reply("200 OK", b"x", "Content-Encoding: gzip"), GarbageError, "encoded"),
        (reply("206 Partial Content", b"x"), TransportError, "206"),
        (reply("302 Found", b"", "Location: http://127.0.0.1:1/"), TransportError, "elsewhere"),
        (reply("200 OK", b"x", "X: " + "y" * 100_000), TransportError, "."),
        (endless, GarbageError, "larger"),
        (silent, TransportError, "."),
    ],
)
def test_what_is_no_answer_is_an_error(
    answer: Callable[[socket.socket, bytes], None], error: type[TransportError], reason: str
) -> None:
    with Hostile(answer) as server, pytest.raises(error, match=reason):
        transport(server.url).get(NAME, 16)


@pytest.mark.parametrize("status", ["507 Insufficient Storage", "413 Content Too Large", "403 Forbidden", "405 No"])
def test_a_server_that_takes_nothing_refuses(status: str) -> None:
    def answer(connection: socket.socket, head: bytes) -> None:
        reply("404 Not Found" if head.startswith(b"HEAD") else status)(connection, head)

    with Hostile(answer) as server, pytest.raises(RefusedError, match=status[:3]):
        transport(server.url).put_new(NAME, b"data")


def test_what_is_there_is_seen_even_when_the_look_before_missed_it() -> None:
    def answer(connection: socket.socket, head: bytes) -> None:
        assert head.startswith(b"HEAD") or b"If-None-Match: *" in head
        reply("404 Not Found" if head.startswith(b"HEAD") else "412 Precondition Failed")(connection, head)

    with Hostile(answer) as server:
        assert transport(server.url).put_new(NAME, b"data") is False


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_credentials_are_not_taken_elsewhere(status: str) -> None:
    with Hostile(reply("200 OK", b"stolen")) as thief:
        with Hostile(reply(status, b"", f"Location: {thief.url}/x")) as server:
            client = transport(server.url, {"NOXLINE_CACHE_TOKEN": "very-secret"})
            for work in (
                lambda: client.get(NAME, 10),
                lambda: client.put_new(NAME, b"d"),
                lambda: client.replace(NAME, b"d"),
            ):
                with pytest.raises(TransportError) as caught:
                    work()
                assert "very-secret" not in str(caught.value)
            assert b"very-secret" in server.heads[0]
        assert thief.heads == []


def test_nobody_there() -> None:
    with pytest.raises(TransportError, match="refused"):
        transport(f"http://127.0.0.1:{free_port()}/noxline").get(NAME, 10)


def dripping(server: Hostile, *, head: bytes) -> Callable[[socket.socket, bytes], None]:
    """Return a behaviour that sends a byte at a time, each well within any time-out of a socket."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(head)
        while not server.ended:
            connection.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                connection.settimeout(0.02)
                if not connection.recv(1):
                    cut.append(True)
                    return

    cut = server.cut = []  # type: ignore[attr-defined]
    return answer


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_who_drips_is_cut(head: bytes) -> None:
    said: list[str] = []
    server = Hostile(lambda _connection, _head: None)
    server.answer = dripping(server, head=head)
    with server:
        guard = Breaker(transport(server.url, timeout=0.5), address="a", timeout=0.5, say=said.append)
        for _ in range(3):
            with pytest.raises(TransportError):
                guard.get(NAME, 1_000_000)
        assert guard.is_open
        assert len(said) == 1
        assert len(server.heads) == 1


def test_who_hangs_costs_its_time_out_once() -> None:
    said: list[str] = []
    server = Hostile(lambda connection, _head: connection.recv(1) and None)
    with server:
        guard = Breaker(transport(server.url, timeout=0.5), address="a", timeout=0.5, say=said.append)
        for _ in range(5):
            with pytest.raises(TransportError):
                guard.get(NAME, 10)
        assert len(server.heads) == 1
    assert len(said) == 1
