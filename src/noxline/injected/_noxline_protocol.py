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
        self._item: Any = None
        self._next: Any = None
        self._left: Any = None  # what is still to be done
        self._error: Exception | None = None

    @_around
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
        """Do what is to be done around a test."""
        self._item = item
        self._do(self._begin)
        try:
            return (yield)
        finally:
            self._item, self._next = item, nextitem
            self._do(self._end)

    def _do(self, what: Callable[[], None]) -> None:
        self._left = what
        self._aside(self._once)
        if self._left is not None:
            self._once()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _once(self) -> None:
        what, self._left = self._left, None
        try:
            what()
        except Exception as error:  # noqa: BLE001 - raised again where pytest is told of it
            self._error = error

    def _begin(self) -> None:
        for begin in self._begins:
            begin(self._item)

    def _end(self) -> None:
        for end in self._ends:
            end(self._item, self._next)
