"""The commands of a suite: each runs, whatever became of the one before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.sessions.suite_command import Place
from noxline.sessions.tests import SuiteRun, _place
from noxline.settings.facts import Origin, Runner, TestCommand, TestSuite
from tests.sessions.samples import Answer, FakeSession, facts


@pytest.mark.parametrize(("ignored", "expected"), [(False, 2), (True, 0)])
def test_a_command_that_fails_keeps_no_other_from_running(root: Path, *, ignored: bool, expected: int) -> None:
    origin = Origin(file="tox.ini", line=3)
    pairs = (("first", ignored), ("second", False))
    parts = tuple(
        TestCommand(argv=(name,), runner=Runner.SCRIPT, origin=origin, ignore_failure=ignore) for name, ignore in pairs
    )
    session = FakeSession({"first": Answer(code=2)})
    suite = TestSuite(commands=parts, sources=())
    place = Place(bin=root / "bin", tmp=root / "tmp", rcfile=root / "rc")
    assert SuiteRun(session, facts(root), suite, place, {}).run_all() == expected
    assert session.ran == [("first",), ("second",)]


def test_the_temporary_folder_lies_outside_the_environment(root: Path, output: Path) -> None:
    environment = root / ".noxline" / "envs" / "tests-3-11"
    place = _place(FakeSession(bin=str(environment / "bin")), facts(root), output)
    assert place.tmp.is_dir()
    assert not place.tmp.is_relative_to(environment)
