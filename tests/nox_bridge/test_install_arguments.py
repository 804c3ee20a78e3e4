"""Install arguments, taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.nox_bridge.install_arguments import Kind, arguments, local_path, obstacle, spelled, with_paths

WORDS = st.one_of(
    st.sampled_from(
        [
            *("-e", "-r", "-c", "-U", "-q", "-qq", "--no-deps", "--extra", "--extra=x", "-rdev.txt", "-e.", "--group"),
            *("--find-links", "--index-url=https://e.org/", "--pre", "--python", "--nonsense", "--nonsense=1", "-x"),
            *("--reinstall-package", "--link-mode", "."),
        ]
    ),
    st.sampled_from(["pytest", "a[b]>=1,<2", "./x", "x.whl", "git+https://e.org/a@main", "c @ https://e.org/c.whl"]),
)


@given(st.lists(WORDS, max_size=8))
def test_taking_apart_what_was_put_together_changes_nothing(words: list[str]) -> None:
    found = arguments(words)
    again = arguments(spelled(found))
    told = tuple(one for one in found if one.kind is not Kind.IGNORED)
    if not obstacle(found):
        assert again == told


@given(st.lists(WORDS, max_size=8))
def test_no_requirement_is_lost(words: list[str]) -> None:
    found = arguments(words)
    if not obstacle(found):
        assert [one.value for one in found if one.kind is Kind.REQUIREMENT] == _bare(words)


def _bare(words: list[str]) -> list[str]:
    """Return the words that are no options and do not belong to one, by the plain rule of command lines."""
    flags = {"-U", "-q", "-qq", "--no-deps", "--pre"}
    bare, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word not in flags and "=" not in word and word not in ("-rdev.txt", "-e.")
        else:
            bare.append(word)
    return bare


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--exact", "six"], "--exact"),
        (["-r"], "-r"),
        (["--upgrade-strategy", "eager", "six"], "--upgrade-strategy"),
        (["-r", "locks/pylock.dev.toml"], "pylock.dev.toml"),
        (["-e", "git+https://e.org/a#egg=a"], "editable"),
        (["-r", "requirements.txt"], ""),
    ],
)
def test_what_is_not_understood_is_said(words: list[str], said: str) -> None:
    problem = obstacle(arguments(words))
    assert said in problem
    assert bool(problem) == bool(said)


@pytest.mark.parametrize(
    ("requirement", "path", "extras"),
    [
        (".", ".", ""),
        (".[x,y]", ".", "[x,y]"),
        ("../lib", "../lib", ""),
        ("libs/a[fast]", "libs/a", "[fast]"),
        ("/abs/a-1.0.tar.gz", "/abs/a-1.0.tar.gz", ""),
        ("a-1.0-py3-none-any.whl[x]", "a-1.0-py3-none-any.whl", "[x]"),
        ("pytest", "", ""),
        ("pytest>=8; python_version > '3'", "", ""),
        ("pytest[x]", "", ""),
        ("a @ file:///x/a.whl", "", ""),
        ("git+ssh://git@e.org/a", "", ""),
    ],
)
def test_paths_are_told_from_names(requirement: str, path: str, extras: str) -> None:
    assert local_path(requirement) == (path, extras)


def test_only_paths_are_replaced() -> None:
    words = ["-r", "a.txt", "-e", "./x[y]", "-c", "c.txt", "--find-links", "https://e.org/", "-f", "wheels", "pytest"]
    seen = [with_paths(one, lambda _, path: f"<{path}>").value for one in arguments(words)]
    assert seen == ["<a.txt>", "<./x>[y]", "<c.txt>", "https://e.org/", "<wheels>", "pytest"]
