"""Which tasks are looked at more closely, by lot, and how two results of one task differ."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256


def is_chosen(run_id: str, task: str, rate: float) -> bool:
    """Tell whether the lot falls on a task of a run; the same run and task always draw the same.

    >>> is_chosen("20260131-142530-9f3a", "tests-3.12", 1.0), is_chosen("20260131-142530-9f3a", "tests-3.12", 0.0)
    (True, False)
    """
    drawn = int.from_bytes(sha256(f"{run_id}\0{task}".encode()).digest()[:8], "big")
    return drawn < rate * 2**64


def compare(expected: Mapping[str, str], got: Mapping[str, str]) -> tuple[str, ...]:
    """Return in words how two normalised views of a task's outputs (name of the file: digest) differ.

    >>> compare({"junit.xml": "a", "log.txt": "c"}, {"junit.xml": "b", "new.json": "d"})
    ('junit.xml differs', 'log.txt is no longer made', 'new.json was not there')
    """
    return tuple(
        f"{name} is no longer made"
        if name not in got
        else f"{name} was not there"
        if name not in expected
        else f"{name} differs"
        for name in sorted(expected.keys() | got.keys())
        if expected.get(name) != got.get(name)
    )
