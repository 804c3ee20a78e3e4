"""Which paths declared patterns stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.audit.patterns import covers_listing, covers_named, covers_path


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("src", "src/a/b.py", True),
        ("src/", "src", True),
        ("./src", "src/a.py", True),
        ("src", "source/a.py", False),
        (".", "anything/at.all", True),
        ("*.toml", "a.toml", True),
        ("*.toml", "sub/a.toml", False),
        ("**/*.toml", "a.toml", True),
        ("**/*.toml", "x/y/a.toml", True),
        ("**", "x/y", True),
        ("data/?.txt", "data/a.txt", True),
        ("data/?.txt", "data/ab.txt", False),
        ("data/[ab].txt", "data/c.txt", False),
        ("data/[!ab].txt", "data/c.txt", True),
        ("a+b", "a+b", True),
    ],
)
def test_a_pattern_stands_for_paths(pattern: str, name: str, covered: bool) -> None:
    assert covers_path([pattern], name) is covered


@pytest.mark.parametrize(
    ("pattern", "folder", "covered"),
    [
        ("tests", "tests/data", True),
        ("tests/**/*.py", "tests", True),
        ("tests/**/*.py", "docs", False),
        ("**/*.py", "anywhere", True),
        ("tests/*.py", "tests", True),
        ("tests/*.py", "tests/data", False),
        ("*.toml", "", True),
        ("src", "", False),
        (".", "", True),
    ],
)
def test_a_pattern_stands_for_the_names_in_a_folder(pattern: str, folder: str, covered: bool) -> None:
    assert covers_listing([pattern], folder) is covered


def test_only_what_is_named_without_a_wildcard_covers_ignored_files() -> None:
    assert covers_named(["src"], "src/made.py")
    assert not covers_named(["src/*.py"], "src/made.py")


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_a_pattern(pattern: str, name: str) -> None:
    assert covers_path([pattern], name) in (True, False)
    assert covers_listing([pattern], name) in (True, False)
    assert covers_path(["**"], name)
