from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.model.run import TaskResult
from noxline.reports.timing import critical_path, human_seconds, slowest
from tests.reports.sample import result


def test_the_critical_path_follows_needs_and_ignores_what_did_not_run() -> None:
    tasks = (
        result("build", seconds=4.0),
        result("tests", seconds=2.0, needs=("build",)),
        result("docs", seconds=5.0),
        result("sbom", seconds=90.0, needs=("build",), decision="reused"),
    )
    path = critical_path(tasks)
    assert (path.seconds, path.tasks) == (6.0, ("build", "tests"))


def test_a_need_outside_the_run_and_the_order_of_results_do_not_matter() -> None:
    tasks = (result("b", seconds=1.0, needs=("a", "elsewhere")), result("a", seconds=1.0))
    assert critical_path(tasks).tasks == ("a", "b")


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=8))
def test_a_chain_is_its_own_critical_path(seconds: list[float]) -> None:
    chain: list[TaskResult] = []
    for number, taken in enumerate(seconds):
        chain.append(result(f"t{number}", seconds=taken, needs=(f"t{number - 1}",) if number else ()))
    path = critical_path(chain)
    assert path.seconds == pytest.approx(sum(seconds))
    assert path.tasks == tuple(each.task.name for each in chain)


def test_an_empty_run_has_an_empty_path() -> None:
    assert critical_path(()).tasks == ()


def test_slowest_puts_the_longest_first_and_leaves_out_what_did_not_run() -> None:
    tasks = (result("a", seconds=1.0), result("b", seconds=3.0), result("c", seconds=9.0, decision="reused"))
    assert [each.task.name for each in slowest(tasks)] == ["b", "a"]
    assert [each.task.name for each in slowest(tasks, 1)] == ["b"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert human_seconds(seconds) == text
