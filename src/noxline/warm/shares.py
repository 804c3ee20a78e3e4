"""The files of a fresh clone, read by two processes at once: whoever is free takes the next share of them.

The shares wait in a pipe, a byte each, and a byte is read by one process only. What a child took and did not hand back
is read here.
"""

from __future__ import annotations

import marshal
import os

from noxline.inputs.first_look import FirstIndex, look
from noxline.warm import beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from noxline.inputs.first_look import Part
    from noxline.inputs.listing import Git

FEW = 500  # files that are read in the time that a child takes to begin
_LEAST = 50  # files of a share
_MOST = 250  # shares, of which a pipe takes all at once, and a byte tells one


class Files:
    """The files of a fresh clone. While git lists them, and a child reads some, this process does other things."""

    def __init__(self, root: str, asked: Git) -> None:
        self._root = root
        self._asked = asked
        self._listed = False
        self._shares: Shares | None = None

    def begin(self) -> FirstIndex | None:
        """Begin to read, in a child; return the index that `end` completes. None for one that is damaged."""
        warned: list[str] = []
        index = FirstIndex(self._root, f"{self._root}/.noxline/state/index", warned.append)
        self._listed = True
        if index.find(self._asked):
            self._shares = Shares(self._root, index.names)
        return None if warned else index

    def end(self, index: FirstIndex) -> None:
        """Have everything read."""
        if self._shares is None or not index.take(self._shares.taken()):
            index.refresh()

    def drop(self) -> None:
        """Leave no process behind, wherever this ends."""
        if not self._listed:
            self._listed = True
            self._asked.output()
        if self._shares is not None:
            self._shares.drop()


class Shares:
    """Names of files in shares; a child takes some of these from now on, where there are many."""

    def __init__(self, root: str, names: Sequence[str]) -> None:
        self._root, self._names, self._owner = root, names, os.getpid()
        self._size = max(_LEAST, -(-len(names) // _MOST))
        self._count = -(-len(names) // self._size)
        self._queue, end = os.pipe()
        os.write(end, bytes(range(self._count)))
        os.close(end)
        self._child = beside.start(self._in_child) if len(names) > FEW else None

    def taken(self) -> list[Part]:
        """Return what is in all files, in order."""
        parts = {number: self._look(number) for number in self._claims()}
        parts |= self._of_child()
        return [parts.get(number) or self._look(number) for number in range(self._count)]

    def drop(self) -> None:
        """End the child, if it is at work."""
        if self._queue >= 0:
            os.close(self._queue)
        self._queue = -1
        if self._child is not None:
            self._child.drop()

    def _of_child(self) -> Mapping[int, Part]:
        answer = self._child.answer() if self._child is not None else None
        self._child = None
        # An answer of nothing is that of a child which something else brought to a good end.
        parts: dict[int, Part] = marshal.loads(answer) if answer else {}  # noqa: S302 - our own child wrote it
        return parts

    def _in_child(self) -> bytes:
        parts = {}
        for number in self._claims():
            if os.getppid() != self._owner:
                break  # nobody waits for it any more
            parts[number] = self._look(number)
        return marshal.dumps(parts)

    def _claims(self) -> Iterator[int]:
        while number := os.read(self._queue, 1):
            yield number[0]

    def _look(self, number: int) -> Part:
        return look(self._root, self._names[number * self._size : (number + 1) * self._size])
