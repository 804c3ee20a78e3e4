"""What the user asked for, resolved to tasks."""

from __future__ import annotations

from typing import Any

import pytest

from noxline.errors import UsageError
from noxline.graph import TaskGraph
from noxline.model.stage import SessionInfo, Source, Stage
from noxline.model.task import Task
from noxline.selection import Selection, select


def session(name: str, family: str = "", **changes: Any) -> SessionInfo:
    return SessionInfo(name=name, family=family or name, source=Source.PROJECT, **changes)


def stage(name: str, *sessions: SessionInfo, **changes: Any) -> Stage:
    return Stage(name=name, source=Source.PROJECT, sessions=sessions or (session(name),), **changes)


def task(name: str, *needs: str, stage: str = "", session: str = "", python: str | None = None) -> Task:
    return Task(
        name=name, stage=stage or name, session=session or name, source=Source.PROJECT, python=python, needs=needs
    )


STAGES = (
    stage("lint", tags=("quick",)),
    stage("mypy", standard="types", tags=("quick",)),
    stage("build", session("build", python="3.12")),
    stage("tests", session("tests-3.11", "tests", python="3.11"), session("tests-3.12", "tests", python="3.12")),
    stage("own", session("own(dep='1')", "own", tags=("slow",)), session("own(dep='2')", "own")),
    stage("coverage"),
    stage("release", session("release", default=False), default=False),
)
GRAPH = TaskGraph.of(
    [
        task("lint"),
        task("mypy"),
        task("build", python="3.12"),
        task("tests-3.11#1/2", "build", stage="tests", session="tests-3.11", python="3.11"),
        task("tests-3.11#2/2", "build", stage="tests", session="tests-3.11", python="3.11"),
        task("tests-3.12", stage="tests", session="tests-3.12", python="3.12"),
        task("own(dep='1')", stage="own"),
        task("own(dep='2')", stage="own"),
        task("coverage", "tests-3.11#1/2", "tests-3.11#2/2", "tests-3.12"),
        task("release", "build"),
    ]
)
TESTS = ("tests-3.11#1/2", "tests-3.11#2/2", "tests-3.12")
OWN = ("own(dep='1')", "own(dep='2')")


def choose(**asked: Any) -> tuple[str, ...]:
    return select(STAGES, GRAPH, **asked).tasks


def test_nothing_asked_for_is_all_that_runs_by_default() -> None:
    everything = select(STAGES, GRAPH)
    assert everything == Selection(tasks=("lint", "mypy", "build", *TESTS, *OWN, "coverage"))
    assert "release" in choose(default_only=False)


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("tests", ("build", *TESTS)),
        ("tests-3.11", ("build", *TESTS[:2])),
        ("tests-3.11#2/2", ("build", "tests-3.11#2/2")),
        ("own", OWN),
        ("own(dep='2')", OWN[1:]),
        ("release", ("build", "release")),
        ("quick", ("lint", "mypy")),
        ("slow", OWN),
        ("types", ("mypy",)),
        ("tests-*", ("build", *TESTS)),
        ("*-3.12", ("tests-3.12",)),
    ],
)
def test_a_name_is_a_stage_a_session_a_task_a_tag_or_a_glob(name: str, tasks: tuple[str, ...]) -> None:
    expected = ("own(dep='1')",) if name == "slow" else tasks
    assert choose(names=[name]) == expected


def test_a_stage_comes_before_a_tag_of_the_same_name() -> None:
    stages = (stage("security"), stage("hooks", tags=("security",)))
    graph = TaskGraph.of([task("security"), task("hooks")])
    assert select(stages, graph, names=["security"]).tasks == ("security",)


@pytest.mark.parametrize("option", ["names", "only", "skip"])
def test_an_unknown_name_is_refused_with_the_nearest(option: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(**{option: ["lnt"]})
    assert caught.value.message == "there is no stage or task called 'lnt'"
    assert caught.value.hint == "did you mean 'lint'?"


def test_a_name_like_none_lists_the_stages() -> None:
    with pytest.raises(UsageError) as caught:
        choose(names=["zzzz"])
    assert caught.value.hint == "known: build, coverage, lint, mypy, own, release, tests"


def test_only_keeps_stages_and_what_they_need() -> None:
    chosen = select(STAGES, GRAPH, only=["coverage"])
    assert chosen.tasks == ("build", *TESTS, "coverage")
    assert chosen.deselected_stages == ("lint", "mypy", "own")


def test_skip_takes_away_what_others_need() -> None:
    chosen = select(STAGES, GRAPH, skip=["tests", "quick"])
    assert chosen.tasks == ("build", *OWN, "coverage")
    assert chosen.deselected_stages == ("lint", "mypy", "tests")
    assert GRAPH.only(chosen.tasks).tasks["coverage"].needs == ()


def test_a_stage_of_which_something_is_left_is_not_deselected() -> None:
    assert select(STAGES, GRAPH, skip=["tests-3.12"]).deselected_stages == ()


def test_a_python_narrows_the_stages_that_have_it() -> None:
    chosen = choose(pythons=["3.11"])
    assert chosen == ("lint", "mypy", "build", "tests-3.11#1/2", "tests-3.11#2/2", *OWN, "coverage")


def test_a_stage_under_another_python_alone_stays_only_when_it_is_needed() -> None:
    assert "build" not in choose(pythons=["3.11"], skip=["tests"])


def test_a_python_that_no_task_has_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        choose(pythons=["3.9"])
    assert caught.value.message == "no task runs under Python 3.9"
    assert caught.value.hint == "there are: 3.11, 3.12"


def test_a_selection_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing is left to run"):
        choose(only=["lint"], skip=["lint"])
