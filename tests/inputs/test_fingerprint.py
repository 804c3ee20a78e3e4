"""The difference of two fingerprints names the cause, for every kind of change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.inputs.fingerprint import difference, fingerprint, in_short

FILES: Mapping[str, Mapping[str, str]] = {
    "one": {"src/a.py": "aa", "src/b.py": "bb", "link": "link x aa 0"},
    "edited": {"src/a.py": "cc", "src/b.py": "bb", "link": "link x aa 0"},
    "mode": {"src/a.py": "xaa", "src/b.py": "bb", "link": "link x aa 0"},
    "gone": {"src/a.py": "aa", "link": "link x aa 0"},
    "new": {"src/a.py": "aa", "src/b.py": "bb", "link": "link x aa 0", "src/c.py": "cc"},
    "renamed": {"src/z.py": "aa", "src/b.py": "bb", "link": "link x aa 0"},
    "link": {"src/a.py": "aa", "src/b.py": "bb", "link": "link y aa 0"},
}
BASE: dict[str, Any] = {
    "definition": {
        "stage": "tests",
        "inputs": ["src"],
        "outputs": [],
        "arguments": [],
        "python": "3.11",
        "shard": "1/2",
        "tests": "t1",
        "settings": "s1",
        "measured": "m1",
        "needs order": ["a", "b"],
        "session": "tests",
        "noxline": "1.0",
        "detected": "d1",
        "version": "v1",
        "source": {"noxfile.py": "n1", "tools/nox_help.py": "h1"},
        "noxfile variables": {"HOME": "h"},
    },
    "inputs": "one",
    "variables": {"TZ": "UTC", "TOKEN": "sha256:1"},
    "environment": {
        "python": "cpython 3.11.7",
        "platform": "linux x86_64",
        "packages": {"pytest": "8.4.1", "six": "1"},
    },
    "programs": {"git": "/usr/bin/git 1"},
    "needs": {"build": "o1"},
    "machine": "m1",
}


def changed(part: str, name: str, value: object) -> dict[str, Any]:
    inner = {key: kept for key, kept in BASE[part].items() if key != name}
    return {**BASE, part: inner if value is None else {**inner, name: value}}


def packages(**found: str) -> dict[str, Any]:
    return changed("environment", "packages", found)


CAUSES: list[tuple[dict[str, Any], list[str]]] = [
    ({**BASE, "inputs": "edited"}, ["src/a.py changed"]),
    ({**BASE, "inputs": "mode"}, ["src/a.py is executable now"]),
    ({**BASE, "inputs": "gone"}, ["src/b.py is gone"]),
    ({**BASE, "inputs": "new"}, ["src/c.py is new"]),
    ({**BASE, "inputs": "renamed"}, ["src/a.py was renamed to src/z.py"]),
    ({**BASE, "inputs": "link"}, ["link changed"]),
    ({**BASE, "inputs": "forgotten"}, ["its input files changed"]),
    (changed("variables", "TZ", "CET"), ["TZ: UTC → CET"]),
    (changed("variables", "TZ", None), ["TZ is no longer set"]),
    (changed("variables", "TOKEN", "sha256:2"), ["TOKEN has another value"]),
    (changed("variables", "CI", "1"), ["CI is set"]),
    (packages(pytest="8.4.2", six="1"), ["pytest 8.4.1 → 8.4.2"]),
    (packages(pytest="8.4.1"), ["six 1 was removed"]),
    (packages(pytest="8.4.1", six="1", attrs="2"), ["attrs 2 was added"]),
    (changed("environment", "python", "cpython 3.11.9"), ["python cpython 3.11.7 → cpython 3.11.9"]),
    (changed("environment", "platform", "darwin arm64"), ["platform linux x86_64 → darwin arm64"]),
    (changed("programs", "git", "/usr/bin/git 2"), ["the program git changed"]),
    (changed("programs", "trivy", "/usr/bin/trivy 1"), ["the program trivy changed"]),
    (changed("needs", "build", "o2"), ["the output of build changed"]),
    (changed("needs", "docs", "o2"), ["it needs docs now"]),
    (changed("needs", "build", None), ["it no longer needs build"]),
    ({**BASE, "machine": "m2"}, ["it ran on another machine"]),
    (changed("definition", "arguments", ["-x"]), ["other arguments are given"]),
    (changed("definition", "inputs", ["src", "docs"]), ["the settings of its inputs changed"]),
    (changed("definition", "detected", "d2"), ["what was detected of the project changed"]),
    (changed("definition", "tests", "t2"), ["other tests belong to this shard"]),
    (changed("definition", "version", "v2"), ["the commit or the tags changed"]),
    (changed("definition", "noxline", "1.1"), ["noxline 1.0 → 1.1"]),
    (changed("definition", "source", {"noxfile.py": "n2", "tools/nox_help.py": "h1"}), ["noxfile.py changed"]),
    (changed("definition", "shard", "1/3"), ["the tests are split into another number of shards"]),
    (changed("definition", "outputs", ["x"]), ["the settings of its outputs changed"]),
    (changed("definition", "noxfile variables", {"HOME": "i"}), ["HOME, which the noxfile reads, changed"]),
    (changed("definition", "python", "3.12"), ["Python 3.11 → 3.12"]),
    (changed("definition", "settings", "s2"), ["the settings of tests changed"]),
    (changed("definition", "measured", "m2"), ["what is measured of coverage changed"]),
    (changed("definition", "needs order", ["b", "a"]), ["what it needs stands in another order"]),
    (changed("definition", "session", "other"), ["its definition changed (session)"]),
]


def made(parts: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return fingerprint(**parts)


@pytest.mark.parametrize(("after", "reasons"), CAUSES, ids=[reasons[0] for _, reasons in CAUSES])
def test_the_cause_is_named(after: dict[str, Any], reasons: list[str]) -> None:
    old, new = made(BASE), made(after)
    assert old[0] != new[0]
    assert difference(old[1], new[1], FILES.get) == reasons


def test_a_need_that_came_is_told_once() -> None:
    """Among the needs, and not again as another order of them."""
    now = changed("needs", "docs", "o2") | {"definition": {**BASE["definition"], "needs order": ["a", "b", "docs"]}}
    assert difference(made(BASE)[1], made(now)[1], FILES.get) == ["it needs docs now"]


def test_equal_fingerprints_have_no_difference() -> None:
    assert made(BASE)[0] == made(BASE)[0]
    assert difference(made(BASE)[1], made(BASE)[1], FILES.get) == []


def test_another_form_of_fingerprints_is_named_alone() -> None:
    old = {**made(BASE)[1], "schema": 0}
    assert difference(old, made(changed("needs", "build", "o2"))[1], FILES.get) == [
        "this version of noxline makes fingerprints differently"
    ]


@given(st.lists(st.sampled_from(CAUSES), min_size=1, max_size=4))
def test_every_cause_of_several_is_named(causes: list[tuple[dict[str, Any], list[str]]]) -> None:
    mixed = dict(BASE)
    named: dict[str, list[str]] = {}
    for after, reasons in causes:  # of each part the last change holds
        for part, before in BASE.items():
            if after[part] != before:
                mixed[part] = after[part]
                named[part] = reasons
    expected = sorted(reason for reasons in named.values() for reason in reasons)
    assert sorted(difference(made(BASE)[1], made(mixed)[1], FILES.get)) == expected


def test_a_line_names_three_causes_and_counts_the_others() -> None:
    assert in_short(["a", "b", "c"]) == ("a", "b", "c")
    assert in_short(["a", "b", "c", "d"]) == ("a", "b", "c", "1 more")
