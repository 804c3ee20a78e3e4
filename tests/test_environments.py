"""The identity of environments is known from what a run before resolved, as long as that may be believed."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from noxline.environments import ProjectEnvironments, Terms, resolved_last
from noxline.inputs.environment import new_record
from noxline.model.records import Merge, newest
from noxline.model.stage import Source
from noxline.model.task import Task
from tests.reuse.desk import Shelf, definition, task_of
from tests.reuse.world import write

pytestmark = pytest.mark.process  # the interpreter is asked what it is
UNIT = Task(name="unit", stage="unit", session="unit", source=Source.PROJECT, environment="project/unit")
NOW = 1_000_000.0
HOUR = 3600.0


class Records(Shelf):
    """A store that has one record for whatever is asked, and notes what is written."""

    def __init__(self, record: Mapping[str, Any] | None) -> None:
        super().__init__()
        self.record = record

    def read_record(self, kind: str, key: str, merge: Merge = newest) -> Mapping[str, Any] | None:
        del key, merge
        return self.record if kind == "resolutions" else None


def record(*, age: float = HOUR, obstacle: str = "", **packages: str) -> dict[str, Any]:
    return new_record({"steps": [], "seeds": {}, "obstacle": obstacle}, packages, time=NOW - age, files={})


def environments(root: Path, kept: Mapping[str, Any] | None, **how: Any) -> ProjectEnvironments:
    graph = SimpleNamespace(tasks={"unit": UNIT, "docs": task_of("docs"), **how.pop("more", {})})
    project: Any = SimpleNamespace(root=root, graph=graph, interpreters=())
    content = {"python": ""}
    own = {name: _with(definition("src"), content) for name in graph.tasks}
    (root / ".noxline" / "state").mkdir(parents=True, exist_ok=True)
    environ = {"PATH": how.pop("path", os.defpath)}
    return ProjectEnvironments(
        project=project,
        definitions=own,
        names=lambda: ["pyproject.toml"],
        environ=environ,
        store=how.pop("store", Records(kept)),
        terms=Terms(now=NOW, **how),
        warn=pytest.fail,
    )


def _with(made: Any, content: Mapping[str, Any]) -> Any:
    return replace(made, content=content)


def test_what_was_resolved_is_known_without_an_environment(tmp_path: Path) -> None:
    found, why = environments(tmp_path, record(pytest="8.0")).before(UNIT)
    assert why == ""
    assert found is not None
    assert found["distributions"] == {"pytest": "8.0"}
    assert found["platform"]["python"].endswith(sys.version.split()[0])
    assert not (tmp_path / ".noxline" / "envs" / "project" / "unit").exists()


@pytest.mark.parametrize(
    "kept",
    [
        None,
        {},
        {"schema": 99},
        record(obstacle="it installs from a folder of wheels", pytest="8.0"),
    ],
)
def test_what_nobody_knows_is_said_to_be_unknown(tmp_path: Path, kept: Mapping[str, Any] | None) -> None:
    assert environments(tmp_path, kept).before(UNIT) == (None, "what it installs is not known yet")


def test_without_a_store_nothing_is_known(tmp_path: Path) -> None:
    assert environments(tmp_path, None, store=None).before(UNIT)[0] is None


def test_what_is_known_counts_until_the_oldest_is_too_old(tmp_path: Path) -> None:
    own = environments(tmp_path, record(age=HOUR), ttl=3 * HOUR)
    assert own.expires() == math.inf
    own.before(UNIT)
    assert own.expires() == NOW + 2 * HOUR


def test_a_set_that_cannot_be_resolved_ahead_counts_while_the_environment_holds_it(tmp_path: Path) -> None:
    place = tmp_path / ".noxline" / "envs" / "project" / "unit"
    write(place / "pyvenv.cfg", "")
    write(place / "bin" / "python", "")
    (place / "lib" / "python3.11" / "site-packages" / "pytest-8.0.dist-info").mkdir(parents=True)
    kept = record(obstacle="it installs from a folder of wheels", pytest="8.0")
    found, _ = environments(tmp_path, kept).before(UNIT)
    assert found is not None
    assert found["distributions"] == {"pytest": "8.0"}
    (place / "lib" / "python3.11" / "site-packages" / "six-1.0.dist-info").mkdir()
    assert environments(tmp_path, kept).before(UNIT)[0] is None


def test_a_task_without_an_environment_rests_on_what_is_around_it(tmp_path: Path) -> None:
    python = tmp_path / "outer" / "bin" / "python"
    write(python, "#!/bin/sh\n")
    python.chmod(0o755)
    packages = tmp_path / "outer" / "lib" / "python3.11" / "site-packages"
    (packages / "pytest-8.0.dist-info").mkdir(parents=True)
    own = environments(tmp_path / "p", None, path=str(python.parent))
    docs = task_of("docs")
    found, why = own.before(docs)
    assert (why, found and found["distributions"]) == ("", {"pytest": "8.0"})
    assert own.after(docs) == found
    assert own.folders() == (str(packages),)


def test_what_a_stage_would_install_that_does_not_apply_is_nobodys_question(tmp_path: Path) -> None:
    class Once(Records):
        """It has a record of one environment, whichever is asked for first, and of no other."""

        def read_record(self, kind: str, key: str, merge: Merge = newest) -> Mapping[str, Any] | None:
            kept, self.record = super().read_record(kind, key, merge), None
            return kept

    hooks = replace(UNIT, name="hooks", environment="standard/hooks")
    for task, known in ((hooks, False), (replace(hooks, skip="no hook configuration"), True)):
        own = environments(tmp_path, None, store=Once(record(pytest="8.0")), more={"hooks": task})
        own.before(UNIT)
        assert own.are_known_ahead() is known


def test_of_two_records_the_one_that_was_resolved_last_counts() -> None:
    old, new = record(age=2 * HOUR, six="1"), record(age=HOUR, six="2")
    assert resolved_last(old, new) == resolved_last(new, old) == new
    assert resolved_last({"no": "record"}, old) == resolved_last(old, {"no": "record"}) == old
