"""Named sets of development dependencies: dependency groups, uv's and pdm's own tables, extras, hatch environments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from noxline.settings.detect.poetry import group_path, poetry_group, poetry_groups
from noxline.settings.detect.requirements import canonical
from noxline.settings.detect.toml_source import TomlFile, as_strings
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

TEST_NAMES = ("test", "tests", "testing", "pytest", "unittest", "unit-tests", "unit-test", "unit", "tests-require")
TEST_LIKE = re.compile(
    r"(^|-)(unit|run|core)?-?tests?(ing)?($|-(deps|dependencies|requirements|minimal|core|base|all)$)"
)
DEV_NAMES = ("dev", "develop", "development", "devel", "dev-dependencies", "all", "ci")


@dataclass(frozen=True, kw_only=True)
class Group:
    """A named set of requirements and its place; `uv` tells whether uv's lock file knows it by this name."""

    name: str
    requirements: tuple[str, ...]
    origin: Origin
    uv: bool = True


def dependency_groups(pyproject: TomlFile) -> dict[str, Group]:
    """Return the dependency groups (PEP 735) with their inclusions resolved, and uv's old `dev-dependencies`."""
    table = pyproject.table("dependency-groups")
    found = {}
    for name in table:
        members = tuple(dict.fromkeys(expand_group(table, name)))
        found[canonical(name)] = Group(
            name=name, requirements=members, origin=pyproject.origin("dependency-groups", name)
        )
    old = ("tool", "uv", "dev-dependencies")
    if requirements := pyproject.strings(*old):
        known = found["dev"].requirements if "dev" in found else ()
        found["dev"] = Group(name="dev", requirements=requirements + known, origin=pyproject.origin(*old))
    return found


def expand_group(table: Mapping[str, Any], name: str, seen: frozenset[str] = frozenset()) -> Iterable[str]:
    """Yield the requirements of a group and of the groups it includes; a cycle is cut."""
    wanted = canonical(name)
    if wanted in seen:
        return
    members = next((value for key, value in table.items() if canonical(key) == wanted), None)
    for item in members if isinstance(members, list) else []:
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping) and "include-group" in item:
            yield from expand_group(table, str(item["include-group"]), seen | {wanted})


def pdm_groups(pyproject: TomlFile) -> dict[str, Group]:
    """Return pdm's own development groups."""
    base = ("tool", "pdm", "dev-dependencies")
    return {
        canonical(name): Group(
            name=name, requirements=as_strings(value), origin=pyproject.origin(*base, name), uv=False
        )
        for name, value in pyproject.table(*base).items()
    }


def poetry_tables(pyproject: TomlFile) -> dict[str, Group]:
    """Return poetry's groups."""
    return {
        canonical(name): Group(
            name=name,
            requirements=poetry_group(pyproject, name),
            origin=pyproject.origin(*group_path(pyproject, name)),
            uv=False,
        )
        for name in poetry_groups(pyproject)
    }


def hatch_groups(tree: Tree) -> dict[str, Group]:
    """Return the dependencies of hatch's environments that concern development."""
    found = {}
    for file, base in ((tree.pyproject, ("tool", "hatch", "envs")), (tree.toml("hatch.toml"), ("envs",))):
        for name, table in file.table(*base).items():
            if isinstance(table, Mapping):
                requirements = as_strings(table.get("dependencies")) + as_strings(table.get("extra-dependencies"))
                origin = file.origin(*base, name, "dependencies")
                short = "test" if name == "hatch-test" else name
                found[canonical(short)] = Group(name=name, requirements=requirements, origin=origin, uv=False)
    return {name: group for name, group in found.items() if group.requirements}


def pick_for_tests(groups: Mapping[str, Group]) -> Group | None:
    """Return the group that by its name is for the tests; else one for development that brings a test runner."""
    for_tests = [groups[name] for name in (*TEST_NAMES, *filter(TEST_LIKE.search, groups)) if name in groups]
    for_work = [groups[name] for name in (*DEV_NAMES, "default", *groups) if name in groups]
    candidates = (
        *(group for group in for_tests if group.requirements),
        *(group for group in for_work if any(map(brings_runner, group.requirements))),
    )
    return next(iter(candidates), None)


def brings_runner(requirement: str) -> bool:
    """Tell whether a requirement is a test runner or a plug-in of one."""
    return bool(
        re.match(r"(pytest|hypothesis|nose|testtools|ward|green|zope.testrunner)\b", requirement, re.IGNORECASE)
    )


def pick_named(groups: Mapping[str, Group], pattern: str) -> Group | None:
    """Return the first group whose name matches."""
    return next((group for name, group in groups.items() if re.fullmatch(pattern, name)), None)
