"""In which tests something moved that outlives them: only these, and what is not a test, can have put it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

import msgspec


class Change(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a name that held something else after tests than before.

    `files` are the test files that alone lead there ("" when more do), `tests` those in which it moved; None: in which
    is not known. `alone` are tests in which it moved while others were reused, which might have moved it before them.
    """

    files: tuple[str, ...] = ()
    tests: tuple[str, ...] | None = None
    alone: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[str, ...] | None:
        """Return in which tests it moved; None when that is not known."""
        return _both(self.tests, self.alone)

    def __or__(self, other: Change) -> Change:
        """Return what is known of both."""
        tests = _both(self.tests, other.tests)
        return Change(_united(self.files, other.files), tests, _united(self.alone, other.alone))


class Moved(msgspec.Struct, frozen=True, array_like=True):
    """A place, by its file and names, that was watched to the end; `tests` and `alone` as in Change."""

    file: str
    names: tuple[str, ...]
    tests: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, tuple[str, ...]]:
        """Return which place it is."""
        return self.file, self.names

    @property
    def moves(self) -> tuple[str, ...]:
        """Return in which tests it moved."""
        return _united(self.tests, self.alone)

    def __or__(self, other: Moved) -> Moved:
        """Return what is known of the same place in both."""
        return Moved(*self.place, _united(self.tests, other.tests), _united(self.alone, other.alone))


def _united(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if one is None or other is None else _united(one, other)


def changed_in(processes: Iterable[Mapping[str, Change]]) -> dict[str, Change]:
    """Return what changed in any process."""
    found: dict[str, Change] = {}
    for changed in processes:
        for name, change in changed.items():
            found[name] = found[name] | change if name in found else change
    return found


def moved_in(processes: Sequence[Sequence[Moved]]) -> tuple[Moved, ...]:
    """Return the places that were watched in all processes."""
    found = [{moved.place: moved for moved in process} for process in processes]
    known = set(found[0]).intersection(*found[1:]) if found else set()
    return tuple(reduce(or_, (one[place] for one in found)) for place in sorted(known))


def seen_alone(moved: Iterable[Moved], before: Iterable[Moved]) -> tuple[Moved, ...]:
    """Return what moved while other tests were reused, told apart from what these tests had moved before."""
    known = {one.place: frozenset(one.tests) for one in before}
    found = []
    for one in moved:
        tests, alone = _apart(one.tests, known.get(one.place, frozenset()))
        found.append(Moved(*one.place, tests, alone))
    return tuple(found)


def still_known(moved: Iterable[Moved], reused: frozenset[str], again: Iterable[Moved]) -> tuple[Moved, ...]:
    """Return what remains known of places when only some tests are reused; what the others did is told by `again`.

    Where a test moved something once and not this time, another would have done it in its place: which, nobody saw.
    """
    now = {one.place: one.tests for one in again}
    return tuple(
        Moved(*one.place, _of(one.tests, reused), _of(one.alone, reused))
        for one in moved
        if reused.union(now.get(one.place, ())).issuperset(one.tests)
    )


def changes_seen_alone(changed: Mapping[str, Change], before: Mapping[str, Change]) -> dict[str, Change]:
    """Return the same of names that changed."""
    found = {}
    for name, change in changed.items():
        known = frozenset(before[name].tests or ()) if name in before else frozenset[str]()
        tests, alone = (None, ()) if change.tests is None else _apart(change.tests, known)
        found[name] = Change(change.files, tests, alone)
    return found


def changes_still_known(
    changed: Mapping[str, Change], reused: frozenset[str], again: Mapping[str, Change]
) -> dict[str, Change]:
    """Return the same of names that changed: of them it is forgotten in which tests they did, not that they did."""
    found = {}
    for name, change in changed.items():
        now = again[name].tests or () if name in again else ()
        known = change.tests is not None and reused.union(now).issuperset(change.tests)
        tests = _of(change.tests or (), reused) if known else None
        found[name] = Change(change.files, tests, _of(change.alone, reused))
    return found


def _of(tests: Iterable[str], reused: frozenset[str]) -> tuple[str, ...]:
    return tuple(test for test in tests if test in reused)


def _apart(tests: Iterable[str], known: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return those that are known, and those that are not."""
    return tuple(test for test in tests if test in known), tuple(test for test in tests if test not in known)
