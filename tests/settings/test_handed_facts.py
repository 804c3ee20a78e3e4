"""Facts that a run hands to its sessions: whole and of this project, or not taken."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from noxline.settings.detect.project import detect
from noxline.settings.handed_facts import dumped, loaded

PYPROJECT = """\
[project]
name = "demo"
version = "1"
requires-python = ">=3.10"
[dependency-groups]
test = ["pytest"]
[tool.mypy]
strict = true
"""


class _Command:
    """Pickled, it asks for a call of `os.mkdir`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("demo", "tests"):
        (folder / name).mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / "demo" / "__init__.py").write_text("x = 1\n", encoding="utf-8")
    (folder / "tests" / "test_x.py").write_text("def test_x(): pass\n", encoding="utf-8")
    return folder


def test_a_session_gets_what_was_detected(root: Path, tmp_path: Path) -> None:
    facts = detect(root)
    file = tmp_path / "facts"
    file.write_bytes(dumped(facts))
    assert loaded(file, root) == facts


def test_facts_of_another_project_are_not_taken(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "facts"
    file.write_bytes(dumped(detect(root)))
    assert loaded(file, tmp_path) is None


def test_facts_that_are_not_there_or_torn_are_not_taken(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "facts"
    assert loaded(file, root) is None
    whole = dumped(detect(root))
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert loaded(file, root) is None


def test_a_file_that_asks_for_anything_but_facts_runs_nothing(root: Path, tmp_path: Path) -> None:
    file, made = tmp_path / "facts", tmp_path / "made"
    file.write_bytes(pickle.dumps(_Command(made)))
    assert loaded(file, root) is None
    assert not made.exists()
