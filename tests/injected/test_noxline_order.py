"""Tests that failed before come first, and nothing is set up twice for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import groupby
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.injected._noxline_order import failed_first
from tests.injected.processes import Project


@dataclass(frozen=True)
class Item:
    """As much of an item of pytest as counts; `shared` is the scope of a fixture that it gets."""

    nodeid: str
    cls: str | None
    number: int
    shared: str

    @property
    def _fixtureinfo(self) -> SimpleNamespace:
        return SimpleNamespace(name2fixturedefs={"it": [SimpleNamespace(scope=self.shared)]})


def item(number: int, file: str, cls: str | None, shared: str = "function") -> Item:
    return Item(nodeid=f"{file}::{number}", cls=cls, number=number, shared=shared)


SCOPES = st.sampled_from(["function", "module", "class", "session"])
PLACES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["X", "Y", None]), SCOPES), max_size=30)
ITEMS = PLACES.map(lambda places: [item(n, *place) for n, place in enumerate(sorted(places, key=lambda p: str(p[:2])))])


def setups(items: list[Item]) -> list[object]:
    """Return the set-ups of fixtures as pytest makes them: one is torn down when its module or class ends."""
    made: list[object] = []
    for kind, key in (("module", lambda one: one.nodeid[0]), ("class", lambda one: (one.nodeid[0], one.cls))):
        for owner, block in groupby(items, key=key):
            if any(one.shared == kind for one in block):
                made.append((kind, owner))
    return made


@given(ITEMS, st.frozensets(st.integers(0, 29)))
def test_nothing_is_lost_or_set_up_twice(items: list[Item], failed: frozenset[int]) -> None:
    found = failed_first(items, lambda one: one.number in failed)
    assert sorted(one.number for one in found) == [one.number for one in items]
    assert sorted(map(str, setups(found))) == sorted(map(str, setups(items)))
    if any(one.number in failed for one in items):
        assert found[0].number in failed


@given(ITEMS, st.frozensets(st.integers(0, 29)))
def test_without_shared_fixtures_all_that_failed_comes_first(items: list[Item], failed: frozenset[int]) -> None:
    found = failed_first([replace(one, shared="function") for one in items], lambda one: one.number in failed)
    assert [one.number for one in found] == sorted((one.number for one in items), key=lambda n: n not in failed)


def test_a_module_that_shares_a_fixture_moves_as_a_whole() -> None:
    items = [
        item(1, "a", None),
        item(2, "a", "X"),
        item(3, "b", None, "module"),
        item(4, "b", None),
        item(5, "c", None),
    ]
    assert [one.number for one in failed_first(items, lambda one: one.number == 4)] == [4, 3, 1, 2, 5]
    assert [one.number for one in failed_first(items, lambda one: one.number in (2, 5))] == [2, 5, 1, 3, 4]
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
    assert len(order) == 8
    assert sorted(order) == sorted(test.id for test in usual.tests)
    assert sorted((project.root / "log").read_text()) == sorted(setups)
