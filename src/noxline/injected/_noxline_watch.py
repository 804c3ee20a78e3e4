"""Watch variables of modules that functions of the project may change: in which tests they moved.

From the source alone any such variable may carry something from test to test. One that holds the same, down to the last
object that can be reached from it, whenever a test is over carries nothing; and what one carries that moved was put
there by the tests in which it moved, where nothing could be put there a second time without being seen.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from _noxline_glance import Glance
from _noxline_inside import AGAIN, address, kind_in
from _noxline_walk import Walk

WATCH = "NOXLINE_WATCH"
_MOST_OBJECTS = 300  # that can be reached from one variable; of more it is not known
_MOST_TESTS = 64  # in which something may move; of more it is as well to say that it may be any
_SHARE = 0.01  # of the time that tests take
_GRACE = 0.6  # seconds
_GLANCE = 0.001  # seconds that a glance may take: in more the process had to wait
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    from _noxline_walk import Key

    _Place = tuple[str, tuple[str, ...]]


class Moves:
    """In which tests something moved: None when it is not known."""

    def __init__(self, tests: Iterable[str] | None = ()) -> None:
        self.tests: dict[str, None] | None = None if tests is None else dict.fromkeys(tests)

    def add(self, tests: Iterable[str], kinds: Iterable[int] = ()) -> None:
        """Take into account that in any of these tests something came to hold what is of these kinds."""
        if self.tests is not None:
            self.tests.update(dict.fromkeys(tests))
            if AGAIN in kinds or len(self.tests) > _MOST_TESTS:
                self.tests = None

    def merge(self, other: Moves) -> None:
        """Take into account what is known of something that moved as well."""
        if other.tests is None:
            self.tests = None
        else:
            self.add(other.tests)

    def told(self) -> list[str] | None:
        """Return it as it is written down."""
        return None if self.tests is None else list(self.tests)


class Watch:
    """The places that are watched, each a module's file with names of variables."""

    def __init__(self, is_own: Callable[[str], bool], inside: Callable[[Any], str]) -> None:
        self._is_own = is_own
        self._inside = inside
        self._looked_up: frozenset[str] = frozenset()
        self._places: dict[_Place, Any] = {}
        self._lasting: dict[_Place, dict[int, Any]] = {}  # what belonged to it in all looks
        self._looks: dict[_Place, Walk] = {}
        self._glances: dict[_Place, Glance] = {}
        self._all = Glance([])  # of all places at once, but those that are not clear
        self._unclear: list[_Place] = []
        self._moves: dict[_Place, Moves] = {}
        self._spent: dict[_Place, float] = {}
        self._whole = 0.0
        self._count = 0  # tests
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
                self._looks[place] = look
                self._lasting[place] = dict(look.alive)
                self._moves[place] = Moves()
                self._glances[place] = self._glance(place)
        self._glance_at_all()

    def _modules(self) -> dict[str, list[Any]]:
        """Return the modules of the project by their files."""
        found: dict[str, list[Any]] = {}
        for module in list(sys.modules.values()):
            file = self._inside(getattr(module, "__file__", None))
            if file:
                found.setdefault(file, []).append(module)
        return found

    def after_test(self, test: str, now: float) -> None:
        """Look again, and note what is not as it was; forget what nobody can say; `now` in CPU seconds."""
        if not self._looks:
            return
        self._count += 1
        began = time.perf_counter()  # which costs much less than to ask for the time of the process
        if not self._all.is_same():
            self._look_at(list(self._looks), test)
            self._glance_at_all()
            self._whole += time.process_time() - now
        elif self._unclear:
            self._look_at(self._unclear, test)
            if any(place not in self._looks or self._glances[place].is_clear for place in self._unclear):
                self._glance_at_all()
            self._whole += time.process_time() - now
        else:
            self._whole += min(time.perf_counter() - began, _GLANCE)
        allowed = _GRACE + _SHARE * (now - self._began)
        if self._looks and self._whole > allowed:
            self._forget(max(self._looks, key=self._costs))
            self._glance_at_all()
            self._whole = allowed - _GRACE / 2  # what is left may show that it costs less

    def _costs(self, place: _Place) -> float:
        """Return the seconds that a place has cost, by what a glance costs that all were seen at."""
        began = time.perf_counter()
        self._glances[place].is_same()
        return self._spent[place] + self._count * (time.perf_counter() - began)

    def _glance(self, *places: _Place) -> Glance:
        return Glance((vars(self._places[place]), place[1], self._looks[place]) for place in places)

    def _glance_at_all(self) -> None:
        self._unclear = [place for place in self._looks if not self._glances[place].is_clear]
        self._all = self._glance(*(place for place in self._looks if self._glances[place].is_clear))

    def _look_at(self, places: Iterable[_Place], test: str) -> None:
        last = time.perf_counter()
        for place in places:
            if not self._glances[place].is_same():
                self._look_again(place, test)
            before, last = last, time.perf_counter()
            if place in self._spent:
                self._spent[place] += last - before

    def _look_again(self, place: _Place, test: str) -> None:
        now = self._look(place)
        if now.over or now.opaque or not self._is_known(place, now, test):
            self._forget(place)
        else:
            self._glances[place] = self._glance(place)

    def _is_known(self, place: _Place, now: Walk, test: str) -> bool:
        """Note whether a place moved in a test; tell whether it is still known in which ones it did."""
        before = self._looks[place]
        if not now.is_same_as(before):
            self._moves[place].add([test], set(self._kinds(place, before, now)))
            self._looks[place] = now
            self._lasting[place] = {o: ref for o, ref in self._lasting[place].items() if now.alive.get(o) is ref}
        return self._moves[place].tests is not None

    def _kinds(self, place: _Place, before: Walk, now: Walk) -> Iterator[int]:
        """Yield of which kinds that is which is not as it was; what a new object holds came with it."""
        module = address(self._places[place])
        for key, (_, state, _, kind) in now.seen.items():
            known = before.seen.get(key)
            if (known is None or known[1] != state) and (key[0] == module or before.lives(key[0])):
                yield kind_in(kind, was_there=known is not None)
        if _lost_attributes(before, now, module):
            yield AGAIN  # nobody would see them go again

    def moves(self) -> list[tuple[str, tuple[str, ...], Any]]:
        """Return for each place, by its file and names, in which tests it moved."""
        return [(*place, moves.told()) for place, moves in self._moves.items()]

    def of(self, key: Key) -> Moves | None:
        """Return when something moved that is known by this key; None when it was not watched all the time."""
        owner, way, name = key
        for place in self._looks:
            if owner == address(self._places[place]):
                if not way and name in place[1]:
                    return self._moves[place]
            elif owner in self._lasting[place] and self._lasting[place][owner]() is not None:
                return self._moves[place]
        return None

    def looked_up(self) -> frozenset[str]:
        """Return the names of dictionaries with weak keys in which things are looked up, and nothing else."""
        return self._looked_up

    def _forget(self, place: _Place) -> None:
        for kept in (self._looks, self._glances, self._spent, self._lasting, self._moves):
            del kept[place]

    def _look(self, place: _Place) -> Walk:
        walk = Walk(self._is_own, _MOST_OBJECTS, self._looked_up)
        variables = vars(self._places[place])
        walk.start({name: variables[name] for name in place[1] if name in variables}, address(self._places[place]))
        return walk


def _lost_attributes(before: Walk, now: Walk, module: int) -> bool:
    """Tell whether something that is still there has lost attributes."""
    gone = before.seen.keys() - now.seen.keys()
    return any(not way and (owner == module or owner in now.alive) for owner, way, _ in gone)


def to_watch() -> dict[str, Any]:
    """Return what the sources say of that which may last (testing/lasting.py, testing/lookups.py)."""
    path = os.environ.get(WATCH, "")
    if not path:
        return {"places": [], "looked_up": [], "stored": []}
    with open(path, encoding="utf-8") as stream:
        told: dict[str, Any] = json.load(stream)
    return told
