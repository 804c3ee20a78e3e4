"""Patterns are held against a slow reference that takes them apart name by name and character by character."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from noxline.inputs.patterns import has_wildcard, matcher, named

CHARACTERS = "ab-]!^[\\."
SEGMENT = st.text(CHARACTERS + "*?\n", min_size=1, max_size=5).filter(lambda text: text not in (".", ".."))
PATTERN = st.lists(st.just("**") | SEGMENT, min_size=1, max_size=3).map("/".join)
NAME = st.lists(st.text("ab-]!^[\n", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


def slow(pattern: str, name: str) -> bool:
    """Tell whether a pattern names a file, in the plainest way."""
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    names = name.split("/")
    if not has_wildcard(pattern):
        return names[: len(parts)] == parts
    return slow_parts(parts, names)


def slow_parts(parts: list[str], names: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        if len(parts) == 1:
            return bool(names)
        return any(slow_parts(parts[1:], names[skip:]) for skip in range(len(names) + 1))
    return bool(names) and slow_segment(parts[0], names[0]) and slow_parts(parts[1:], names[1:])


def slow_segment(part: str, name: str) -> bool:
    if not part:
        return not name
    if part[0] == "*":
        return any(slow_segment(part[1:], name[skip:]) for skip in range(len(name) + 1))
    if not name:
        return False
    if part[0] == "?":
        return slow_segment(part[1:], name[1:])
    if part[0] == "[":
        turned = part[1:2] == "!"
        first = 2 if turned else 1
        end = part.find("]", first + 1)
        if end > 0:
            return slow_set(part[first:end], name[0]) != turned and slow_segment(part[end + 1 :], name[1:])
    return part[0] == name[0] and slow_segment(part[1:], name[1:])


def slow_set(inner: str, character: str) -> bool:
    place = 0
    while place < len(inner):
        if inner[place + 1 : place + 2] == "-" and place + 2 < len(inner):
            if inner[place] <= character <= inner[place + 2]:
                return True
            place += 3
        else:
            if inner[place] == character:
                return True
            place += 1
    return False


@given(st.lists(PATTERN, min_size=1, max_size=3), st.lists(PATTERN, max_size=2), st.lists(NAME, min_size=1, max_size=6))
@example(["src"], [], ["src/a\nb"])
@example(["[!]a]"], [], ["a", "b", "]"])
@example(["[]a]"], [], ["a", "]"])
@example(["[b-a]", "[^a]"], [], ["a", "^"])
@example(["[!b-a]"], [], ["a"])
@example(["**"], ["b/**"], ["a", "b/a", "b"])
def test_patterns_name_what_the_reference_names(chosen: list[str], without: list[str], names: list[str]) -> None:
    chosen = [pattern.lstrip("!") or "a" for pattern in chosen]
    wanted = matcher((*chosen, *(f"!{pattern}" for pattern in without)))
    for name in names:
        expected = any(slow(one, name) for one in chosen) and not any(slow(one, name) for one in without)
        assert wanted(name) is expected, (chosen, without, name)


@pytest.mark.parametrize("whole", [".", "./", ""])
def test_the_whole_project_can_be_named(whole: str) -> None:
    wanted = matcher((whole,))
    assert wanted("a")
    assert wanted("b/c\n.py")


def test_only_names_without_a_wildcard_reach_what_git_ignores() -> None:
    assert named(("./src/", "a\\b", "*.py", "!docs", "x")) == ("src", "a/b", "x")


def test_nothing_is_named_by_exceptions_alone() -> None:
    assert not matcher(("!a",))("b")
