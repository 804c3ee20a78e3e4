"""The set that an environment should hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.nox_bridge.wanted import constraints, holds_wanted, renew, settle, want


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "t" / "lib" / "python3.12" / "site-packages" / "six-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "t" / "pyvenv.cfg").write_text("home = /x\nversion_info = 3.12.1\n")
    return tmp_path


def test_an_environment_of_which_nothing_is_wanted_will_do(root: Path) -> None:
    assert holds_wanted(root / "t", root)
    settle(root / "t", root)
    assert [path.name for path in root.iterdir()] == ["t"]
    assert constraints(root / "t") is None


@pytest.mark.parametrize(
    ("wanted", "python", "holds"),
    [
        ({"six": "1.0"}, "", True),
        ({"six": "1.0"}, "cpython 3.12.1", True),
        ({"six": "1.0"}, "cpython 3.12.2", False),
        ({"six": "1.1"}, "", False),
        ({}, "", False),
        ({"six": "1.0", "attrs": "25"}, "", False),
    ],
)
def test_set_and_interpreter_are_compared(root: Path, wanted: dict[str, str], python: str, holds: bool) -> None:
    want(root / "t", wanted, python=python)
    assert holds_wanted(root / "t", root) == holds
    want(root / "t", None)
    assert holds_wanted(root / "t", root)


def test_what_a_finished_installation_gave_is_settled_for_until_something_else_is_wanted(root: Path) -> None:
    want(root / "t", {"six": "1.1"})
    settle(root / "t", root)
    want(root / "t", {"six": "1.1"})
    assert holds_wanted(root / "t", root)
    want(root / "t", {"six": "1.2"})
    assert not holds_wanted(root / "t", root)


def test_renewing_asks_for_it_each_time(root: Path) -> None:
    for _ in range(2):
        renew(root / "t")
        assert not holds_wanted(root / "t", root)
        settle(root / "t", root)
        assert holds_wanted(root / "t", root)


def test_only_versions_can_hold_an_installer(root: Path) -> None:
    want(root / "t", {"six": "1.0", "a": "@ https://e.org/a.whl", "safety/six": "2", "conda/zlib": "1 0"})
    held = constraints(root / "t")
    assert held is not None
    assert held.read_text() == "six==1.0\n"


def test_a_torn_note_wants_nothing(root: Path) -> None:
    (root / ".t.wanted.json").write_text('{"set":')
    assert holds_wanted(root / "t", root)


def test_a_folder_that_cannot_be_written_breaks_nothing(root: Path) -> None:
    (root / "file").touch()
    place = root / "file" / "t"
    want(place, {"six": "1.0"})
    renew(place)
    assert holds_wanted(place, root)


def test_constraints_that_cannot_be_written_hold_nothing(root: Path) -> None:
    want(root / "t", {"six": "1.0"})
    (root / ".t.constraints.txt").mkdir()
    assert constraints(root / "t") is None
