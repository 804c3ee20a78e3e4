"""How a tool gets installed in the version that the project pins."""

from __future__ import annotations

import posixpath

from noxline.settings.detect.groups import Group, dependency_groups, hatch_groups, pick_named, poetry_tables
from noxline.settings.detect.hook_config import hook_requirements
from noxline.settings.detect.locks import locked_version, uv_lock_covers
from noxline.settings.detect.requirement_files import requirement_files
from noxline.settings.detect.requirements import canonical, distribution, distributions, loosen, read_requirements
from noxline.settings.detect.sources import FILE, all_groups, args_step, extra_groups, tox_source
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.tox import ToxEnv
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Install, Origin

Installs = tuple[tuple[Install, ...], tuple[str, ...]]


def pinned_tool(known: Survey, tool: str, origin: Origin) -> tuple[Install, ...]:
    """Return the step for a tool alone: the locked version, the hook's revision, what a group asks for, or any."""
    tree = known.tree
    if version := locked_version(tree, tool):
        lock = tree.first("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
        return args_step((f"{tool}=={version}",), Origin(file=lock, key=tool))
    if (hook := hook_requirements(tree, tool)) and hook[0]:
        return args_step(hook[0][:1], hook[1])
    groups = [*all_groups(tree).values(), *extra_groups(tree, known.metadata).values(), *hatch_groups(tree).values()]
    for group in groups:
        if asked := tuple(r for r in group.requirements if distribution(r) == tool):
            return args_step(asked, group.origin)
    return args_step((tool,), origin)


def topic_installs(known: Survey, tool: str, topic: str, env: ToxEnv | None, origin: Origin) -> Installs:
    """Return the steps and the project's extras for a topic, a pattern of names; the tool is always in them."""
    steps, extras, names = topic_source(known, topic, env)
    if tool not in names and not (names and any(tool in name for name in names)):
        steps += pinned_tool(known, tool, origin)
    return steps, extras


def without_versions(tree: Tree, installs: tuple[Install, ...]) -> tuple[tuple[Install, ...], ...]:
    """Return another way to install the same names: without their versions; none where no version is asked for."""
    asked = [requirements_of(tree, step) for step in installs]
    loose = [loosen(requirements) for requirements in asked]
    if asked == loose or any(step.kind != "args" for step in installs):
        return ()
    steps = zip(loose, installs, strict=True)
    return (tuple(new for names, old in steps for new in args_step(names, old.origin)),)


def requirements_of(tree: Tree, step: Install) -> tuple[str, ...]:
    """Return what a step asks for, with what the requirement files say that it names."""
    files = [word for flag, word in zip(step.args, step.args[1:], strict=False) if flag == "-r"]
    named = tuple(word for word in step.args if not word.startswith("-") and word not in files)
    return named + tuple(found for name in files for found in read_requirements(tree, name))


def names_absent_files(tree: Tree, env: ToxEnv) -> bool:
    """Tell whether an environment of tox installs from requirement files that did not come with the project."""
    files = [FILE.match(dep) for dep in env.deps]
    return not all(tree.has(posixpath.normpath(found[1])) for found in files if found)


def topic_source(
    known: Survey, topic: str, env: ToxEnv | None
) -> tuple[tuple[Install, ...], tuple[str, ...], set[str]]:
    """Return steps, extras and the names that they install."""
    tree = known.tree
    if env and env.declares and not names_absent_files(tree, env):
        return env_source(known, env)
    groups = {**hatch_groups(tree), **poetry_tables(tree.pyproject), **all_groups(tree)}
    if group := pick_named(groups, topic):
        return group_steps(tree, group), (), distributions(group.requirements)
    for name in requirement_files(tree, topic):
        return args_step(("-r", name), Origin(file=name, line=1)), (), distributions(read_requirements(tree, name))
    if extra := pick_named(extra_groups(tree, known.metadata), topic):
        names = distributions(extra.requirements)
        if known.metadata.installable:
            return (), (extra.name,), names
        return args_step(extra.requirements, extra.origin), (), names
    return (), (), set()


def env_source(known: Survey, env: ToxEnv) -> tuple[tuple[Install, ...], tuple[str, ...], set[str]]:
    """Return steps, extras and names of an environment of tox, its groups in their locked versions where there are."""
    source = tox_source(known.tree, known.metadata, env)
    names = distributions(source.requirements)
    if source.groups and uv_lock_covers(known.tree, source.groups, source.extras):
        rest = tuple(step for step in source.steps if step.origin.file != "pyproject.toml")
        return (locked(source.groups), *rest), source.extras, names
    return source.steps, source.extras, names


def group_steps(tree: Tree, group: Group) -> tuple[Install, ...]:
    """Return the step that installs a group, in its locked versions where the lock file holds it."""
    is_known = canonical(group.name) in dependency_groups(tree.pyproject)
    if is_known and uv_lock_covers(tree, (group.name,), ()):
        return (locked((group.name,)),)
    return args_step(group.requirements, group.origin)


def locked(groups: tuple[str, ...]) -> Install:
    """Return the step that installs groups in their locked versions."""
    options = tuple(word for name in groups for word in ("--group", name))
    return Install(
        kind="uv-lock", args=("--no-default-groups", *options), origin=Origin(file="uv.lock", key=" ".join(groups))
    )
