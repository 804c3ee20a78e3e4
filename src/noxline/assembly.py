"""Put the sessions of both noxfiles and the settings together: one validated pipeline, and its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from noxline.errors import ConfigError, suggest
from noxline.inputs.patterns import has_wildcard
from noxline.model.pipeline import Pipeline
from noxline.model.stage import Policy, SessionInfo, Source, Stage
from noxline.model.task import Task
from noxline.sessions.catalog import CROSS_NEEDS, STANDARD, StandardStage, covers
from noxline.settings.schema import PipelineSettings, StageSettings

_CATALOGUE: Mapping[str, StandardStage] = {stage.name: stage for stage in STANDARD}
# Combined figures need noxline's own coverage stage even where the project has a session of its own for it.
_ALWAYS_ADDED = frozenset({"coverage"})
_OWN_RANK = 45


def assemble(
    root: Path,
    *,
    own: Sequence[SessionInfo],
    standard: Sequence[SessionInfo],
    settings: PipelineSettings,
    origins: Mapping[str, str],
    pythons: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Pipeline:
    """Return the pipeline of a project; raise ConfigError for settings of a stage that is not there."""
    own = _with_reasons(own, standard)
    own_families = {session.family for session in own}
    wanted = _wanted_standard(own, {s.family for s in standard}, settings, origins)
    stages = [_stage(name, sessions, settings) for name, sessions in _families(own)]
    for family, sessions in _families(s for s in standard if s.family in wanted):
        name = f"standard-{family}" if family in own_families else family
        stages.append(_stage(name, sessions, settings))
    if not stages:
        raise ConfigError(
            "the pipeline has no stage at all",
            place=origins.get("pipeline.standard", ""),
            hint="name stages in `standard`, or write sessions in a noxfile",
        )
    _refuse_unknown_stages(stages, settings, origins)
    _refuse_unsplittable_stages(stages, origins)
    _refuse_outputs_elsewhere(stages, origins)
    return Pipeline(root=root, stages=tuple(stages), pythons=pythons, notes=notes)


def _with_reasons(own: Sequence[SessionInfo], standard: Sequence[SessionInfo]) -> list[SessionInfo]:
    """Say of standard sessions that the project's noxfile registers itself why they do not apply, where they do not."""
    reasons = {session.family: session.skip for session in standard}
    return [replace(s, skip=reasons.get(s.standard)) if s.standard else s for s in own]


def _families(sessions: Iterable[SessionInfo]) -> list[tuple[str, list[SessionInfo]]]:
    groups: dict[str, list[SessionInfo]] = {}
    for session in sessions:
        groups.setdefault(session.family, []).append(session)
    return list(groups.items())


def _wanted_standard(
    own: Sequence[SessionInfo], available: set[str], settings: PipelineSettings, origins: Mapping[str, str]
) -> set[str]:
    if settings.standard is not None:
        for name in settings.standard:
            if name not in _CATALOGUE:
                raise ConfigError(
                    f"no standard stage is called {name!r}",
                    place=origins.get("pipeline.standard", ""),
                    hint=suggest(name, list(_CATALOGUE)),
                )
        return set(settings.standard)
    covered = {covers(session.family) for session in own} - _ALWAYS_ADDED
    registered = {session.standard for session in own}
    return available - covered - registered


def _stage(name: str, sessions: Sequence[SessionInfo], settings: PipelineSettings) -> Stage:
    first = sessions[0]
    known = _CATALOGUE.get(first.standard or covers(first.family) or "")
    base = Policy(exclusive=known.exclusive, max_age=known.max_age) if known else Policy()
    return Stage(
        name=name,
        source=first.source,
        sessions=tuple(sessions),
        policy=_overlay(base, settings.stage.get(name)),
        doc=first.doc,
        tags=first.tags,
        default=any(session.default for session in sessions),
        standard=known.name if known else "",
        rank=known.rank if known else _OWN_RANK,
        skip=first.skip if all(session.skip for session in sessions) else None,
    )


def _overlay(policy: Policy, given: StageSettings | None) -> Policy:
    if given is None:
        return policy
    given_values = {name: getattr(given, name) for name in Policy.__dataclass_fields__}
    changes: dict[str, Any] = {name: value for name, value in given_values.items() if value is not None}
    return replace(policy, **changes)


def _refuse_unknown_stages(stages: Sequence[Stage], settings: PipelineSettings, origins: Mapping[str, str]) -> None:
    names = [stage.name for stage in stages]
    needed = [(f"pipeline.stage.{stage.name}.needs", need) for stage in stages for need in stage.policy.needs]
    for key, name in [*((f"pipeline.stage.{name}", name) for name in settings.stage), *needed]:
        if name not in names:
            raise ConfigError(
                f"there is no stage called {name!r}", place=origins.get(key, key), hint=suggest(name, names)
            )


def _refuse_unsplittable_stages(stages: Sequence[Stage], origins: Mapping[str, str]) -> None:
    for stage in stages:
        if stage.policy.shards != 1 and stage.standard not in ("", "tests"):
            key = f"pipeline.stage.{stage.name}.shards"
            raise ConfigError(
                f"{stage.name} cannot be split into shards",
                place=origins.get(key, key),
                hint="shards divide the tests that pytest or unittest collects",
            )


def _refuse_outputs_elsewhere(stages: Sequence[Stage], origins: Mapping[str, str]) -> None:
    """Refuse outputs that are no files or folders below the project: they could not be put back as they were."""
    for stage, name in ((one, name) for one in stages for name in one.policy.outputs):
        hint = _problem_of_output(name)
        if hint:
            key = f"pipeline.stage.{stage.name}.outputs"
            raise ConfigError(f"{name!r} cannot be an output", place=origins.get(key, key), hint=hint)


def _problem_of_output(name: str) -> str:
    """Return what an output has to be instead; nothing for one that can be put back."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or name.startswith("/") or parts[0] in (".noxline", ".git"):
        return "outputs are files and folders below the project, relative to its root"
    return "name the file, or the whole folder: outputs take no wildcards" if has_wildcard(name) else ""


def tasks_of(
    pipeline: Pipeline, *, cores: int, parallel_tests: bool = False, auto: Mapping[str, int] | None = None
) -> tuple[Task, ...]:
    """Return one task for each session and shard of the pipeline, with needs between tasks.

    `auto` is the number of shards of each stage that leaves it to noxline; without it there is one for each CPU.
    With `parallel_tests` the test runner starts workers of its own: its tasks may take all CPU tokens that are free.
    """
    sessions = [(stage, session) for stage in pipeline.stages for session in stage.sessions]
    by_session = {
        (session.source, session.name): _names(stage, session, _shard_count(stage, cores, auto or {}))
        for stage, session in sessions
    }
    by_stage: dict[str, list[str]] = {stage.name: [] for stage in pipeline.stages}
    for stage, session in sessions:
        by_stage[stage.name] += by_session[session.source, session.name]
    tasks = (
        _session_tasks(
            stage,
            session,
            by_session[session.source, session.name],
            needs=_needs(stage, session, by_session, by_stage, pipeline),
            cpus=_cpus(stage, cores, parallel_tests=parallel_tests),
        )
        for stage, session in sessions
    )
    return tuple(chain.from_iterable(tasks))


def _cpus(stage: Stage, cores: int, *, parallel_tests: bool) -> int:
    return cores if parallel_tests and stage.standard == "tests" else 1


def _shard_count(stage: Stage, cores: int, auto: Mapping[str, int]) -> int:
    if stage.policy.shards == "auto":
        return auto.get(stage.name, max(1, cores))
    return int(stage.policy.shards)


def _names(stage: Stage, session: SessionInfo, shards: int) -> list[str]:
    """Return the names of a session's tasks, one for each shard."""
    # A standard stage beside a project's session of the same name is told apart by its stage's name.
    base = stage.name if stage.name.startswith("standard-") else session.name
    return [base] if shards == 1 else [f"{base}#{k}/{shards}" for k in range(1, shards + 1)]


def _needs(
    stage: Stage,
    session: SessionInfo,
    by_session: Mapping[tuple[Source, str], list[str]],
    by_stage: Mapping[str, list[str]],
    pipeline: Pipeline,
) -> tuple[str, ...]:
    needs = [name for required in session.requires for name in by_session.get((session.source, required), [])]
    for need in stage.policy.needs:
        needs += by_stage[need]
    if _is_standard(session):
        for family in CROSS_NEEDS.get(session.family, ()):
            for other in pipeline.stages:
                if other.standard == family and other.default:
                    needs += by_stage[other.name]
    return tuple(dict.fromkeys(needs))


def _session_tasks(
    stage: Stage, session: SessionInfo, names: Sequence[str], *, needs: tuple[str, ...], cpus: int
) -> Iterable[Task]:
    policy = stage.policy
    skip = session.skip or stage.skip
    for number, name in enumerate(names, start=1):
        yield Task(
            name=name,
            stage=stage.name,
            session=session.name,
            source=session.source,
            python=session.python if session.name != session.family else None,
            shard=(number, len(names)) if len(names) > 1 else None,
            needs=needs,
            environment=f"{session.source.value}/{session.environment}" if session.environment else "",
            exclusive=policy.exclusive,
            timeout=policy.timeout,
            retries=policy.retries,
            warn_only=policy.warn_only,
            cpus=cpus,
            rank=stage.rank,
            skip=skip.reason if skip else "",
            tolerant="coverage" in (session.standard, session.family) and _is_standard(session),
        )


def _is_standard(session: SessionInfo) -> bool:
    return session.source is Source.STANDARD or bool(session.standard)
