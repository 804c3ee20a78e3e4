"""Tests are dealt anew only where no shard of the session is reused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from noxline.shard_reuse import all_shards_run
from tests.reuse.desk import Desk, definition, task_of

pytestmark = pytest.mark.process  # git lists the files
SHARDS = tuple(task_of(f"tests#{number}/2", shard=(number, 2)) for number in (1, 2))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    own = {"tests#1/2": definition("one"), "tests#2/2": definition("two")}
    desk = Desk(tmp_path / "p", {name: replace(one, content={"tests": ""}) for name, one in own.items()})
    desk.write("one/a.py", "1\n")
    desk.write("two/a.py", "1\n")
    return desk


def test_where_nothing_is_stored_all_run(desk: Desk) -> None:
    reuser = desk.reuser()
    reuser.decide(SHARDS[0])
    assert all_shards_run(reuser, SHARDS, "tests")


def test_where_one_will_be_reused_not_all_run(desk: Desk) -> None:
    keep(desk)
    desk.write("one/a.py", "2\n")
    reuser = desk.reuser()
    reuser.decide(SHARDS[0])
    assert not all_shards_run(reuser, SHARDS, "tests")
    assert all_shards_run(reuser, SHARDS, "other"), "shards of another session do not matter"


def test_where_all_are_forced_all_run(desk: Desk) -> None:
    keep(desk)
    reuser = desk.reuser(forced={task.name: "--force" for task in SHARDS})
    reuser.decide(SHARDS[0])
    assert all_shards_run(reuser, SHARDS, "tests")
    assert all_shards_run(desk.reuser(no_cache=True), SHARDS, "tests")


def test_a_stored_result_that_counts_no_more_is_none(desk: Desk) -> None:
    """Both shards failed since: both run."""
    keep(desk)
    for task in SHARDS:
        desk.once(task, forced={task.name: "--force"}, passes=False)
    reuser = desk.reuser()
    reuser.decide(SHARDS[0])
    assert all_shards_run(reuser, SHARDS, "tests")


def test_one_that_was_taken_is_reused(desk: Desk) -> None:
    keep(desk)
    desk.write("two/a.py", "2\n")
    reuser = desk.reuser()
    for task in SHARDS:
        reuser.decide(task)
    assert sorted(reuser.taken) == ["tests#1/2"]
    assert not all_shards_run(reuser, SHARDS, "tests")


def keep(desk: Desk) -> None:
    """Have results of both shards."""
    for task in SHARDS:
        desk.once(task)
