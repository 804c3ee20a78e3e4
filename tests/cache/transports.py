"""What every transport must do, whatever is behind it."""

from __future__ import annotations

import threading

import pytest

from noxline.cache.failures import GarbageError
from noxline.cache.transport import Transport

NAME = "v1/trusted/blobs/ab/abc.zst"


def holds_the_contract(transport: Transport) -> None:
    """Try everything that the protocol promises on an empty store."""
    assert transport.get(NAME, 100) is None
    assert not transport.exists(NAME)
    assert transport.put_new(NAME, b"first") is True
    assert transport.exists(NAME)
    assert transport.put_new(NAME, b"second") is False
    assert transport.get(NAME, 5) == b"first"
    with pytest.raises(GarbageError):
        transport.get(NAME, 4)
    large = bytes(range(256)) * 16_000
    assert transport.put_new("v1/trusted/blobs/cd/large.zst", large)
    assert not transport.put_new("v1/trusted/blobs/cd/large.zst", b"x" * len(large))
    assert transport.get("v1/trusted/blobs/cd/large.zst", len(large)) == large
    assert transport.put_new("v1/trusted/blobs/ef/empty", b"")
    assert transport.get("v1/trusted/blobs/ef/empty", 0) == b""
    for value in (b"one", b"two"):
        transport.replace("v1/trusted/records/durations/r", value)
        assert transport.get("v1/trusted/records/durations/r", 10) == value


def race(transport: Transport, writers: int = 8) -> list[bool]:
    """Let several threads create one object; return who of them was told that it did."""
    start, won = threading.Barrier(writers), []

    def write(number: int) -> None:
        start.wait(60)
        won.append(transport.put_new("v1/trusted/entries/ab/race", b"%d" % number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return won
