"""What is done around a test is done once, whoever does it, and its errors are not lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from noxline.sessions.measure import INJECTED


class Part:
    """Notes what it is told."""

    def __init__(self, name: str, said: list[str], error: str = "") -> None:
        self._name, self._said, self._error = name, said, error

    def begin(self, item: str) -> None:
        self._said.append(f"{self._name} begins {item}")

    def end(self, item: str, nextitem: str) -> None:
        self._said.append(f"{self._name} ends {item} before {nextitem}")
        if self._error:
            raise OSError(self._error)


def at_once(what: Callable[[], None]) -> None:
    what()


def never(_what: Callable[[], None]) -> None:
    """Refuse, as a trace does that could not begin."""


def run(monkeypatch: pytest.MonkeyPatch, aside: Callable[..., None], *parts: Part) -> None:
    monkeypatch.syspath_prepend(str(INJECTED))
    from _noxline_protocol import Protocol

    around: Any = Protocol(parts, aside).pytest_runtest_protocol("a", "b")
    next(around)
    with pytest.raises(StopIteration):
        around.send(None)


@pytest.mark.parametrize("aside", [at_once, never])
def test_parts_end_in_the_other_order(monkeypatch: pytest.MonkeyPatch, aside: Callable[..., None]) -> None:
    said: list[str] = []
    run(monkeypatch, aside, Part("one", said), Part("two", said))
    assert said == ["one begins a", "two begins a", "two ends a before b", "one ends a before b"]


@pytest.mark.parametrize("aside", [at_once, never])
def test_an_error_is_raised_where_pytest_hears_of_it(
    monkeypatch: pytest.MonkeyPatch, aside: Callable[..., None]
) -> None:
    with pytest.raises(OSError, match="disk full"):
        run(monkeypatch, aside, Part("one", [], "disk full"))


def test_tests_that_run_at_a_time_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(INJECTED))
    from _noxline_protocol import Protocol

    said: list[str] = []
    made = Protocol([Part("one", said)], at_once)
    first, second = made.pytest_runtest_protocol("a", "b"), made.pytest_runtest_protocol("b", None)
    for around in (first, second):
        next(around)
    for around in (first, second):
        with pytest.raises(StopIteration):
            around.send(None)
    assert said == ["one begins a", "one begins b", "one ends a before b", "one ends b before None"]
