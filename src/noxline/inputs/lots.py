"""The id of a run, and the lots that it draws: which of its tasks are looked at more closely."""

from __future__ import annotations

import os
import time
from hashlib import sha256


def new_run_id() -> str:
    """Return a run id that sorts by time: `20260131-142530-9f3a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(2).hex()}"


def is_chosen(run_id: str, task: str, rate: float) -> bool:
    """Tell whether the lot falls on a task of a run; the same run and task always draw the same.

    >>> is_chosen("20260131-142530-9f3a", "tests-3.12", 1.0), is_chosen("20260131-142530-9f3a", "tests-3.12", 0.0)
    (True, False)
    """
    drawn = int.from_bytes(sha256(f"{run_id}\0{task}".encode()).digest()[:8], "big")
    return drawn < rate * 2**64
