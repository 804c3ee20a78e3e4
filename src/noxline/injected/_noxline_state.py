"""Look at the state of the project's modules now and then: which names hold something else after tests than before.

What only the module of a test file leads to can be seen only by tests that import this file: with each name it is
noted from where one comes there.
"""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from _noxline_inside import AGAIN, KINDS, kind_in
from _noxline_sweep import Sweep
from _noxline_walk import Walk
from _noxline_watch import Moves, Watch

_SHARE = 0.0025  # of the time that tests take
_GRACE = 0.2  # seconds, in the whole run
_MOST_OBJECTS = 200_000  # objects that one look visits
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    from _noxline_walk import Key, Seen


class State:
    """What the names of the project held when it was looked at last, and which have changed since the first time.

    `changed` has by name the files that lead there. What belongs to an object that is watched moved in the tests that
    the watch names; of attributes the sweep may know; anything else moved in any test since the look before.
    """

    def __init__(
        self, inside: Callable[[Any], str], refuse: Callable[[str], None], *, most: int = _MOST_OBJECTS
    ) -> None:
        self.changed: dict[str, set[str]] = {}
        self._moves: dict[str, Moves] = {}
        self._watched: dict[str, set[Key]] = {}  # by name: what belongs to objects that are watched
        self._watch: Watch | None = None
        self._files: frozenset[str] = frozenset()
        self._inside = inside
        self._refuse = refuse
        self._most = most
        self._known: dict[str, bool] = {}
        self._seen: Walk | None = None
        self._sweep = Sweep()
        self._tests: list[str] = []
        self._done = 0  # tests, of this number
        self._count = 1
        self._spent = 0.0
        self._last = 0.0  # what the last look cost
        self._began = time.process_time()

    def begin(
        self, files: Iterable[str] = (), watch: Watch | None = None, stored: Iterable[str] = (), tests: int = 1
    ) -> None:
        """Look for the first time: what tests find when they begin.

        `files` are those of the tests, of which there are so many, `stored` the attributes that functions store.
        """
        self._files = frozenset(files)
        self._watch = watch
        began = time.process_time()
        self._seen = self._look(first=True)
        self._sweep.begin(stored, self._seen)
        self._count = max(1, tests)
        self._began = time.process_time()
        self._last = self._began - began
        self._spent = 0.0

    def after_test(self, test: str, now: float, *, look: bool) -> None:
        """Look again, as far as the time allows that tests took since the last look; `now` in CPU seconds."""
        self._tests.append(test)
        self._done += 1
        done = min(1.0, self._done / self._count)  # what comes early must not take the time of what comes late
        self._sweep.after_test(test, now, done)
        allowed = _GRACE * done + _SHARE * (now - self._began)
        if look and self._seen is not None and self._spent + self._last < allowed:
            self.compare()

    def compare(self) -> None:
        """Look again, and note what changed."""
        if self._seen is None:
            return
        began = time.process_time()
        before, now = self._seen, self._look()
        for names, files, key, kind in _differing(before, now):
            watched = self._watch is not None and self._watch.of(key) is not None
            moves = Moves() if watched else self._sweep.of(key) or self._since(kind)
            for name in names:
                self.changed.setdefault(name, set()).update(files)
                self._moves.setdefault(name, Moves()).merge(moves)
                if watched:
                    self._watched.setdefault(name, set()).add(key)
        self._sweep.follow(now)
        self._seen, self._tests = now, []
        self._last = time.process_time() - began
        self._spent += self._last

    def told(self) -> dict[str, list[Any]]:
        """Return it as it is written down."""
        return {name: [sorted(files), self._moved(name).told()] for name, files in self.changed.items()}

    def _moved(self, name: str) -> Moves:
        """Return in which tests what is known by a name moved."""
        moves = self._moves[name]
        for key in self._watched.get(name, ()):
            found = self._watch.of(key) if self._watch is not None else None
            # What moved when the watch did not look moved nobody knows when.
            moves.merge(found if found is not None and found.tests else Moves(None))
        return moves

    def _since(self, kind: int) -> Moves:
        """Return the moves of something that moved in any test since the look before."""
        moves = Moves()
        moves.add(self._tests, [kind])
        return moves

    def _look(self, *, first: bool = False) -> Walk:
        walk = Walk(self.is_own, self._most, self._watch.looked_up() if self._watch else frozenset())
        apart: dict[str, list[Any]] = {}
        for name, module in list(sys.modules.items()):
            if self.is_own(name):
                apart.setdefault(self._file_of_tests(module), []).append(module)
        for file in sorted(apart):  # "" is the first: what anybody may see is none of a test file's own
            walk.go(file, apart[file])
        if first:
            KINDS.begin(self.is_own, walk.addresses())
        walk.close()
        if walk.over:
            self._refuse("the project's modules hold more than %d objects, too many to look at" % self._most)
        return walk

    def _file_of_tests(self, module: types.ModuleType) -> str:
        """Return the file of a module when tests stand in it."""
        file = self._inside(module.__file__)
        return file if file in self._files else ""

    def is_own(self, module: str) -> bool:
        """Tell whether a module is one of the project's."""
        if module not in self._known:
            found = getattr(sys.modules.get(module), "__file__", None)
            self._known[module] = isinstance(found, str) and bool(self._inside(found))
        return self._known[module]


def _differing(before: Walk, now: Walk) -> Iterator[tuple[tuple[str, ...], frozenset[str], Key, int]]:
    """Yield what two looks found to be different: its names, what leads there, its key, and of which kind it is now."""
    same = {owner for owner, ref in now.alive.items() if owner in before.alive and before.alive[owner]() is ref()}
    yield from _held_otherwise(before.seen, now.seen, same)
    yield from _come_or_gone(before.seen, now.seen, same)


def _held_otherwise(
    before: Seen, now: Seen, same: set[int]
) -> Iterator[tuple[tuple[str, ...], frozenset[str], Key, int]]:
    for key, (names, held, roots, kind) in now.items():
        old = before.get(key)
        if old is not None and old[1] != held and key[0] in same:
            yield names, roots | old[2], key, kind_in(kind, was_there=True)


def _come_or_gone(
    before: Seen, now: Seen, same: set[int]
) -> Iterator[tuple[tuple[str, ...], frozenset[str], Key, int]]:
    for key in now.keys() ^ before.keys():
        if key[0] in same and not key[1]:  # an attribute that is new, or gone
            names, _, roots, kind = now.get(key) or before[key]
            yield names, roots, key, kind_in(kind, was_there=False) if key in now else AGAIN
