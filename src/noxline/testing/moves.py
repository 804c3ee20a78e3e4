"""In which tests something moved that outlives them: only these, and what is not a test, can have put it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

_Key = TypeVar("_Key")


class Moves(msgspec.Struct, frozen=True, array_like=True):
    """The tests in which something moved; None: in which is not known. `bare`: only empty containers came of it."""

    tests: tuple[str, ...] | None = None
    bare: bool = False

    def __or__(self, other: Moves) -> Moves:
        """Return the moves of both."""
        known = None if self.tests is None or other.tests is None else (*self.tests, *other.tests)
        return Moves(known and tuple(sorted(set(known))), self.bare and other.bare)


class Change(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a name that held something else after tests than before.

    `files` are the test files that alone lead there ("" when more do).
    """

    files: tuple[str, ...] = ()
    tests: tuple[str, ...] | None = None
    bare: bool = False

    @property
    def moves(self) -> Moves:
        """Return in which tests it moved."""
        return Moves(self.tests, self.bare)

    def __or__(self, other: Change) -> Change:
        """Return what is known of both."""
        moves = self.moves | other.moves
        return Change(tuple(sorted({*self.files, *other.files})), moves.tests, moves.bare)


class Moved(msgspec.Struct, frozen=True, array_like=True):
    """A place, by its file and names, that was watched to the end."""

    file: str
    names: tuple[str, ...]
    tests: tuple[str, ...] = ()
    bare: bool = False

    @property
    def place(self) -> tuple[str, tuple[str, ...]]:
        """Return which place it is."""
        return self.file, self.names

    @property
    def moves(self) -> Moves:
        """Return in which tests it moved."""
        return Moves(self.tests, self.bare)


def changed_in(processes: Iterable[Mapping[str, Change]]) -> dict[str, Change]:
    """Return what changed in any process."""
    found: dict[str, Change] = {}
    for changed in processes:
        for name, change in changed.items():
            found[name] = found[name] | change if name in found else change
    return found


def moved_in(processes: Sequence[Sequence[Moved]]) -> tuple[Moved, ...]:
    """Return the places that were watched in all processes."""
    found = [{moved.place: moved.moves for moved in process} for process in processes]
    known = set(found[0]).intersection(*found[1:]) if found else set()
    together = {}
    for place in sorted(known):
        moves = found[0][place]
        for one in found[1:]:
            moves |= one[place]
        together[place] = moves
    return tuple(Moved(*place, moves.tests or (), moves.bare) for place, moves in together.items())


def still_known(moved: Iterable[Moved], reused: frozenset[str], again: Iterable[Moved]) -> tuple[Moved, ...]:
    """Return what remains known of places when only some tests are reused; what the others did is told by `again`.

    Where a test moved something once and not this time, another would have done it in its place: which, nobody saw.
    """
    now = {one.place: one.tests for one in again}
    return tuple(
        Moved(*one.place, tuple(test for test in one.tests if test in reused), one.bare)
        for one in moved
        if reused.union(now.get(one.place, ())).issuperset(one.tests)
    )


def changes_still_known(
    changed: Mapping[str, Change], reused: frozenset[str], again: Mapping[str, Change]
) -> dict[str, Change]:
    """Return the same of names that changed: of them it is forgotten in which tests they did, not that they did."""
    found = {}
    for name, change in changed.items():
        now = again[name].tests or () if name in again else ()
        known = change.tests is not None and reused.union(now).issuperset(change.tests)
        tests = tuple(test for test in change.tests or () if test in reused) if known else None
        found[name] = Change(change.files, tests, change.bare)
    return found
