"""Watch variables of modules that functions of the project may change: which were the same after each test.

From the source alone any such variable may carry something from test to test. One that holds the same, down to the last
object that can be reached from it, whenever a test is over carries nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from _noxline_walk import Walk

_MOST_OBJECTS = 300  # that can be reached from one variable; of more it is not known
_SHARE = 0.03  # of the time that tests take
_GRACE = 0.2  # seconds


class Watch:
    """The places that are watched, each a module's file with names of variables."""

    def __init__(self, is_own: Callable[[str], bool], inside: Callable[[Any], str]) -> None:
        self._is_own = is_own
        self._inside = inside
        self._places: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._looks: dict[tuple[str, tuple[str, ...]], Walk] = {}
        self._spent: dict[tuple[str, tuple[str, ...]], float] = {}
        self._began = 0.0

    def begin(self, places: Iterable[tuple[str, list[str]]]) -> None:
        """Look for the first time, before the first test."""
        modules = self._modules()
        for file, names in places:
            found = modules.get(file, ())
            # A file that is imported twice has two variables of a name.
            if len(found) == 1 and all(name in vars(found[0]) for name in names):
                self._places[file, tuple(names)] = found[0]
        self._began = time.process_time()
        for place in self._places:
            look = self._look(place)
            if not look.over and not look.opaque:
                self._spent[place] = 0.0
                self._looks[place] = look

    def _modules(self) -> dict[str, list[Any]]:
        """Return the modules of the project by their files."""
        found: dict[str, list[Any]] = {}
        for module in list(sys.modules.values()):
            file = self._inside(getattr(module, "__file__", None))
            if file:
                found.setdefault(file, []).append(module)
        return found

    def after_test(self) -> None:
        """Look again, and forget what is not as it was."""
        for place in list(self._looks):
            began = time.process_time()
            now = self._look(place)
            if now.over or now.opaque or not now.is_same_as(self._looks[place]):
                self._forget(place)
                continue
            self._spent[place] += time.process_time() - began
        while self._looks and sum(self._spent.values()) > _GRACE + _SHARE * (time.process_time() - self._began):
            self._forget(max(self._spent, key=lambda place: self._spent[place]))

    def steady(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the places that were the same each time."""
        return list(self._looks)

    def _forget(self, place: tuple[str, tuple[str, ...]]) -> None:
        del self._looks[place], self._spent[place]

    def _look(self, place: tuple[str, tuple[str, ...]]) -> Walk:
        walk = Walk(self._is_own, _MOST_OBJECTS)
        variables = vars(self._places[place])
        walk.start({name: variables[name] for name in place[1] if name in variables}, id(self._places[place]))
        return walk
