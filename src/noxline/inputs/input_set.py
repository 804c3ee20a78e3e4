"""The input files of a task: some files of a project, each with the digest of its content."""

from __future__ import annotations

from bisect import bisect_left
from hashlib import sha256

from noxline.inputs.input_lines import line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def digest_of(texts: Sequence[str], before: str = "") -> str:
    """Return the digest of texts in their order, none of which holds a NUL, after a text of settled length."""
    return sha256("\0".join((before, *texts)).encode("utf-8", "surrogateescape")).hexdigest()


class InputSet:
    """Some files of a project with their digests.

    `digest` is that of their contents after `named`, that of their names: where only contents differ, only these are
    digested again.
    """

    __slots__ = ("_digests", "digest", "named", "names")

    def __init__(self, names: Sequence[str], digests: Sequence[str]) -> None:
        self.names = names
        self._digests = digests
        self.named = digest_of(names)
        self.digest = digest_of(digests, self.named)

    @property
    def text(self) -> bytes:
        """Return the files as lines of digest and name, in order."""
        rows = list(zip(self.names, self._digests, strict=True))
        text = "".join([f"{digest}\t{name}\n" for name, digest in rows])
        if "\\" in text or not text.count("\t") == text.count("\n") == len(rows):
            text = "".join([line_of(name, digest) for name, digest in rows])
        return text.encode("utf-8", "surrogateescape")


def is_among(names: Sequence[str], members: Sequence[int], name: str) -> bool:
    """Tell whether a file is among those at some places of a sorted list of names.

    To ask a matcher of patterns would cost as much as all the rest of a look.
    """
    place = bisect_left(names, name)
    found = bisect_left(members, place)
    return found < len(members) and members[found] == place and names[place] == name


def joined(earlier: dict[str, tuple[str, str]], later: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Return two lots of changes as one: from what a file was before the first to what it is after the last.

    >>> joined({"a": ("1", "2"), "b": ("1", "2")}, {"a": ("2", "3"), "b": ("2", "1")})
    {'a': ('1', '3')}
    """
    both = {**earlier, **{name: (earlier.get(name, pair)[0], pair[1]) for name, pair in later.items()}}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}
