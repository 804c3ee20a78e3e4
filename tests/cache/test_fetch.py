"""GET with nothing but a socket: what a server gives comes through, and whatever else it does ends in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from noxline.cache.fetch import FetchError, Line, credentials
from tests.cache.remote_servers import Hostile, Nginx, free_port, reply
from tests.cache.test_http import MAIN_USER

SIZES = {f"v1/{number:03}": bytes([number % 256]) * (number * 37 % 5000) for number in range(300)}


def line(url: str, *, timeout: float = 5.0) -> Line:
    return Line(url, timeout=timeout, headers={})


@pytest.mark.process
def test_objects_come_in_their_order_and_missing_ones_are_none(dav: Nginx) -> None:
    for name, data in SIZES.items():
        path = dav.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    ours = Line(dav.url, timeout=20.0, headers=credentials(MAIN_USER))
    wanted = [(name, 5000) for name in [*SIZES, "v1/none", "v1/001"]]
    assert list(ours.get(wanted)) == [*SIZES.values(), None, SIZES["v1/001"]]
    assert list(ours.get([("v1/002", 5000)])) == [SIZES["v1/002"]]
    with pytest.raises(FetchError, match="larger"):
        list(ours.get([("v1/299", 10)]))
    ours.close()


class Forgetful:
    """A server that closes each connection after two answers, without saying so."""

    def __enter__(self) -> Forgetful:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/x"
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(10)
                data = b""
                for _ in range(2):
                    while b"\r\n\r\n" not in data:
                        data += connection.recv(65536)
                    head, _, data = data.partition(b"\r\n\r\n")
                    body = head.split(b" ")[1]
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass


def test_a_connection_that_the_server_had_enough_of_is_made_anew() -> None:
    with Forgetful() as server:
        names = [f"n{number}" for number in range(7)]
        assert list(line(server.url).get((name, 100) for name in names)) == [f"/x/{name}".encode() for name in names]
        assert server.connections == 4


@pytest.mark.parametrize(
    "answer",
    [
        reply("200 OK", b"3\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        reply("200 OK", b"abc", "Content-Encoding: gzip"),
        reply("200 OK", b"", "Content-Length: many"),
        reply("302 Found", b"", "Location: http://elsewhere"),
        reply("500 Oops", b"no"),
        lambda connection, _head: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"),
        lambda connection, _head: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 10_000),
    ],
)
def test_what_was_not_expected_is_left_to_others(answer: object) -> None:
    with Hostile(answer) as server, pytest.raises(FetchError) as caught:
        list(line(server.url).get([("a", 100)]))
    assert not caught.value.outage


def _drips(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [_drips, lambda connection, _head: time.sleep(5)])
def test_no_answer_takes_longer_than_it_may(answer: object) -> None:
    with Hostile(answer) as server, pytest.raises(FetchError, match="no answer within") as caught:
        list(line(server.url, timeout=0.3).get([("a", 2000)]))
    assert caught.value.outage


def test_a_server_that_is_not_there_or_hangs_up_is_an_outage() -> None:
    with pytest.raises(FetchError) as caught:
        list(line(f"http://127.0.0.1:{free_port()}").get([("a", 1)]))
    assert caught.value.outage
    with Hostile(lambda connection, _head: connection.close()) as server, pytest.raises(FetchError) as caught:
        list(line(server.url).get([("a", 1)]))
    assert caught.value.outage


@pytest.mark.parametrize(
    "url", ["https://host/x", "http://[::1]:80/x", "http://me@host/x", "http://host/a%20b", "s3://b/x"]
)
def test_addresses_that_need_more_are_refused(url: str) -> None:
    with pytest.raises(FetchError):
        line(url)


def test_nothing_is_asked_for_nothing() -> None:
    empty: Iterator[tuple[str, int]] = iter(())
    assert list(line("http://127.0.0.1:1/x").get(empty)) == []
