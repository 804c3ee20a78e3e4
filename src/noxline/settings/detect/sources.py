"""The places that name what the tests need, each as a source of installs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from noxline.settings.detect.groups import (
    Group,
    brings_runner,
    dependency_groups,
    hatch_groups,
    pdm_groups,
    pick_for_tests,
    poetry_tables,
)
from noxline.settings.detect.metadata import Metadata, extra_origin
from noxline.settings.detect.requirement_files import DEV, TESTS, requirement_files
from noxline.settings.detect.requirements import canonical, is_exact, read_requirements
from noxline.settings.detect.tox import ToxEnv
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Install, Origin

OWN = re.compile(r"(?:-e\s*|--editable[ =])?\.(?:/)?(?:\[([^\]]*)\])?$")
FILE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)$")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One place: its steps, all requirements they stand for, and the groups and extras it names."""

    kind: str
    steps: tuple[Install, ...] = ()
    requirements: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    origin: Origin

    @property
    def is_empty(self) -> bool:
        """Tell whether the source names nothing."""
        return not (self.steps or self.extras)


def args_step(args: tuple[str, ...], origin: Origin) -> tuple[Install, ...]:
    """Return the step that installs these arguments; none when there are none."""
    return (Install(kind="args", args=args, origin=origin),) if args else ()


def all_groups(tree: Tree) -> dict[str, Group]:
    """Return all groups by name, in order of preference: dependency groups, poetry's, pdm's."""
    return {**pdm_groups(tree.pyproject), **poetry_tables(tree.pyproject), **dependency_groups(tree.pyproject)}


def tox_source(tree: Tree, metadata: Metadata, env: ToxEnv) -> Source:
    """Return what an environment of tox installs: deps, groups and extras."""
    args, extras, requirements = tox_deps(tree, env.deps + env.installed)
    for file in env.constraints:
        args += ("-c", file)
    groups = all_groups(tree)
    steps = args_step(args, env.deps_origin)
    for name in env.groups:
        if group := groups.get(canonical(name)):
            steps += args_step(group.requirements, group.origin)
            requirements += group.requirements
    wanted = tuple(dict.fromkeys((*extras, *env.extras)))
    source = Source(
        kind="tox", steps=steps, requirements=requirements, groups=env.groups, extras=wanted, origin=env.deps_origin
    )
    return spelled_out(tree, metadata, source)


def tox_deps(tree: Tree, deps: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Split tox's deps into arguments for the installer, extras of the project, and all requirements."""
    args: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    for dep in deps:
        if file := FILE.match(dep):
            path = posixpath.normpath(file[1])
            args += ("-r", path)
            requirements += read_requirements(tree, path)
        elif own := OWN.match(dep):
            extras += tuple(part.strip() for part in (own[1] or "").split(",") if part.strip())
        elif editable := re.match(r"(?:-e|--editable)[ =]?\s*(\S+)$", dep):
            args += ("-e", editable[1])
        elif not dep.startswith("-"):
            args += (dep,)
            requirements += (dep,)
    return args, extras, requirements


def spelled_out(tree: Tree, metadata: Metadata, source: Source) -> Source:
    """Turn extras that ask for exact versions into plain requirements, which can be loosened when the index lacks one.

    Extras of a project that is not installed are spelled out as well.
    """
    kept: tuple[str, ...] = ()
    for name in source.extras:
        requirements = metadata.extra_requirements(name)
        if metadata.installable and not any(map(is_exact, requirements)):
            kept += (name,)
            source = replace(source, requirements=source.requirements + requirements)
            continue
        step = args_step(requirements, extra_origin(tree, metadata.script, name))
        source = replace(source, steps=source.steps + step, requirements=source.requirements + requirements)
    return replace(source, extras=kept)


def group_source(group: Group | None, kind: str) -> Source | None:
    """Return a group as a source."""
    if not group:
        return None
    groups = (group.name,) if group.uv or kind in ("poetry", "pdm") else ()
    steps = args_step(group.requirements, group.origin)
    return Source(kind=kind, steps=steps, requirements=group.requirements, groups=groups, origin=group.origin)


def extra_groups(tree: Tree, metadata: Metadata) -> dict[str, Group]:
    """Return the extras as groups, each with its references resolved."""
    return {
        canonical(name): Group(
            name=name,
            requirements=metadata.extra_requirements(name),
            origin=extra_origin(tree, metadata.script, name),
        )
        for name in metadata.extras
    }


def extra_source(tree: Tree, metadata: Metadata) -> Source | None:
    """Return the extra that is for the tests."""
    group = pick_for_tests(extra_groups(tree, metadata))
    if not group:
        return None
    return spelled_out(tree, metadata, Source(kind="extra", extras=(group.name,), origin=group.origin))


def file_source(tree: Tree, topic: str, *, only_with_runner: bool = False) -> Source | None:
    """Return the first requirement file for a topic."""
    for name in requirement_files(tree, topic):
        requirements = read_requirements(tree, name)
        if requirements and (not only_with_runner or any(map(brings_runner, requirements))):
            origin = Origin(file=name, line=1)
            return Source(kind="file", steps=args_step(("-r", name), origin), requirements=requirements, origin=origin)
    return None


def plain_file_source(tree: Tree) -> Source | None:
    """Return requirements.txt, when it names a test runner."""
    requirements = read_requirements(tree, "requirements.txt")
    origin = Origin(file="requirements.txt", line=1)
    steps = args_step(("-r", "requirements.txt"), origin)
    is_for_tests = any(map(brings_runner, requirements))
    return Source(kind="file", steps=steps, requirements=requirements, origin=origin) if is_for_tests else None


def tests_require(metadata: Metadata, tree: Tree) -> Source | None:
    """Return what setup.py or setup.cfg say that `setup.py test` needs."""
    requirements = metadata.script.strings("tests_require")
    origin = metadata.script.origin("tests_require")
    if not requirements and (entry := tree.setup_cfg.entry("options", "tests_require")):
        requirements, origin = tuple(entry.value.splitlines()), tree.setup_cfg.origin("options", "tests_require")
    steps = args_step(requirements, origin)
    return Source(kind="tests_require", steps=steps, requirements=requirements, origin=origin) if steps else None


def declared_sources(tree: Tree, metadata: Metadata) -> list[Source]:
    """Return all places that name test dependencies, best first; what only development needs comes last."""
    pyproject = tree.pyproject
    groups: Mapping[str, Group] = dependency_groups(pyproject)
    found = [
        group_source(pick_for_tests(groups), "group"),
        file_source(tree, TESTS),
        extra_source(tree, metadata),
        group_source(pick_for_tests(poetry_tables(pyproject)), "poetry"),
        group_source(pick_for_tests(pdm_groups(pyproject)), "pdm"),
        group_source(pick_for_tests(hatch_groups(tree)), "hatch"),
        tests_require(metadata, tree),
        None if requirement_files(tree, TESTS) else file_source(tree, DEV, only_with_runner=True),
        plain_file_source(tree),
    ]
    return sorted((source for source in found if source), key=is_for_development)


def is_for_development(source: Source) -> bool:
    """Tell whether a source is by its name for development at large rather than for tests."""
    names = (*source.groups, *source.extras)
    return bool(names) and not any("test" in name.lower() for name in names)
