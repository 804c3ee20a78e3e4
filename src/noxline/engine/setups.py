"""Whose turn it is to make an environment, whom that holds back, and who has made one and waits for CPU tokens.

Tasks are known here by their ranks: the lower, the more urgent. Making an environment is mostly waiting for the network
and the disk, so it takes a set-up slot and no CPU token.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf


@dataclass(slots=True)
class _Environment:
    """Who makes an environment just now, and who wants it; one of the latter is next when the former fails."""

    ready: bool = False
    maker: int | None = None
    wanted_by: set[int] = field(default_factory=set)


class Setups:
    """The set-up slots of a run and its environments, each of which is made once."""

    def __init__(self, environments: Iterable[str], slots: int) -> None:
        if slots < 1:
            raise ValueError(f"a run needs at least one set-up slot, not {slots}")
        self.free = slots
        self.lined_up = 0
        self.at_gate: set[int] = set()
        self._environments = {name: _Environment() for name in environments if name}
        self._makers: dict[int, _Environment] = {}
        # An entry counts while its task wants the environment and nobody makes it; others are dropped when met.
        self._queue: list[tuple[int, str]] = []

    @property
    def open(self) -> int:
        """Return how many tasks want or have a set-up slot, or wait for an environment that is being made."""
        return self.lined_up + len(self._makers)

    @property
    def first_at_gate(self) -> float:
        """Return the rank of the most urgent task at the gate; behind all others when there is none."""
        return min(self.at_gate) if self.at_gate else inf

    def line_up(self, environment: str, rank: int) -> bool:
        """Line a task up for its environment; return False when there is nothing to wait for."""
        wanted = self._environments.get(environment)
        if wanted is None or wanted.ready:
            return False
        wanted.wanted_by.add(rank)
        self.lined_up += 1
        if wanted.maker is None:
            heappush(self._queue, (rank, environment))
        return True

    def next(self) -> int | None:
        """Take the most urgent task that may make its environment now out of the line, or return None."""
        while self._queue and self.free:
            rank, name = heappop(self._queue)
            environment = self._environments[name]
            if environment.maker is None and rank in environment.wanted_by:
                environment.wanted_by.discard(rank)
                self.lined_up -= 1
                return rank
        return None

    def begin(self, environment: str, rank: int) -> bool:
        """Give a task a slot and the duty to make its environment; return False when there is nothing to make."""
        wanted = self._environments.get(environment)
        if wanted is None or wanted.ready:
            return False
        wanted.maker = rank
        self._makers[rank] = wanted
        self.free -= 1
        return True

    def may_begin_ahead(self, environment: str) -> bool:
        """Tell whether an environment may be made for a task that still waits: nobody did or wants to, a slot idles."""
        wanted = self._environments.get(environment)
        if wanted is None or wanted.ready or wanted.maker is not None or wanted.wanted_by:
            return False
        return self.free > 0 and not self.lined_up

    def made(self, rank: int) -> list[int]:
        """Take notice that a task has made its environment and waits at the gate; return whom it held back."""
        if rank not in self._makers:
            return []
        self.at_gate.add(rank)
        return self._handed_over(self._makers[rank])

    def pass_gate(self) -> int:
        """Let the most urgent task at the gate go on; its slot is free again."""
        rank = min(self.at_gate)
        self._leave(rank)
        return rank

    def end(self, rank: int, environment: str, *, ready: bool) -> list[int]:
        """Take notice that a task ended, wherever it was; return whom it held back, when its environment is ready."""
        made = self._makers.get(rank)
        if made is None:
            return []
        self._leave(rank)
        if made.ready or ready:
            return self._handed_over(made)
        made.maker = None
        for other in made.wanted_by:
            heappush(self._queue, (other, environment))
        return []

    def _handed_over(self, environment: _Environment) -> list[int]:
        environment.ready = True
        released = list(environment.wanted_by)
        environment.wanted_by.clear()
        self.lined_up -= len(released)
        return released

    def _leave(self, rank: int) -> None:
        self.at_gate.discard(rank)
        del self._makers[rank]
        self.free += 1
