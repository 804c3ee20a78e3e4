"""Lock files as sources of the tests' dependencies."""

from __future__ import annotations

from noxline.settings.detect.groups import dependency_groups, pick_for_tests
from noxline.settings.detect.locks import pdm_pins, pipfile_pins, poetry_pins, pylock_pins, uv_lock_covers
from noxline.settings.detect.metadata import Metadata
from noxline.settings.detect.requirements import canonical
from noxline.settings.detect.sources import Source, extra_groups
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Install, Origin

PYLOCKS = ("pylock.test.toml", "pylock.tests.toml", "pylock.testing.toml", "pylock.dev.toml", "pylock.toml")


def lock_sources(known: Survey, ordered: list[Source]) -> list[Source]:
    """Return the lock files that cover the tests."""
    tree = known.tree
    found = [
        uv_lock(known, ordered[0]),
        poetry_lock(tree, known.metadata, ordered),
        pdm_lock(tree, ordered),
        *(pylock(tree, name, ordered) for name in PYLOCKS),
        pipfile_lock(tree),
    ]
    return [source for source in found if source]


def uv_lock(known: Survey, best: Source) -> Source | None:
    """Return uv.lock, with the groups and extras of the best source or else those for tests."""
    tree = known.tree
    if not tree.has("uv.lock"):
        return None
    groups, extras, requirements = locked_names(known, best)
    if not (groups or extras) or not uv_lock_covers(tree, groups, extras):
        return None
    members: tuple[str, ...] = ("--all-packages",) if known.layout.members else ()
    options = (*members, *each("--group", groups), *each("--extra", extras))
    origin = Origin(file="uv.lock", key=" ".join((*groups, *extras)))
    locked = Install(kind="uv-lock", args=("--no-default-groups", *options), origin=origin)
    steps: tuple[Install, ...] = best.steps if best.kind == "tox" and not best.groups else ()
    return Source(kind="lock", steps=(locked, *steps), requirements=requirements, origin=origin)


def locked_names(known: Survey, best: Source) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the groups and extras to install from uv.lock, and the requirements that come with them."""
    requirements = best.requirements
    if best.groups or best.extras:
        return best.groups, best.extras, requirements
    if group := pick_for_tests(dependency_groups(known.tree.pyproject)):
        return (group.name,), (), requirements + group.requirements
    if extra := pick_for_tests(extra_groups(known.tree, known.metadata)):
        return (), (extra.name,), requirements + extra.requirements
    return (), (), requirements


def each(option: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return an option once for each name."""
    return tuple(word for name in names for word in (option, name))


def poetry_lock(tree: Tree, metadata: Metadata, ordered: list[Source]) -> Source | None:
    """Return poetry.lock, with the group that is for tests."""
    if not tree.has("poetry.lock"):
        return None
    source = next((source for source in ordered if source.kind in ("poetry", "group")), None)
    groups = frozenset(canonical(name) for name in source.groups) if source else frozenset()
    roots = metadata.dependencies + (source.requirements if source else ())
    return pinned("poetry.lock", poetry_pins(tree, groups, roots))


def pdm_lock(tree: Tree, ordered: list[Source]) -> Source | None:
    """Return pdm.lock, with the groups and extras that are for tests."""
    if not tree.has("pdm.lock"):
        return None
    source = next((source for source in ordered if source.groups or source.extras), None)
    names = (*source.groups, *source.extras) if source else ()
    return pinned("pdm.lock", pdm_pins(tree, frozenset(names)))


def pylock(tree: Tree, name: str, ordered: list[Source]) -> Source | None:
    """Return a pylock file (PEP 751), when it holds what the best source names."""
    if not tree.has(name):
        return None
    source = pinned(name, pylock_pins(tree, name))
    wanted = {canonical(item.partition("==")[0]) for item in source.requirements} if source else set()
    return source if "pytest" in wanted or name != "pylock.toml" or not ordered[0].requirements else None


def pipfile_lock(tree: Tree) -> Source | None:
    """Return Pipfile.lock."""
    return pinned("Pipfile.lock", pipfile_pins(tree)) if tree.has("Pipfile.lock") else None


def pinned(name: str, pins: tuple[str, ...]) -> Source | None:
    """Return exact versions as a source."""
    if not pins:
        return None
    origin = Origin(file=name)
    return Source(
        kind="lock", steps=(Install(kind="pins", args=pins, origin=origin),), requirements=pins, origin=origin
    )
