"""What reuse has brought so far: one short line a run, added up when somebody asks."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from dataclasses import dataclass, fields

from noxline.cache.placing import write_new

_LONGEST = 256 * 1024  # bytes; then the lines are added up into one


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Tasks that were reused and that ran, the seconds this saved, and what came of hits that ran all the same."""

    hits: int = 0
    misses: int = 0
    saved_seconds: float = 0.0
    verified: int = 0
    wrong: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    @property
    def wrong_rate(self) -> float | None:
        """Return the share of wrong ones among the hits that were verified; None when none was."""
        return self.wrong / self.verified if self.verified else None


def append(root: str, tally: Tally) -> None:
    """Add a run's tally to the ledger of a store, where that can be written.

    Of two runs that end while the lines are added up, one may be forgotten.
    """
    with suppress(OSError):  # the store has said by now that it cannot be written; a tally more or less decides nothing
        _append(root, tally)


def _append(root: str, tally: Tally) -> None:
    path = f"{root}/ledger"
    os.makedirs(root, exist_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        os.write(number, line_of(tally))  # so short a line goes in as a whole
        length = os.fstat(number).st_size
    finally:
        os.close(number)
    if length > _LONGEST:
        write_new(path, line_of(total(root)), replace=True)


def total(root: str) -> Tally:
    """Return the sum of all lines; what is torn is passed over."""
    try:
        with open(f"{root}/ledger", "rb") as file:
            lines = file.read(4 * _LONGEST).splitlines()
    except OSError:
        return Tally()  # no run wrote one yet, or it cannot be read: there is nothing to tell
    return sum(map(_tally, lines), Tally())


def line_of(tally: Tally) -> bytes:
    """Return a tally as a line of the ledger."""
    seconds = f"{tally.saved_seconds:.3f}"
    return f"{tally.hits} {tally.misses} {seconds} {tally.verified} {tally.wrong}\n".encode()


def _tally(line: bytes) -> Tally:
    try:
        hits, misses, seconds, verified, wrong = line.split()
        saved = float(seconds)
        counts = [int(count) for count in (hits, misses, verified, wrong)]
    except ValueError:
        return Tally()
    if not math.isfinite(saved) or min(counts) < 0:
        return Tally()
    return Tally(hits=counts[0], misses=counts[1], saved_seconds=saved, verified=counts[2], wrong=counts[3])
