"""Which tasks a change can reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.graph import TaskGraph
from noxline.inputs.patterns import matcher
from noxline.model.pipeline import Pipeline
from noxline.model.stage import Policy, SessionInfo, Source, Stage
from noxline.model.task import Task
from noxline.narrowing import affected, all_patterns, ignored_inputs, narrowed, touched_alone
from noxline.project import Options, Project
from noxline.selection import Selection
from noxline.settings.facts import Origin, Runner, TestCommand, TestSuite
from noxline.settings.schema import Settings
from noxline.system.git_changes import ChangedFiles
from tests.settings.project_facts import facts_of
from tests.system.test_git_changes import git

names = st.sampled_from("abcdef")
graphs = st.dictionaries(names, st.frozensets(names)).map(
    lambda given: {name: tuple(sorted(n for n in needs if n < name and n in given)) for name, needs in given.items()}
)
paths = st.frozensets(st.sampled_from(["src/a.py", "src/b/c.py", "docs/x.md", "README.md", "new", ""]))
inputs = st.lists(st.sampled_from(["src", "docs/*.md", "**/*.py", "README.md", "!src/b", "**"]), max_size=3).map(tuple)


@given(needs=graphs, changed=paths, data=st.data())
def test_a_task_is_affected_by_its_inputs_and_by_what_it_needs_and_by_nothing_else(
    needs: dict[str, tuple[str, ...]], changed: frozenset[str], data: st.DataObject
) -> None:
    patterns = {name: data.draw(inputs) for name in needs}
    followers = {name: [other for other, wanted in needs.items() if name in wanted] for name in needs}
    found = affected(needs, changed, patterns.__getitem__, followers.__getitem__)
    for name, wanted in needs.items():
        own = any(matcher(patterns[name])(path) for path in changed)
        assert (name in found) == (own or any(need in found for need in wanted))


STAGES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "lint": (("**/*.py",), ()),
    "build": (("src",), ()),
    "tests": (("src", "tests"), ()),
    "coverage": (("src",), ("tests",)),
    "docs": (("docs",), ()),
    "publish": (("docs",), ("build",)),
    "secret": (("settings.local",), ()),
    "hooks": (("**",), ()),
}


def project(root: Path) -> Project:
    """Return a project with a task for each stage above; `hooks` does not apply."""
    stages = tuple(
        Stage(
            name=name,
            source=Source.STANDARD,
            sessions=(SessionInfo(name=name, family=name, source=Source.STANDARD),),
            policy=Policy(inputs=patterns),
        )
        for name, (patterns, _) in STAGES.items()
    )
    tasks = [
        Task(name=name, stage=name, session=name, source=Source.STANDARD, needs=needs, skip="none" * (name == "hooks"))
        for name, (_, needs) in STAGES.items()
    ]
    command = TestCommand(argv=("pytest",), runner=Runner.PYTEST, origin=Origin(file="ci/tests.ini", line=3))
    graph = TaskGraph.of(tasks)
    return Project(
        root=root,
        settings=Settings(),
        facts=facts_of(root, tests=TestSuite(commands=(command,), sources=())),
        pipeline=Pipeline(root=root, stages=stages, notes=("a remark",)),
        graph=graph,
        selection=Selection(tasks=tuple(graph.tasks), deselected_stages=("gone",)),
        rules=(),
        interpreters=(),
        cores=1,
        noxfile_sources=(("ci/sessions.py", "digest"),),
    )


def after(root: Path, *changed: str) -> Project:
    return narrowed(
        project(root), Options(affected=True), ChangedFiles(base="main", sha="abc1234", paths=frozenset(changed))
    )


def left(narrow: Project) -> set[str]:
    return {name for name, task in narrow.graph.tasks.items() if not task.skip}


def test_only_what_a_change_can_reach_is_left(tmp_path: Path) -> None:
    assert left(after(tmp_path, "tests/test_a.py")) == {"lint", "tests", "coverage"}
    assert left(after(tmp_path, "src/data.txt")) == {"build", "tests", "coverage", "publish"}
    assert left(after(tmp_path, "elsewhere")) == set()


def test_what_an_affected_task_needs_is_left_too(tmp_path: Path) -> None:
    assert left(after(tmp_path, "docs/index.md")) == {"docs", "publish", "build"}


def test_the_others_say_since_when_they_are_unaffected(tmp_path: Path) -> None:
    narrow = after(tmp_path, "docs/index.md")
    skips = {name: task.skip for name, task in narrow.graph.tasks.items() if task.skip}
    since = "unaffected since abc1234"
    assert skips == {"lint": since, "tests": since, "coverage": since, "secret": since, "hooks": "none"}
    assert narrow.selection.deselected_stages == ("gone", "lint", "tests", "coverage", "secret")
    assert narrow.selection.tasks == tuple(narrow.graph.tasks)
    assert narrow.pipeline.notes == ("a remark", "compared with abc1234, which is in main: 1 file changed")


@pytest.mark.parametrize(
    "path",
    [
        *("noxfile.py", "config/gates.toml", "pyproject.toml", "uv.lock", "sub/poetry.lock", "requirements/dev.txt"),
        *("docs/requirements.txt", "tox.ini", "ci/sessions.py", "ci/tests.ini"),
    ],
)
def test_what_decides_what_tasks_do_affects_every_task(tmp_path: Path, path: str) -> None:
    narrow = after(tmp_path, path)
    assert left(narrow) == STAGES.keys() - {"hooks"}
    assert narrow.pipeline.notes[-1].endswith(
        f": 1 file changed; {path} decides what each task does, so every task counts as affected"
    )


def test_a_module_that_shows_where_the_source_lies_decides_nothing(tmp_path: Path) -> None:
    made = project(tmp_path)
    origins = (("sources", Origin(file="src/sample/__init__.py")), ("layout", Origin(file=".")))
    made = replace(made, facts=replace(made.facts, origins=origins))
    assert "build" in touched_alone(made, Options(), ["src/sample/__init__.py"]).selection.tasks
    assert touched_alone(made, Options(), ["src/sample/__init__.py"]).selection.tasks != tuple(made.graph.tasks)
    assert touched_alone(made, Options(), ["elsewhere"]).selection.tasks == ()


def test_what_may_have_changed_counts_as_changed(tmp_path: Path) -> None:
    changes = ChangedFiles(base="main", sha="abc1234", paths=frozenset())
    narrow = narrowed(project(tmp_path), Options(), changes, unseen=["settings.local"])
    assert left(narrow) == {"secret"}
    assert narrow.pipeline.notes[-1].endswith(": 0 files changed")


@pytest.mark.process
def test_inputs_that_git_ignores_are_known(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("settings.local\n", encoding="utf-8")
    assert ignored_inputs(project(tmp_path), Options()) == []
    (tmp_path / "settings.local").write_text("x", encoding="utf-8")
    assert ignored_inputs(project(tmp_path), Options()) == ["settings.local"]


def test_after_an_edit_only_what_it_touches_is_selected_and_what_that_needs(tmp_path: Path) -> None:
    def touched(*changed: str) -> tuple[str, ...]:
        return touched_alone(project(tmp_path), Options(), changed).selection.tasks

    assert touched("docs/a.md") == ("build", "docs", "publish")
    assert touched("elsewhere") == ()
    assert set(touched("noxfile.py")) == STAGES.keys() - {"hooks"}


def test_what_tasks_leave_is_watched_by_nobody(tmp_path: Path) -> None:
    made = project(tmp_path)
    stages = tuple(replace(stage, policy=replace(stage.policy, outputs=("site",))) for stage in made.pipeline.stages)
    patterns = all_patterns(replace(made, pipeline=replace(made.pipeline, stages=stages)), Options())
    wanted = matcher(patterns)
    assert (wanted("site/index.html"), wanted("docs/index.md"), "settings.local" in patterns) == (False, True, True)
