"""Names and messages that are no text: file systems have such names, and tests put halves of characters anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.sessions.test_impact import ALL, project
from tests.sessions.traced_project import TracedProject

__all__ = ["project"]
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names"),
]


@pytest.fixture
def odd(project: TracedProject) -> Path:
    """Return a file of the project whose name is no text."""
    path = Path(os.fsdecode(os.fsencode(project.root / "tests") + b"/data\xff.txt"))
    path.write_text("1", encoding="utf-8")
    return path


READS = """\
import os
def test_odd():
    with open(os.fsencode(os.path.dirname(os.path.abspath(__file__))) + b"/data\\xff.txt") as stream:
        assert stream.read()
"""
IMPORTS = """\
import importlib, pytest
def test_odd():
    with pytest.raises(ImportError):
        importlib.import_module("\\udcff")
"""


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("code", [READS, IMPORTS], ids=["read", "import"])
def test_a_test_that_asks_for_such_a_name_runs_after_any_change(project: TracedProject, code: str) -> None:
    project.write("tests/test_odd.py", code)
    assert project.run() == {*ALL, "test_odd"}
    assert project.outcomes["test_odd"] == "passed"
    project.change("src/demo/two.py", "return 2", "return 2 + 0")
    assert project.run() == {"test_two", "test_odd"}


def test_a_file_that_nobody_reads_counts_as_any_other(project: TracedProject, odd: Path) -> None:
    assert project.run() == ALL
    assert project.run() == set()
    odd.write_text("2", encoding="utf-8")
    assert project.run() == ALL


def test_a_failure_that_shows_one_is_recorded_as_python_shows_it(project: TracedProject) -> None:
    project.write("tests/test_half.py", "def test_half():\n    raise ValueError('half \\ud800')\n")
    assert project.run() == {*ALL, "test_half"}
    assert project.outcomes["test_half"] == "failed"
    assert "half \\ud800" in project.report()[0]
    assert project.run() == {"test_half"}


def test_python_files_in_such_a_folder_are_said_and_nothing_is_selected(
    project: TracedProject, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(os.fsdecode(os.fsencode(project.root / "src" / "demo") + b"/odd\xff"))
    folder.mkdir()
    (folder / "more.py").write_text("MORE = 1\n", encoding="utf-8")
    assert project.run() == ALL
    assert "the next run cannot select tests: a name in the project is no text" in capsys.readouterr().out
    assert project.run() == ALL
