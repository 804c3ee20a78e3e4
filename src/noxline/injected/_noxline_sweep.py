"""Look at single attributes of things that last, some after each test: it costs little, and so tells more of when.

A walk (_noxline_walk.py) says that something moved since the walk before, hundreds of tests ago. Of what it found, the
attributes that functions of the project store are looked at here again and again meanwhile, one after the other.
"""

from __future__ import annotations

import time
import types
from collections.abc import Callable, Iterable
from typing import Any

from _noxline_inside import KINDS, PLAIN, address
from _noxline_walk import Walk
from _noxline_watch import Moves

_SHARE = 0.0025  # of the time that tests take
_GRACE = 0.3  # seconds, in the whole run
_AT_ONCE = 50  # attributes, between two looks at the clock
_GONE = object()
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    from _noxline_walk import Key


class _Attribute:
    """One that is looked at: whose it is, what it held when it was looked at last, and how many tests had run then."""

    __slots__ = ("ask", "at", "moves", "name", "owner", "state")

    def __init__(self, owner: Any, ask: Callable[[Any], Any], name: str, state: int, at: int) -> None:
        self.owner = owner
        self.ask = ask
        self.name = name
        self.state = state
        self.at = at
        self.moves: Moves | None = None


class Sweep:
    """The attributes that are looked at in turn."""

    def __init__(self) -> None:
        self._stored: frozenset[str] = frozenset()
        self._attributes: dict[Key, _Attribute] = {}
        self._turn: list[_Attribute] = []
        self._next = 0
        self._tests: list[str] = []
        self._spent = 0.0
        self._began = time.process_time()

    def begin(self, stored: Iterable[str], walk: Walk) -> None:
        """Begin, with the names that functions store, and with what a first walk found."""
        self._stored = frozenset(stored)
        self._began = time.process_time()
        self.follow(walk)

    def follow(self, walk: Walk) -> None:
        """Look from now on at what a walk found, too."""
        for key, (_, state, _, _) in walk.seen.items():
            owner, way, name = key
            if not way and name in self._stored and walk.lives(owner) and not self._follows(key):
                self._begin(key, walk.alive[owner], state)

        self._turn = [attribute for attribute in self._turn if attribute.owner() is not None]
        self._next = 0

    def _begin(self, key: Key, owner: Any, state: int) -> None:
        thing, name = owner(), key[2]
        ask = _way_to_attributes(type(thing))
        if ask is not None and name in ask(thing):
            self._attributes[key] = _Attribute(owner, ask, name, state, len(self._tests))
            self._turn.append(self._attributes[key])

    def _follows(self, key: Key) -> bool:
        return key in self._attributes and self._attributes[key].owner() is not None

    def after_test(self, test: str, now: float, done: float = 1.0) -> None:
        """Look at as many as the time allows that tests took; `done` is the part of them that has run."""
        self._tests.append(test)
        allowed = _GRACE * done + _SHARE * (now - self._began) - self._spent
        if allowed <= 0:
            return
        began = time.perf_counter()  # which costs much less than to ask for the time of the process
        for number in range(len(self._turn)):
            if number % _AT_ONCE == 0 and time.perf_counter() - began >= allowed:
                break
            self._check(self._turn[self._next])
            self._next = (self._next + 1) % len(self._turn)
        self._spent += time.perf_counter() - began

    def of(self, key: Key) -> Moves | None:
        """Return in which tests something moved; None when it is not looked at."""
        if not self._follows(key):
            return None
        found = self._attributes[key]
        self._check(found)
        return found.moves

    def _check(self, attribute: _Attribute) -> None:
        thing = attribute.owner()
        if thing is None:
            return
        value = attribute.ask(thing).get(attribute.name, _GONE)
        kind = type(value)
        state = hash((kind.__name__, value)) if kind in PLAIN else address(value)  # as held() has it
        if state != attribute.state:
            attribute.state = state
            attribute.moves = attribute.moves or Moves()
            attribute.moves.add(self._tests[attribute.at :], [KINDS.of(value)])
        attribute.at = len(self._tests)


def _way_to_attributes(kind: type) -> Callable[[Any], Any] | None:
    """Return what gives the attributes of a thing, without asking the thing; None for one that keeps them elsewhere."""
    if kind not in _WAYS:
        places = (vars(base).get("__dict__") for base in kind.__mro__)
        found = next((place for place in places if type(place) in _DESCRIPTORS), None)
        _WAYS[kind] = None if found is None else found.__get__
    return _WAYS[kind]


_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType)  # the latter of modules
_WAYS: dict[type, Callable[[Any], Any] | None] = {}
