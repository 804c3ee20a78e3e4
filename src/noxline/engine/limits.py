"""CPU tokens: what keeps tasks and the workers inside them from asking for more than the machine has."""

from __future__ import annotations


class Tokens:
    """A pool of CPU tokens; each running task holds at least one."""

    def __init__(self, total: int) -> None:
        if total < 1:
            raise ValueError(f"a run needs at least one CPU token, not {total}")
        self.total = total
        self.free = total

    def take(self, most: int, *, contenders: int) -> int:
        """Take up to `most` tokens, but no more than a fair share of the free ones among the contenders.

        >>> pool = Tokens(8)
        >>> pool.take(8, contenders=3), pool.take(8, contenders=2), pool.take(8, contenders=1)
        (2, 3, 3)
        """
        if self.free < 1:
            raise ValueError("no token is free")
        taken = min(max(most, 1), max(self.free // max(contenders, 1), 1))
        self.free -= taken
        return taken

    def give(self, taken: int) -> None:
        """Give tokens back."""
        self.free += taken
