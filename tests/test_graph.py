"""The graph: order, refusals, longest paths."""

from __future__ import annotations

import doctest
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline import graph as graph_module
from noxline.errors import ConfigError
from noxline.graph import CycleError, TaskGraph, closure, topological_order
from noxline.model.stage import Source
from noxline.model.task import Task


def task(name: str, *needs: str, **changes: object) -> Task:
    return Task(name=name, stage=name, session=name, source=Source.PROJECT, needs=needs, **changes)  # type: ignore[arg-type]


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw needs that point backwards only, then give the names in any order."""
    count = draw(st.integers(0, 12))
    names = [f"t{number}" for number in range(count)]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:number]), unique=True, max_size=3)) if number else []
        for number, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(graph_module).failed == 0


@given(acyclic())
def test_every_task_stands_after_what_it_needs(needs: dict[str, list[str]]) -> None:
    order = topological_order(needs)
    position = {name: number for number, name in enumerate(order)}
    assert sorted(order) == sorted(needs)
    assert all(position[need] < position[name] for name, targets in needs.items() for need in targets)


@given(acyclic())
def test_an_order_that_is_one_already_is_kept(needs: dict[str, list[str]]) -> None:
    order = topological_order(needs)
    assert topological_order({name: needs[name] for name in order}) == order


@given(acyclic(), st.data())
def test_a_cycle_is_found_and_is_one(needs: dict[str, list[str]], data: st.DataObject) -> None:
    if not needs:
        return
    first = data.draw(st.sampled_from(sorted(needs)))
    last = data.draw(st.sampled_from(sorted(closure([first], needs))))
    cyclic = {**needs, last: [*needs[last], first]}
    with pytest.raises(CycleError) as caught:
        topological_order(cyclic)
    cycle = caught.value.cycle
    assert cycle[0] == cycle[-1]
    assert all(after in cyclic[before] for before, after in itertools.pairwise(cycle))


def test_the_cycle_is_printed() -> None:
    with pytest.raises(ConfigError) as caught:
        TaskGraph.of([task("a", "b"), task("b", "c"), task("c", "b")])
    assert caught.value.message == "these need each other in a circle: b -> c -> b"
    assert caught.value.hint


def test_a_task_that_needs_itself_is_a_cycle() -> None:
    with pytest.raises(ConfigError, match="a -> a"):
        TaskGraph.of([task("a", "a")])


def test_unknown_needs_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        TaskGraph.of([task("tests"), task("coverage", "test")])
    assert caught.value.message == "coverage needs 'test', which is not there"
    assert caught.value.hint == "did you mean 'tests'?"


def test_double_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="two tasks are called 'tests'"):
        TaskGraph.of([task("tests"), task("tests")])


def test_only_drops_needs_on_what_is_left_out() -> None:
    graph = TaskGraph.of([task("build"), task("tests", "build"), task("coverage", "tests", "build")])
    part = graph.only(["coverage", "tests"])
    assert {name: task.needs for name, task in part.tasks.items()} == {"tests": (), "coverage": ("tests",)}
    assert (graph.dependents("build"), part.dependents("tests")) == (("tests", "coverage"), ("coverage",))


def test_a_very_long_chain_fits() -> None:
    names = [f"t{number}" for number in range(50_000)]
    chain = [task(name, *before) for name, before in zip(names, [(), *((n,) for n in names)], strict=False)]
    graph = TaskGraph.of(reversed(chain))
    assert list(graph.tasks) == names
    assert graph.critical_path(dict.fromkeys(names, 1.0))[0] == 50_000


def longest_by_trying(needs: dict[str, list[str]], durations: dict[str, float], name: str) -> float:
    followers = [other for other, targets in needs.items() if name in targets]
    return durations[name] + max((longest_by_trying(needs, durations, f) for f in followers), default=0.0)


@given(acyclic(), st.randoms(use_true_random=False))
def test_the_critical_path_is_a_path_and_the_longest(needs: dict[str, list[str]], chance: random.Random) -> None:
    durations = {name: float(chance.randint(0, 9)) for name in needs}
    graph = TaskGraph.of(task(name, *targets) for name, targets in needs.items())
    tails = dict(zip(graph.tasks, graph.longest_tails([durations[name] for name in graph.tasks]), strict=True))
    assert tails == {name: longest_by_trying(needs, durations, name) for name in needs}
    seconds, names = graph.critical_path(durations)
    assert seconds == max(tails.values(), default=0.0) == sum(durations[name] for name in names)
    assert all(before in needs[after] for before, after in itertools.pairwise(names))


def test_unknown_durations_count_nothing() -> None:
    graph = TaskGraph.of([task("lint"), task("tests"), task("coverage", "tests")])
    assert graph.critical_path({"tests": 5.0}) == (5.0, ("tests", "coverage"))
