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

from _noxline_walk import Walk

_SHARE = 0.03  # of the time that tests take
_MOST_OBJECTS = 200_000  # objects that one look visits
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    from _noxline_walk import Seen


class State:
    """What the names of the project held when it was looked at last, and which have changed since the first time."""

    def __init__(
        self, inside: Callable[[Any], str], refuse: Callable[[str], None], *, most: int = _MOST_OBJECTS
    ) -> None:
        self.changed: dict[str, set[str]] = {}
        self._files: frozenset[str] = frozenset()
        self._inside = inside
        self._refuse = refuse
        self._most = most
        self._known: dict[str, bool] = {}
        self._seen: Walk | None = None
        self._spent = 0.0
        self._began = time.process_time()

    def begin(self, files: Iterable[str] = ()) -> None:
        """Look for the first time: what tests find when they begin; `files` are those of the tests."""
        self._files = frozenset(files)
        self._seen = self._look()
        self._began = time.process_time()
        self._spent = 0.0

    def after_test(self) -> None:
        """Look again, as far as the time allows that tests took since the last look."""
        if self._seen is not None and self._spent < _SHARE * (time.process_time() - self._began):
            self.compare()

    def compare(self) -> None:
        """Look again, and note what changed."""
        if self._seen is None:
            return
        began = time.process_time()
        before, now = self._seen, self._look()
        for names, files in _differing(before, now):
            for name in names:
                self.changed.setdefault(name, set()).update(files)
        self._seen = now
        self._spent += time.process_time() - began

    def _look(self) -> Walk:
        walk = Walk(self.is_own, self._most)
        apart: dict[str, list[Any]] = {}
        for name, module in list(sys.modules.items()):
            if self.is_own(name):
                apart.setdefault(self._file_of_tests(module), []).append(module)
        for file in sorted(apart):  # "" is the first: what anybody may see is none of a test file's own
            walk.go(file, apart[file])
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


def _differing(before: Walk, now: Walk) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    """Yield the names, together for each place, under which two looks found something else; and what leads there."""
    same = {owner for owner, ref in now.alive.items() if owner in before.alive and before.alive[owner]() is ref()}
    yield from _held_otherwise(before.seen, now.seen, same)
    yield from _come_or_gone(before.seen, now.seen, same)


def _held_otherwise(before: Seen, now: Seen, same: set[int]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    for key, (names, held, roots) in now.items():
        old = before.get(key)
        if old is not None and old[1] != held and key[0] in same:
            yield names, roots | old[2]


def _come_or_gone(before: Seen, now: Seen, same: set[int]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    for key in now.keys() ^ before.keys():
        if key[0] in same and not key[1]:  # an attribute that is new, or gone
            names, _, roots = now.get(key) or before[key]
            yield names, roots
