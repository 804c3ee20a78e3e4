"""The first look at the files of a project: their names at once, what is in them in parts, by whoever has time."""

from __future__ import annotations

from array import array

from noxline.inputs.file_digests import ABSENT, WIDTH, digest_now, read_time, status_of
from noxline.inputs.index import Index
from noxline.inputs.input_set import digest_of
from noxline.inputs.listing import listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from noxline.inputs.listing import Git

    # What was seen of some files in a row: their numbers as bytes, their digests, and the places among them of those
    # that are to be read again.
    Part: TypeAlias = tuple[bytes, list[str], list[int]]

_FOLDER = b"/\0"  # where git tells of a repository inside this one


def look(root: str, names: Sequence[str]) -> Part:
    """Look at some files, and read them."""
    numbers = status_of(root, names)
    now = read_time()
    digests, unsettled = [], []
    for place, name in enumerate(names):
        digest, settled = digest_now(root, name, numbers[place * WIDTH : (place + 1) * WIDTH], now)
        digests.append(digest)
        if not settled:
            unsettled.append(place)
    return numbers.tobytes(), digests, unsettled


class FirstIndex(Index):
    """An index that may be told what is in its files, where it knows nothing of them yet."""

    def find(self, asked: Git) -> bool:
        """Learn the names of all files; False: it knows some of an earlier run, and has to `refresh` instead."""
        listed = listing(self.root, asked)
        if self.names:
            return False
        self.by_git, self._raws = listed.by_git, {"": listed.raw}
        names = self._entered({"": listed}, frozenset()) if _FOLDER in listed.raw else listed.names()
        self.names = tuple(sorted(dict.fromkeys(names)))  # git's order is nearly that already
        self.digests = [ABSENT] * len(self.names)
        self._numbers = array("Q", bytes(WIDTH * 8 * len(self.names)))
        self._changed = self._relisted = True
        return True

    def expect(self, sets: Iterable[Sequence[str]]) -> None:
        """Work out which files some sets of patterns name, before it is known what is in them."""
        for patterns in map(tuple, sets):
            members, extra = self._members(patterns), self._named_ignored(patterns)
            names = self.names if len(members) == len(self.names) else list(map(self.names.__getitem__, members))
            self._sets[patterns] = "", members.tobytes(), extra, "" if extra else digest_of(names)

    def take(self, parts: Iterable[Part]) -> bool:
        """Learn what was seen of all files, in order; False: there are folders among them, and it has to `refresh`."""
        numbers, digests, unsettled = array("Q"), list[str](), set[int]()
        for raw, some, again in parts:
            unsettled.update(len(digests) + place for place in again)
            numbers.frombytes(raw)
            digests += some
        if len(digests) != len(self.names) or self._new_folders(numbers):
            return False
        self._numbers, self.digests, self._unsettled = numbers, digests, frozenset(unsettled)
        self._read_files += len(digests)
        return True
