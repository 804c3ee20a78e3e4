"""Sessions of both noxfiles and settings become one pipeline, and its tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from noxline.assembly import assemble, tasks_of
from noxline.errors import ConfigError
from noxline.model.pipeline import Pipeline
from noxline.model.stage import NotApplicable, SessionInfo, Source
from noxline.model.task import Task
from noxline.settings.schema import PipelineSettings, StageSettings

ROOT = Path("/project")


def own(name: str, **changes: Any) -> SessionInfo:
    family, _, python = name.partition("-")
    values = {"family": family, "python": python or None, "environment": name.replace(".", "-")} | changes
    return SessionInfo(name=name, source=Source.PROJECT, **values)


def standard(name: str, **changes: Any) -> SessionInfo:
    family, _, python = name.partition("-")
    values = {"family": family, "python": python or None, "standard": family, "environment": name.replace(".", "-")}
    return SessionInfo(name=name, source=Source.STANDARD, **(values | changes))


STANDARD = (standard("lint"), standard("tests-3.11"), standard("tests-3.12"), standard("coverage"), standard("sbom"))


def pipeline(
    own_sessions: tuple[SessionInfo, ...] = (), settings: PipelineSettings | None = None, **origins: str
) -> Pipeline:
    return assemble(ROOT, own=own_sessions, standard=STANDARD, settings=settings or PipelineSettings(), origins=origins)


def stages(made: Pipeline) -> dict[str, Source]:
    return {stage.name: stage.source for stage in made.stages}


def tasks(made: Pipeline, **options: Any) -> dict[str, Task]:
    return {task.name: task for task in tasks_of(made, **{"cores": 2, **options})}


def test_a_project_without_noxfile_gets_the_standard_stages() -> None:
    made = pipeline()
    assert list(stages(made)) == ["lint", "tests", "coverage", "sbom"]
    assert list(tasks(made)) == ["lint", "tests-3.11", "tests-3.12", "coverage", "sbom"]
    assert tasks(made)["coverage"].needs == ("tests-3.11", "tests-3.12")


def test_own_sessions_take_the_place_of_the_standard_stages_that_they_cover() -> None:
    made = pipeline((own("unit-3.11"), own("style"), own("release", default=False)))
    assert stages(made) == {
        "unit": Source.PROJECT,
        "style": Source.PROJECT,
        "release": Source.PROJECT,
        "coverage": Source.STANDARD,
        "sbom": Source.STANDARD,
    }
    assert tasks(made)["coverage"].needs == ("unit-3.11",)
    assert not made.stage("release").default


def test_noxlines_coverage_stands_beside_a_session_of_that_name() -> None:
    made = pipeline((own("tests-3.11"), own("coverage", requires=("tests-3.11",))))
    assert "standard-coverage" in stages(made)
    assert tasks(made)["standard-coverage"].needs == ("tests-3.11",)
    assert tasks(made)["coverage"].needs == ("tests-3.11",)
    assert tasks(made)["standard-coverage"].environment != tasks(made)["coverage"].environment


def test_a_noxfile_that_registers_the_standard_sessions_gets_them_once() -> None:
    registered = tuple(own(s.name, standard=s.family) for s in STANDARD)
    made = pipeline(registered)
    assert set(stages(made).values()) == {Source.PROJECT}
    assert tasks(made)["coverage"].needs == ("tests-3.11", "tests-3.12")
    assert tasks(made)["coverage"].tolerant


def test_a_registered_session_that_does_not_apply_says_why() -> None:
    silent = standard("hooks", skip=NotApplicable(reason="no hook configuration"))
    made = assemble(
        ROOT, own=(own("hooks", standard="hooks"),), standard=(silent,), settings=PipelineSettings(), origins={}
    )
    assert tasks(made)["hooks"].skip == "no hook configuration"


def test_shards_become_tasks_that_share_an_environment() -> None:
    settings = PipelineSettings(stage={"tests": StageSettings(shards=2)})
    made = tasks(pipeline(settings=settings))
    assert [name for name in made if name.startswith("tests")] == [
        "tests-3.11#1/2",
        "tests-3.11#2/2",
        "tests-3.12#1/2",
        "tests-3.12#2/2",
    ]
    assert made["tests-3.11#1/2"].environment == made["tests-3.11#2/2"].environment
    assert made["tests-3.11#2/2"].shard == (2, 2)
    assert len(made["coverage"].needs) == 4


def test_auto_shards_are_one_a_core() -> None:
    settings = PipelineSettings(stage={"tests": StageSettings(shards="auto")})
    made = tasks_of(pipeline(settings=settings), cores=3)
    assert sum(task.stage == "tests" for task in made) == 6


def test_parallel_tests_may_take_every_cpu_and_others_one() -> None:
    made = tasks(pipeline(), cores=4, parallel_tests=True)
    assert (made["tests-3.11"].cpus, made["lint"].cpus) == (4, 1)


def test_settings_overlay_the_policy_of_a_stage() -> None:
    settings = PipelineSettings(stage={"lint": StageSettings(needs=("tests",), retries=1, exclusive=True)})
    lint = tasks(pipeline(settings=settings))["lint"]
    assert (lint.needs, lint.retries, lint.exclusive) == (("tests-3.11", "tests-3.12"), 1, True)


def test_standard_chooses_the_standard_stages() -> None:
    assert list(stages(pipeline(settings=PipelineSettings(standard=("lint",))))) == ["lint"]
    assert list(stages(pipeline((own("x"),), PipelineSettings(standard=())))) == ["x"]


@pytest.mark.parametrize(
    ("settings", "key", "message", "hint"),
    [
        (PipelineSettings(standard=("lintt",)), "pipeline.standard", "no standard stage is called 'lintt'", "'lint'"),
        (
            PipelineSettings(stage={"test": StageSettings()}),
            "pipeline.stage.test",
            "there is no stage called 'test'",
            "'tests'",
        ),
        (
            PipelineSettings(stage={"lint": StageSettings(needs=("test",))}),
            "pipeline.stage.lint.needs",
            "there is no stage called 'test'",
            "'tests'",
        ),
        (
            PipelineSettings(stage={"lint": StageSettings(shards=2)}),
            "pipeline.stage.lint.shards",
            "lint cannot be split into shards",
            "collects",
        ),
    ],
)
def test_settings_of_stages_that_are_not_there(settings: PipelineSettings, key: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pipeline(settings=settings, **{key: "config/pipeline.toml:7"})
    assert caught.value.message == message
    assert caught.value.place == "config/pipeline.toml:7"
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["../gen", "/gen", "a/../../gen", ".", "", "gen/*.txt", ".noxline/envs", ".git/x"])
def test_outputs_lie_below_the_project_and_have_names(name: str) -> None:
    settings = PipelineSettings(stage={"lint": StageSettings(outputs=("docs/_build", name))})
    with pytest.raises(ConfigError, match="cannot be an output") as caught:
        pipeline(settings=settings, **{"pipeline.stage.lint.outputs": "config/pipeline.toml:7"})
    assert caught.value.place == "config/pipeline.toml:7"
    assert "outputs" in caught.value.hint


def test_a_pipeline_without_any_stage_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no stage at all") as raised:
        pipeline(settings=PipelineSettings(standard=[]), **{"pipeline.standard": "config/pipeline.toml:2"})
    assert raised.value.place == "config/pipeline.toml:2"
