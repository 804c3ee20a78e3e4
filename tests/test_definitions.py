"""Whatever decides what a session does, and is no file, is in its definition."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from noxline.definitions import Definition, definitions_of, mentioned_text
from noxline.inputs.variables import values
from noxline.model.stage import NotApplicable, Policy, SessionInfo, Source, Stage
from noxline.model.task import Task
from noxline.project import Options
from noxline.settings.durations import Duration
from noxline.settings.facts import Install, Origin, TestSuite, Tool
from noxline.settings.schema import GatesSettings, PipelineSettings, QuarantineSettings, TestsSettings
from tests.reuse.world import write
from tests.settings.project_facts import facts_of

SESSION = SessionInfo(name="tests-3.11", family="tests", source=Source.STANDARD, python="3.11", standard="tests")
RUFF = Tool(name="ruff", command=("ruff",), installs=(), origin=Origin(file="pyproject.toml", line=3))


class Described:
    """A project with one stage of one session, as `definitions_of` sees it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.session = SESSION
        self.policy = Policy()
        self.facts = facts_of(root)
        self.pipeline = PipelineSettings()
        self.gates = GatesSettings()
        self.options = Options()
        self.needs: tuple[str, ...] = ()
        self.sources: tuple[tuple[str, str], ...] = ()
        self.variables: tuple[tuple[str, str], ...] = ()
        self.shard: tuple[int, int] | None = None

    @property
    def made(self) -> Definition:
        stage = Stage(
            name="tests",
            source=self.session.source,
            sessions=(self.session,),
            policy=self.policy,
            standard=self.session.standard,
        )
        task = Task(
            name="tests-3.11",
            stage="tests",
            session=self.session.name,
            source=self.session.source,
            needs=self.needs,
            shard=self.shard,
        )
        project: Any = SimpleNamespace(
            root=self.root,
            facts=self.facts,
            settings=SimpleNamespace(pipeline=self.pipeline, gates=self.gates),
            pipeline=SimpleNamespace(stages=(stage,)),
            graph=SimpleNamespace(tasks={"tests-3.11": task}),
            selection=SimpleNamespace(tasks=("tests-3.11",)),
            noxfile_sources=self.sources,
            noxfile_variables=self.variables,
        )
        made = definitions_of(project, self.options)
        return made["tests-3.11"]

    def become(self, standard: str, **facts: Any) -> None:
        self.session = replace(self.session, standard=standard)
        self.facts = facts_of(self.root, **facts)


@pytest.fixture
def told(tmp_path: Path) -> Described:
    root = tmp_path / "p"
    write(root / "pyproject.toml", "[project]\nname = 'sample'\n")
    return Described(root)


def suite(**changes: Any) -> TestSuite:
    return TestSuite(commands=(), sources=(), **changes)


QUARANTINED = QuarantineSettings(test="tests/test_a.py::test_a", reason="#1", owner="ada", expires=date(2099, 1, 1))
CHANGES = {
    "arguments": lambda d: setattr(d, "options", Options(posargs=("-x",))),
    "inputs": lambda d: setattr(d, "policy", Policy(inputs=("src",))),
    "outputs": lambda d: setattr(d, "policy", Policy(outputs=("gen",))),
    "detected": lambda d: d.become("tests", tests=suite(extras=("fast",))),
    "python": lambda d: setattr(d, "session", replace(d.session, python="3.12")),
    "shard": lambda d: setattr(d, "shard", (1, 2)),
    "settings": lambda d: setattr(d, "pipeline", PipelineSettings(tests=TestsSettings(retries=0))),
    "settings  ": lambda d: setattr(d, "pipeline", PipelineSettings(tests=TestsSettings(retry_time=Duration(60)))),
    "settings ": lambda d: setattr(d, "gates", GatesSettings(quarantine=(QUARANTINED,))),
    "measured": lambda d: write(d.root / ".coveragerc", "[run]\nbranch = true\n"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_decides_a_result_is_in_the_content(told: Described, name: str) -> None:
    before = told.made.content
    CHANGES[name](told)
    after = told.made.content
    differing = {part for part in before.keys() | after.keys() if before.get(part) != after.get(part)}
    assert name.strip() in differing


def test_a_quarantine_that_is_only_explained_otherwise_changes_nothing(told: Described) -> None:
    told.gates = GatesSettings(quarantine=(QUARANTINED,))
    before = told.made.content
    told.gates = GatesSettings(
        quarantine=(QuarantineSettings(test=QUARANTINED.test, reason="#2", owner="bob", expires=date(2099, 1, 1)),)
    )
    assert told.made.content == before


def test_a_session_of_the_project_rests_on_its_noxfile(told: Described) -> None:
    told.session = SessionInfo(name="tests-3.11", family="tests", source=Source.PROJECT)
    before = told.made
    assert "noxline" not in before.content
    told.sources = (("noxfile.py", "d1"),)
    assert told.made.content["source"] == {"noxfile.py": "d1"}
    assert told.made.installs != before.installs
    told.variables = (("LEVEL", "d2"),)
    assert told.made.content["noxfile variables"] == {"LEVEL": "d2"}


def test_the_project_may_lie_anywhere(told: Described, tmp_path: Path) -> None:
    other = Described(tmp_path / "elsewhere")
    write(other.root / "pyproject.toml", "[project]\nname = 'sample'\n")
    assert other.made == told.made


def test_the_line_that_a_fact_stands_on_does_not_matter(told: Described) -> None:
    told.become("lint", lint=RUFF)
    before = told.made.content
    told.become("lint", lint=replace(RUFF, origin=Origin(file="pyproject.toml", line=30)))
    assert told.made.content == before
    told.become("lint", lint=replace(RUFF, command=("ruff", "src")))
    assert told.made.content != before


def test_which_tests_there_are_does_not_decide_what_is_installed(told: Described) -> None:
    before = told.made.installs
    told.become("tests", tests=suite(files=("tests/test_new.py",), paths=("tests",)))
    assert told.made.installs == before
    told.become("tests", tests=suite(editable=False))
    assert told.made.installs != before


@pytest.mark.parametrize(
    ("standard", "name"),
    [
        ("hooks", "SKIP"),
        ("security", "TRIVY_SEVERITY"),
        ("types", "MYPYPATH"),
        ("lint", "RUFF_CACHE_DIR"),
        ("docs", "SPHINXOPTS"),
        ("build", "SETUPTOOLS_SCM_PRETEND_VERSION"),
        ("tests", "HYPOTHESIS_PROFILE"),
        ("tests", "CFLAGS"),
    ],
)
def test_options_that_tools_take_from_variables_count(told: Described, standard: str, name: str) -> None:
    told.become(standard)
    assert set(values({name: "x", "HOME": "y"}, told.made.variables)) == {name}


def test_arguments_are_those_of_the_sessions_that_were_named(told: Described) -> None:
    told.options = Options(posargs=("-x",), names=("lint",))
    assert told.made.content["arguments"] == []
    told.options = Options(posargs=("-x",), names=("tests",))
    assert told.made.content["arguments"] == ["-x"]


def test_fixers_are_never_reused(told: Described) -> None:
    assert told.made.reuse
    told.options = Options(fix=True)
    assert not told.made.reuse


def test_needs_that_are_not_selected_give_nothing(told: Described) -> None:
    told.needs = ("a", "b")
    assert told.made.needs == ()
    assert told.made.content["needs order"] == []


def test_outputs_are_no_inputs(told: Described) -> None:
    told.policy = Policy(inputs=("src",), outputs=("src/gen",))
    assert told.made.patterns == ("src", "!src/gen")


def test_a_conftest_anywhere_below_the_tests_may_mention_more(tmp_path: Path) -> None:
    write(tmp_path / "tests" / "deep" / "conftest.py", 'open("README.md")')
    assert "README.md" in mentioned_text(tmp_path, facts_of(tmp_path))
    assert mentioned_text(tmp_path, facts_of(tmp_path, test_dirs=(), tests=NotApplicable(reason="none"))).strip()


def test_the_metadata_of_a_project_mention_nothing(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[project]\nreadme = "README.md"\n[tool.pytest.ini_options]\naddopts = "-q"\n')
    text = mentioned_text(tmp_path, facts_of(tmp_path))
    assert "README" not in text
    assert "addopts" in text


def test_tools_that_are_pinned_otherwise_are_installed_otherwise(told: Described) -> None:
    told.become("lint", lint=RUFF)
    before = told.made.installs
    install = Install(kind="args", args=("ruff==1",), origin=RUFF.origin)
    told.become("lint", lint=replace(RUFF, installs=(install,)))
    assert told.made.installs != before
