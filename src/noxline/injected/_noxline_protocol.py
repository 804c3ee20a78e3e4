"""Stand around each test of this process: what is to be done before it, and after it, is done at once and untraced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from _noxline_around import AROUND

_Hook = TypeVar("_Hook")
_around: Callable[[_Hook], _Hook] = pytest.hookimpl(**AROUND, tryfirst=True)


class Protocol:
    """Calls `begin(item)` and `end(item, nextitem)` of each part, the last one first at the end.

    `aside` does something that is not traced; it may refuse, and then it is done all the same.
    """

    def __init__(self, parts: Sequence[Any], aside: Callable[[Callable[[], None]], None]) -> None:
        self._aside = aside
        self._begins = [part.begin for part in parts]
        self._ends = [part.end for part in reversed(parts)]

    @_around
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
        """Do what is to be done around a test."""
        self._do(self._begins, item)
        try:
            return (yield)
        finally:
            self._do(self._ends, item, nextitem)

    def _do(self, steps: Sequence[Callable[..., None]], *given: Any) -> None:
        call = _Call(steps, given)  # of this test alone: others may run in other threads, or inside it
        self._aside(call)
        if not call.is_done:
            call()
        if call.error is not None:
            raise call.error


class _Call:
    """What is to be done, once; an audit hook must not raise."""

    __slots__ = ("_given", "_steps", "error", "is_done")

    def __init__(self, steps: Sequence[Callable[..., None]], given: Sequence[Any]) -> None:
        self._steps = steps
        self._given = given
        self.is_done = False
        self.error: Exception | None = None

    def __call__(self) -> None:
        self.is_done = True
        try:
            for step in self._steps:
                step(*self._given)
        except Exception as error:  # noqa: BLE001 - raised again where pytest hears of it
            self.error = error
