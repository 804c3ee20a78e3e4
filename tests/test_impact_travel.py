"""What is known of single tests reaches a second clone through the cache, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.impact_travel import STATE, ImpactTravel
from noxline.model.stage import Source
from noxline.model.task import Task
from tests.reuse.desk import Desk, definition

TESTS = Task(name="tests-3.12#1/2", stage="tests", session="tests-3.12", source=Source.STANDARD)
PLACE = f"{STATE}/tests-3.12#1-2.bin"
LEFT = {"impact.bin": "what is known", "junit.xml": "<testsuites/>"}

pytestmark = pytest.mark.process  # git lists the files


def clone(tmp_path: Path, name: str, project: str = "demo") -> tuple[Desk, ImpactTravel]:
    desk = Desk(tmp_path / name, {TESTS.name: definition("src")})
    desk.write("src/a.py", f"# {name}\n")
    return desk, ImpactTravel(root=desk.root, project=project, store=desk.disk)


def test_a_second_clone_gets_what_the_first_one_knows(tmp_path: Path) -> None:
    first, travel = clone(tmp_path, "first")
    first.once(TESTS, LEFT, travel=travel)
    second, travel = clone(tmp_path, "second")
    second.decision(TESTS, travel=travel)
    assert (second.root / PLACE).read_text() == "what is known"


def test_a_reused_result_brings_it_too(tmp_path: Path) -> None:
    first, travel = clone(tmp_path, "first")
    first.once(TESTS, LEFT, travel=travel)
    assert not (first.root / PLACE).exists()
    assert first.is_reused(TESTS, travel=travel)
    assert (first.root / PLACE).read_text() == "what is known"


def test_what_is_known_here_stays(tmp_path: Path) -> None:
    first, travel = clone(tmp_path, "first")
    first.once(TESTS, LEFT, travel=travel)
    second, travel = clone(tmp_path, "second")
    (second.root / STATE).mkdir(parents=True)
    (second.root / PLACE).write_text("my own")
    second.decision(TESTS, travel=travel)
    assert (second.root / PLACE).read_text() == "my own"


@pytest.mark.parametrize("left", [{"junit.xml": ""}, None])
def test_a_result_that_knows_nothing_brings_nothing(tmp_path: Path, left: dict[str, str] | None) -> None:
    first, travel = clone(tmp_path, "first")
    first.once(TESTS, left, travel=travel)
    second, travel = clone(tmp_path, "second")
    second.decision(TESTS, travel=travel)
    assert not (second.root / PLACE).exists()


def test_projects_that_share_a_cache_do_not_mix(tmp_path: Path) -> None:
    first, travel = clone(tmp_path, "first")
    first.once(TESTS, LEFT, travel=travel)
    second, travel = clone(tmp_path, "second", project="another")
    second.decision(TESTS, travel=travel)
    assert not (second.root / PLACE).exists()


def test_a_damaged_result_is_none(tmp_path: Path) -> None:
    first, travel = clone(tmp_path, "first")
    first.once(TESTS, LEFT, travel=travel)
    for blob in (tmp_path / "store").rglob("*"):
        if blob.is_file() and b"what is known" in blob.read_bytes():
            blob.chmod(0o644)
            blob.write_bytes(b"what is wrong")
    second, travel = clone(tmp_path, "second")
    second.decision(TESTS, travel=travel)
    assert not (second.root / PLACE).exists()
