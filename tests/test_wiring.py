"""What the composition root refuses before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.errors import MachineError, NoxlineError, UsageError
from noxline.graph import CycleError
from noxline.wiring import Options, open_project

pytestmark = pytest.mark.process


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "1"\n', encoding="utf-8")
    (tmp_path / "config").mkdir()
    return tmp_path


def test_a_cycle_of_needs_is_told_with_the_line_of_one_of_them(project: Path) -> None:
    settings = (
        'python = ["3.11"]\n[stage.duplication]\nneeds = ["security"]\n[stage.security]\nneeds = ["duplication"]\n'
    )
    (project / "config" / "pipeline.toml").write_text(settings, encoding="utf-8")
    with pytest.raises(CycleError) as raised:
        open_project(project, Options())
    assert raised.value.message.endswith("circle: duplication -> security -> duplication")
    assert raised.value.place == "config/pipeline.toml:3"


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        ("3.99", MachineError, "Python 3.99 is not on this machine"),
        ("foo", UsageError, "'foo' is not a version of Python like 3.12"),
        ("", UsageError, "'' is not a version of Python like 3.12"),
        ("3.12.1", UsageError, "'3.12.1' is not a version of Python like 3.12"),
    ],
)
def test_a_python_that_cannot_be_had(project: Path, asked: str, kind: type[NoxlineError], message: str) -> None:
    with pytest.raises(kind) as raised:
        open_project(project, Options(pythons=(asked,)))
    assert (raised.value.message, raised.value.place) == (message, "--python")


def test_a_project_in_no_git_repository_gets_a_note(project: Path) -> None:
    (note,) = (note for note in open_project(project, Options()).pipeline.notes if "git" in note)
    assert note.startswith("no git repository: ")
    (project / ".git").mkdir()
    assert not [note for note in open_project(project, Options()).pipeline.notes if "git" in note]
