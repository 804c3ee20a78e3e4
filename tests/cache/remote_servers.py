"""Servers on the loopback: a real nginx, a real S3 server, and hostile ones. Each ends with its test."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "share-the-cache.md"
_LONGEST = 600  # seconds that a server may live, should its test be killed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(argv: list[str], port: int, log: Path, *, seconds: int = _LONGEST) -> Iterator[None]:
    """Run a server until the block ends, which begins as soon as the port answers."""
    bounded = ["timeout", "--foreground", str(seconds), *argv] if shutil.which("timeout") else argv
    with log.open("wb") as output, subprocess.Popen(bounded, stdout=output, stderr=output) as process:
        try:
            _await(port, process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"the server does not answer: {log.read_text()}")


@dataclass
class Nginx:
    """An nginx with the rules that the how-to page gives."""

    url: str
    data: Path


@contextlib.contextmanager
def nginx(program: str, folder: Path, *, guarded: bool = True, seconds: int = _LONGEST) -> Iterator[Nginx]:
    """Run nginx as the page sets it up; without its guard against overwriting when `guarded` is false."""
    port = free_port()
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "tmp").mkdir()
    (folder / "noxline.htpasswd").write_text("main:{PLAIN}main-password\n")
    (folder / "noxline-scopes.htpasswd").write_text("pr:{PLAIN}pr-password\n")
    block = re.search(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block, "the page shows no rules for nginx"
    server = block.group(1).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    server = re.sub(r"^ *ssl_.*\n", "", server, flags=re.MULTILINE)
    server = server.replace("/srv/cache", str(data)).replace("/etc/nginx/", f"{folder}/")
    if not guarded:
        server = server.replace("return 412", "break")
    paths = "".join(f"{kind}_temp_path {folder}/tmp/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 128; }\n"
        f"http {{ access_log {folder}/access.log; client_body_temp_path {folder}/tmp/body; {paths}\n{server}}}\n"
    )
    argv = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with running(argv, port, folder / "nginx.log", seconds=seconds):
        yield Nginx(url=f"http://127.0.0.1:{port}/noxline", data=data / "noxline")


@dataclass
class Hostile:
    """A server that answers every request by a function of its own: `(connection, head of the request)`."""

    answer: Callable[[socket.socket, bytes], None]
    heads: list[bytes] = field(default_factory=list)
    url: str = ""
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Hostile:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/noxline"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)
        self._listener.close()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def _serve(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            self.heads.append(head.partition(b"\r\n\r\n")[0])
            self.answer(connection, head)


def reply(status: str, body: bytes = b"", *headers: str) -> Callable[[socket.socket, bytes], None]:
    """Return a behaviour: always the same answer, its length stated unless a header does that."""
    stated = any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers)
    lines = [f"HTTP/1.1 {status}", *headers, *([] if stated else [f"Content-Length: {len(body)}"]), "Connection: close"]
    data = "\r\n".join((*lines, "", "")).encode() + body

    def answer(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(data)

    return answer
