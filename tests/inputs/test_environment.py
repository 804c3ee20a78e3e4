"""The record of a resolution, and what differs between two sets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.inputs.environment import (
    SCHEMA,
    corrected,
    differences,
    identity,
    identity_differences,
    known_set,
    new_record,
    normalised,
    reconcile,
    set_of_real,
    sound,
)

INSTALLS: dict[str, Any] = {"schema": 1, "steps": [], "seeds": {}, "obstacle": ""}
NAMES = st.text("ab-", min_size=1, max_size=2)
SETS = st.dictionaries(NAMES, st.sampled_from(["1", "2", "3"]), max_size=5)


def record(resolved: dict[str, str], *, time: float = 1000.0, **more: Any) -> dict[str, Any]:
    return new_record({**INSTALLS, **more}, resolved, time=time, files={"r.txt": "x"})


@pytest.mark.parametrize(
    ("now", "options", "known"),
    [
        (1099.0, {"ttl": 100.0}, True),
        (1100.0, {"ttl": 100.0}, False),
        (1000.0, {"ttl": 0.0}, False),
        (1000.0, {"ttl": 100.0, "refresh": True}, False),
        (1000.0, {"files": {"r.txt": "x"}}, True),
        (1000.0, {"files": {"r.txt": "y"}}, False),
        (1000.0, {"files": {}}, False),
        (900.0, {}, True),  # another machine's clock
        (100.0, {}, False),
    ],
)
def test_a_set_is_taken_while_it_is_young_and_its_files_are_as_they_were(
    now: float, options: dict[str, Any], known: bool
) -> None:
    there = record({"six": "1"})
    assert known_set(there, now=now, **options) == ({"six": "1"} if known else None)
    assert set_of_real(there, {"six": "1"}, now=now, **options) == ({"six": "1"} if known else None)


def test_what_cannot_be_resolved_ahead_is_known_from_its_environment_only() -> None:
    there = record({"six": "1"}, obstacle="a session runs uv sync")
    assert known_set(there, now=1000.0) is None
    assert set_of_real(there, {"six": "1"}, now=1000.0) == {"six": "1"}
    assert set_of_real(there, {"six": "2"}, now=1000.0) is None
    assert set_of_real(there, None, now=1000.0) is None


@pytest.mark.parametrize(
    "change",
    [
        {"schema": SCHEMA + 1},
        {"set": {"six": 1}},
        {"set": []},
        {"files": {"a": None}},
        {"time": "1"},
        {"time": True},
        {"installs": []},
        {"differs": []},
        {"obstacle": None},
        {"more": 1},
    ],
)
def test_anything_else_is_no_record(change: dict[str, Any]) -> None:
    assert sound(record({"six": "1"}))
    assert not sound({**record({"six": "1"}), **change})
    assert not sound(None)
    assert not sound({})
    assert known_set({**record({"six": "1"}), **change}, now=1000.0) is None


@given(SETS, SETS)
def test_differences_name_every_change_once(old: dict[str, str], new: dict[str, str]) -> None:
    phrases = differences(old, new)
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    assert sorted(phrase.split(" ")[0] for phrase in phrases) == sorted(changed)
    assert (phrases == []) == (old == new)


@given(resolved=SETS, real=SETS, later=SETS)
def test_the_same_resolution_leads_to_what_was_installed(
    resolved: dict[str, str], real: dict[str, str], later: dict[str, str]
) -> None:
    after = reconcile(record(resolved), real)
    assert after["set"] == real
    assert corrected(resolved, after["differs"]) == real
    assert reconcile(after, real) == after
    other = corrected(later, after["differs"])
    for name, version in later.items():
        if version != resolved.get(name):
            assert other[name] == version  # a resolution that says something new is believed


def test_an_identity_tells_platforms_from_distributions() -> None:
    old = identity({"python": "cpython 3.12.1", "os": "linux"}, {"pytest": "8.4.1"})
    new = identity({"python": "cpython 3.12.2", "os": "linux"}, {"pytest": "8.4.2"})
    assert identity_differences(old, new) == ["python cpython 3.12.1 → cpython 3.12.2", "pytest 8.4.1 → 8.4.2"]


@given(st.text("aB-_.1", max_size=8))
def test_names_are_normalised_once(name: str) -> None:
    assert normalised(normalised(name)) == normalised(name)
    assert set(normalised(name)) <= set("ab-1")
