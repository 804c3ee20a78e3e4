"""How two results of one task differ."""

from __future__ import annotations

from collections.abc import Mapping


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
