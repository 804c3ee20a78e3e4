"""Tests that failed before come first, and nothing is set up twice for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.injected._noxline_order import failed_first
from tests.injected.processes import Project


@dataclass(frozen=True)
class Item:
    """As much of an item of pytest as counts."""

    nodeid: str
    cls: str | None
    number: int


def item(number: int, file: str, cls: str | None) -> Item:
    return Item(nodeid=f"{file}::{number}", cls=cls, number=number)


ITEMS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["X", "Y", None])), max_size=30).map(
    lambda places: [item(number, *place) for number, place in enumerate(sorted(places, key=str))]
)


def blocks(items: list[Item]) -> list[tuple[str, str | None]]:
    return [key for key, _ in groupby(items, key=lambda one: (one.nodeid[0], one.cls))]


@given(ITEMS, st.frozensets(st.integers(0, 29)))
def test_nothing_is_lost_or_torn_and_each_class_begins_with_what_failed(
    items: list[Item], failed: frozenset[int]
) -> None:
    found = failed_first(items, lambda one: one.number in failed)
    assert sorted(one.number for one in found) == [one.number for one in items]
    assert len(blocks(found)) == len(blocks(items))
    for _, block in groupby(found, key=lambda one: (one.nodeid[0], one.cls)):
        flags = [one.number not in failed for one in block]
        assert flags == sorted(flags)
    if any(one.number in failed for one in items):
        assert found[0].number in failed


def test_what_did_not_fail_stays_in_its_order() -> None:
    items = [item(1, "a", None), item(2, "a", "X"), item(3, "b", None), item(4, "b", None), item(5, "c", None)]
    assert [one.number for one in failed_first(items, lambda one: one.number == 4)] == [4, 3, 1, 2, 5]
    assert failed_first(items, lambda _one: False) == items


SHARED = """
import pytest
@pytest.fixture(scope="module", params=["p", "q"])
def costly(request):
    with open("log", "a") as log: log.write(request.param)
@pytest.fixture(scope="class")
def dear():
    with open("log", "a") as log: log.write("d")
def test_early(costly): pass
class TestBoth:
    def test_one(self, dear, costly): pass
    def test_two(self, dear, costly): pass
"""


@pytest.mark.process
def test_shared_fixtures_are_set_up_as_often_as_before(project: Project) -> None:
    project.write("test_a.py", "def test_a(): pass")
    project.write("test_b.py", SHARED)
    project.write("test_c.py", "def test_c(): pass")
    _, usual = project.pytest()
    setups = (project.root / "log").read_text()
    (project.root / "log").unlink()
    (project.root / "first.json").write_text(json.dumps(["test_b.py::TestBoth::test_two[q]", "test_c.py::test_c"]))
    _, process = project.pytest(NOXLINE_FIRST=str(project.root / "first.json"))
    order = [test.id for test in process.tests]
    assert order[0] == "test_b.py::TestBoth::test_two[q]"
    assert order.index("test_c.py::test_c") < order.index("test_a.py::test_a")
    assert sorted(order) == sorted(test.id for test in usual.tests)
    assert sorted((project.root / "log").read_text()) == sorted(setups)
