"""The breaker: what opens it, what it says, and that nobody waits for a remote that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from noxline.cache.breaker import Breaker, LeftAloneError
from noxline.cache.failures import GarbageError, MissingError, RefusedError, TimedOutError, TransportError
from noxline.cache.transport import Transport
from tests.cache.remote_fakes import MemoryTransport


def breaker(transport: Transport, said: list[str], timeout: float = 20.0, threads: int = 8) -> Breaker:
    return Breaker(transport, address="https://cache.example", timeout=timeout, say=said.append, threads=threads)


def failing(*errors: TransportError | None) -> MemoryTransport:
    """Return a transport whose requests fail one after the other; None is an answer."""
    left = list(errors)
    return MemoryTransport(lambda _verb, _name: left.pop(0) if left else None)


def ask(guard: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(TransportError):
            guard.get("x", 10)


def test_two_outages_in_a_row_open_it_and_it_is_said_once() -> None:
    said: list[str] = []
    transport = failing(*[TransportError("no route")] * 9)
    guard = breaker(transport, said)
    ask(guard, 5)
    assert guard.is_open
    assert transport.closed
    assert len(transport.asked) == 2
    assert said == ["the remote cache https://cache.example is left alone after 2 such failures in a row: no route"]


def test_an_answer_in_between_starts_the_count_anew() -> None:
    said: list[str] = []
    guard = breaker(failing(TransportError("a"), None, TransportError("b"), None), said)
    for _ in range(2):
        ask(guard, 1)
        assert guard.get("x", 10) is None
    assert not guard.is_open
    assert len(said) == 1


def test_one_time_out_is_enough() -> None:
    said: list[str] = []
    guard = breaker(failing(TimedOutError("it does not answer in time")), said)
    ask(guard, 1)
    assert guard.is_open
    assert said == [
        "the remote cache https://cache.example is left alone for the rest of this run: it does not answer in time"
    ]


def test_who_hangs_is_cut_off() -> None:
    said: list[str] = []
    release = threading.Event()

    class Hanging(MemoryTransport):
        def get(self, name: str, limit: int) -> bytes | None:
            release.wait(60)
            return None

        def close(self) -> None:
            release.set()

    guard = breaker(Hanging(), said, timeout=0.05)
    ask(guard, 3)
    assert guard.is_open
    assert release.is_set()
    assert len(said) == 1


def test_a_queue_in_front_of_a_request_is_not_its_time() -> None:
    said: list[str] = []
    turn = threading.Event()

    class Slow(MemoryTransport):
        def get(self, name: str, limit: int) -> bytes | None:
            turn.wait(0.1)
            return name.encode()

    guard = breaker(Slow(), said, timeout=0.8, threads=1)
    names = [str(number) for number in range(12)]
    got = list(guard.get_all(names, lambda transport, name: transport.get(name, 10) or b""))
    assert got == [name.encode() for name in names]
    assert said == []


def test_several_requests_are_under_way_and_come_in_order() -> None:
    meeting = threading.Barrier(4)

    class Together(MemoryTransport):
        def get(self, name: str, limit: int) -> bytes | None:
            meeting.wait(60)  # breaks unless four of them meet
            return name.encode()

    names = [str(number) for number in range(16)]
    results = breaker(Together(), []).get_all(names, lambda transport, name: transport.get(name, 10) or b"")
    assert list(results) == [name.encode() for name in names]


def test_items_are_taken_as_there_is_room() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = breaker(MemoryTransport(), []).get_all(items(), lambda _transport, number: b"%d" % number)
    assert next(results) == b"0"
    assert len(taken) < 50


def test_a_refusal_to_write_stops_writing_and_nothing_else() -> None:
    said: list[str] = []
    transport = MemoryTransport(lambda verb, _: RefusedError("507 Insufficient Storage") if verb == "put" else None)
    guard = breaker(transport, said)
    with pytest.raises(RefusedError):
        guard.put_new("x", b"1")
    assert not guard.takes
    assert not guard.is_open
    assert guard.get("y", 10) is None
    assert len([text for text in said if "takes no more results" in text]) == 1


def test_garbage_is_counted_apart_from_outages() -> None:
    said: list[str] = []
    guard = breaker(MemoryTransport(), said)
    guard.failed(GarbageError("html"))
    assert guard.get("x", 10) is None
    guard.failed(GarbageError("html"))
    assert guard.is_open
    assert len(said) == 1


def test_a_good_answer_clears_garbage() -> None:
    guard = breaker(MemoryTransport(), [])
    for _ in range(3):
        guard.failed(GarbageError("html"))
        guard.succeeded()
    assert not guard.is_open


def test_what_is_missing_is_no_outage() -> None:
    said: list[str] = []
    guard = breaker(MemoryTransport(), said)
    for _ in range(5):
        guard.failed(MissingError("gone"))
    assert not guard.is_open
    assert said == []


def test_a_closed_one_asks_nothing() -> None:
    transport = MemoryTransport()
    guard = breaker(transport, [])
    guard.close()
    guard.close()
    with pytest.raises(LeftAloneError):
        guard.get("x", 10)
    assert transport.asked == []
    assert transport.closed


def test_a_bug_is_not_taken_for_an_outage() -> None:
    class Broken(MemoryTransport):
        def get(self, name: str, limit: int) -> bytes | None:
            raise ZeroDivisionError

    guard = breaker(Broken(), [])
    with pytest.raises(ZeroDivisionError):
        guard.get("x", 10)
    assert not guard.is_open
