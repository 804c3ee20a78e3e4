"""Watch variables of modules that functions of the project may change: in which tests they moved.

From the source alone any such variable may carry something from test to test. One that holds the same, down to the last
object that can be reached from it, whenever a test is over carries nothing; and what one carries that moved was put
there by the tests in which it moved, where nothing could be put there a second time without being seen.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from _noxline_glance import glance
from _noxline_inside import AGAIN, EMPTY, address
from _noxline_walk import Walk

_MOST_OBJECTS = 300  # that can be reached from one variable; of more it is not known
_MOST_TESTS = 64  # in which something may move; of more it is as well to say that it may be any
_SHARE = 0.03  # of the time that tests take
_GRACE = 0.2  # seconds
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    _Place = tuple[str, tuple[str, ...]]


class Moves:
    """In which tests something moved: None when it is not known. `bare`: all that was left each time is empty."""

    def __init__(self) -> None:
        self.tests: dict[str, None] | None = {}
        self.bare = True

    @classmethod
    def unknown(cls) -> Moves:
        """Return those of something of which nobody knows."""
        made = cls()
        made.tests, made.bare = None, False
        return made

    @classmethod
    def of(cls, tests: Iterable[str], kind: int) -> Moves:
        """Return those of something that moved in any of these tests, and is of this kind now."""
        made = cls()
        made.add(tests, [kind])
        return made

    def add(self, tests: Iterable[str], kinds: Iterable[int]) -> None:
        """Take into account that in some of these tests something came to hold what is of these kinds."""
        kinds = set(kinds)
        self.bare = self.bare and kinds == {EMPTY}
        if self.tests is None or AGAIN in kinds:
            self.tests = None
            return
        self.tests.update(dict.fromkeys(tests))
        if len(self.tests) > _MOST_TESTS:
            self.tests = None

    def merge(self, other: Moves) -> None:
        """Take into account what is known of something that moved as well."""
        self.bare = self.bare and other.bare
        if self.tests is not None:
            self.add(other.tests or (), [EMPTY if other.bare else 0])
        if other.tests is None:
            self.tests = None

    def told(self) -> list[Any]:
        """Return it as it is written down."""
        return [None if self.tests is None else list(self.tests), self.bare]


class Watch:
    """The places that are watched, each a module's file with names of variables."""

    def __init__(self, is_own: Callable[[str], bool], inside: Callable[[Any], str]) -> None:
        self._is_own = is_own
        self._inside = inside
        self._looked_up: frozenset[str] = frozenset()
        self._places: dict[_Place, Any] = {}
        self._first: dict[_Place, Walk] = {}
        self._looks: dict[_Place, Walk] = {}
        self._glances: dict[_Place, list[Any] | None] = {}
        self._moves: dict[_Place, Moves] = {}
        self._spent: dict[_Place, float] = {}
        self._began = 0.0

    def begin(self, places: Iterable[tuple[str, list[str]]], looked_up: Iterable[str] = ()) -> None:
        """Look for the first time, before the first test."""
        self._looked_up = frozenset(looked_up)
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
                self._first[place] = self._looks[place] = look
                self._moves[place] = Moves()
                self._glances[place] = self._glance(place)

    def _modules(self) -> dict[str, list[Any]]:
        """Return the modules of the project by their files."""
        found: dict[str, list[Any]] = {}
        for module in list(sys.modules.values()):
            file = self._inside(getattr(module, "__file__", None))
            if file:
                found.setdefault(file, []).append(module)
        return found

    def after_test(self, test: str) -> None:
        """Look again, and note what is not as it was; forget what nobody can say."""
        for place in list(self._looks):
            began = time.process_time()
            if not self._is_same_at_a_glance(place):
                now = self._look(place)
                if now.over or now.opaque or not self._is_known(place, now, test):
                    self._forget(place)
                    continue
                self._glances[place] = self._glance(place)
            self._spent[place] += time.process_time() - began
        while self._looks and sum(self._spent.values()) > _GRACE + _SHARE * (time.process_time() - self._began):
            self._forget(max(self._spent, key=lambda place: self._spent[place]))

    def _is_same_at_a_glance(self, place: _Place) -> bool:
        seen = self._glances.get(place)
        living = self._looks[place].alive.values()  # only what lives cannot be something else in its place
        return seen is not None and seen == self._glance(place) and all(ref() is not None for ref in living)

    def _glance(self, place: _Place) -> list[Any] | None:
        variables = vars(self._places[place])
        found: list[Any] | None = glance([variables.get(name, self) for name in place[1]], self._looks[place].keyed)
        return found

    def _is_known(self, place: _Place, now: Walk, test: str) -> bool:
        """Note whether a place moved in a test; tell whether it is still known in which ones it did."""
        if now.is_same_as(self._looks[place]):
            return True
        self._looks[place] = now
        self._moves[place].add([test], list(self._kinds(place, now)) or [0])
        return self._moves[place].tests is not None

    def _kinds(self, place: _Place, now: Walk) -> Iterator[int]:
        """Yield of which kinds that is which differs from what was there at first."""
        first = self._first[place].seen
        for key, (_, state, _, kind) in now.seen.items():
            if key not in first or first[key][1] != state:
                # What a new object holds came with it: to hold the same, another must be there.
                yield kind if self._was_there(place, key[0]) else 0
        for owner, way, _ in first.keys() - now.seen.keys():
            if not way and self._was_there(place, owner):
                yield AGAIN  # an attribute that is gone: nobody would see it go again

    def _was_there(self, place: _Place, owner: int) -> bool:
        """Tell whether an object was part of a place before the first test."""
        first = self._first[place].alive.get(owner)
        return owner == address(self._places[place]) or (first is not None and first() is not None)

    def moves(self) -> list[tuple[Any, ...]]:
        """Return for each place, by its file and names, in which tests it moved."""
        return [(*place, *moves.told()) for place, moves in self._moves.items()]

    def of(self, owner: int, name: str) -> Moves | None:
        """Return when something moved that belongs to an object; None when it was not watched."""
        for place in self._looks:
            if self._was_there(place, owner) and (owner != address(self._places[place]) or name in place[1]):
                return self._moves[place]
        return None

    def looked_up(self) -> frozenset[str]:
        """Return the names of dictionaries with weak keys in which things are looked up, and nothing else."""
        return self._looked_up

    def _forget(self, place: _Place) -> None:
        for kept in (self._looks, self._glances, self._spent, self._first, self._moves):
            del kept[place]

    def _look(self, place: _Place) -> Walk:
        walk = Walk(self._is_own, _MOST_OBJECTS, self._looked_up)
        variables = vars(self._places[place])
        walk.start({name: variables[name] for name in place[1] if name in variables}, address(self._places[place]))
        return walk
