"""Lines of modules that are imported while tests run: after a selected run they are those of a full one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sessions.traced_project import TracedProject

pytestmark = pytest.mark.process

FIRST = "def test_first():\n    from demo.loading import load\n    load(1)\n\n\n"
SECOND = "def test_second():\n    from demo.loading import load\n    load(2)\n\n\n"
LOADING = """\
def load(n):
    if n == wanted():
        from demo import lazy
        lazy.do()


def wanted():
    return 1
"""
LAZY = "from demo.lower import LOW\n\n\ndef do():\n    return LOW\n"


@pytest.fixture
def project(tmp_path: Path) -> TracedProject:
    (tmp_path / "project").mkdir()
    made = TracedProject(tmp_path / "project")
    made.write("src/demo/__init__.py", "")
    made.write("src/demo/loading.py", LOADING)
    made.write("src/demo/lazy.py", LAZY)
    made.write("src/demo/lower.py", "LOW = 1\n\n\ndef unused():\n    return 2\n")
    made.write("tests/test_one.py", FIRST)
    made.write("tests/test_two.py", SECOND)
    made.write("src/demo/other.py", "def other():\n    return 1\n")
    made.write("tests/test_three.py", "from demo.other import other\n\n\ndef test_third(): other()\n")
    return made


def agrees(project: TracedProject) -> dict[str, list[int]]:
    """Return the lines that a selected run reports; a full run reports the same."""
    selected = project.report()
    project.run(everything=True)
    assert selected == project.report()
    return selected[1]


def test_a_module_that_only_reused_tests_import_is_covered(project: TracedProject) -> None:
    project.run()
    project.change("src/demo/other.py", "return 1", "return 2")
    assert project.run() == {"test_third"}
    lines = agrees(project)
    assert (lines["lazy.py"], lines["lower.py"]) == ([1, 4, 5], [1, 4])


@pytest.mark.parametrize("comment", ["lazy.py", "lower.py", "loading.py"])
def test_so_it_is_when_a_comment_changed_in_it(project: TracedProject, comment: str) -> None:
    project.run()
    project.write(f"src/demo/{comment}", "# why\n" + (project.root / "src/demo" / comment).read_text())
    assert project.run() == set()
    lines = agrees(project)
    assert lines["lazy.py"] == ([2, 5, 6] if comment == "lazy.py" else [1, 4, 5])


def test_a_module_that_no_test_imports_any_more_is_not(project: TracedProject) -> None:
    project.run()
    project.change("src/demo/loading.py", "return 1", "return 3")
    assert project.run() == {"test_first", "test_second"}
    lines = agrees(project)
    assert not lines.get("lazy.py")
    assert not lines.get("lower.py")


def test_a_module_that_a_reused_test_now_imports_first_is(project: TracedProject) -> None:
    project.change("tests/test_two.py", "load(2)", "load(1)")
    project.run()
    project.change("tests/test_one.py", "load(1)", "load(2)")
    assert project.run() == {"test_first"}
    assert agrees(project)["lazy.py"] == [1, 4, 5]


@pytest.mark.parametrize(
    "statement",
    [
        "lazy = __import__('importlib').import_module('demo.lazy')",
        "import pytest; lazy = pytest.importorskip('demo.lazy')",
        "from unittest import mock; mock.patch('demo.lazy.do', print).start(); from demo import lazy",
    ],
)
def test_so_is_one_that_is_imported_by_a_computed_name(project: TracedProject, statement: str) -> None:
    project.change("src/demo/loading.py", "from demo import lazy", statement)
    project.run()
    project.change("src/demo/other.py", "return 1", "return 2")
    assert project.run() == {"test_third"}
    agrees(project)


def test_after_another_selected_run_nothing_is_lost(project: TracedProject) -> None:
    project.run()
    for n in (1, 2, 3):
        project.change("src/demo/other.py", f"return {n}", f"return {n + 1}")
        assert project.run() == {"test_third"}
    project.change("src/demo/loading.py", "return 1", "return 3")
    project.run()
    project.change("src/demo/loading.py", "return 3", "return 1")
    assert project.run() == {"test_first", "test_second"}
    assert agrees(project)["lazy.py"] == [1, 4, 5]


@pytest.mark.parametrize("look", ["import_module", "util.find_spec"])
def test_a_name_that_a_call_looked_for_in_vain_counts(project: TracedProject, look: str) -> None:  # (e)
    project.write(
        "tests/test_look.py",
        "import importlib.util\n\ndef test_look():\n    name = '_'.join(['not', 'there'])\n    try:\n"
        f"        importlib.{look}(name)\n    except ImportError:\n        pass\n",
    )
    assert "test_look" in project.run()
    project.write("src/not_there.py", "raise ValueError\n")
    assert "test_look" in project.run()
