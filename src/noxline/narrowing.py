"""Leave out the tasks that a change cannot reach (`noxline ci --affected`, and between two runs of `noxline watch`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from noxline.definitions import definitions_of
from noxline.graph import TaskGraph, closure
from noxline.inputs.listing import files_among, listing
from noxline.inputs.patterns import matcher, named
from noxline.project import Options, Project
from noxline.settings.facts import Origin
from noxline.system.git_changes import ChangedFiles

# What decides which tasks there are, what they run and what is installed for them, wherever it is detected.
_EVERYTHING = (
    *("noxfile.py", "config/*.toml", "pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "tox.toml"),
    *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", ".coveragerc", ".python-version", "Pipfile"),
    *("**/*.lock", "**/pylock*.toml", "**/requirements*", "**/requirements/**", "**/constraints*", "environment.y*ml"),
)


def affected(
    tasks: Iterable[str],
    changed: Collection[str],
    patterns_of: Callable[[str], Sequence[str]],
    followers: Callable[[str], Sequence[str]],
) -> set[str]:
    """Return the tasks that a changed, added or deleted path is an input of, and those that need one of them.

    >>> inputs = {"tests": ("src", "tests"), "docs": ("docs",), "coverage": ()}
    >>> sorted(affected(inputs, ["src/a.py"], inputs.get, {"tests": ["coverage"], "docs": [], "coverage": []}.get))
    ['coverage', 'tests']
    """
    names = list(tasks)
    matchers = {patterns: matcher(patterns) for patterns in {tuple(patterns_of(name)) for name in names}}
    reached = {patterns for patterns, matches in matchers.items() if any(map(matches, changed))}
    direct = [name for name in names if tuple(patterns_of(name)) in reached]
    return closure(direct, {name: followers(name) for name in names})


def narrowed(project: Project, options: Options, changes: ChangedFiles, *, unseen: Collection[str] = ()) -> Project:
    """Return the project with the tasks skipped that the changes cannot reach, and a remark that says since when.

    What an affected task needs runs too: its output is wanted. `unseen` are paths that may have changed or not.
    """
    graph = project.graph.only(project.selection.tasks)
    reached, cause = reached_by(project, options, {*changes.paths, *unseen})
    kept = closure(reached, {name: task.needs for name, task in graph.tasks.items()})
    left_out = {name for name, task in graph.tasks.items() if name not in kept and not task.skip}
    reason = f"unaffected since {changes.sha}"
    tasks = [replace(t, skip=reason) if t.name in left_out else t for t in project.graph.tasks.values()]
    note = f"compared with {changes.sha}, which is in {changes.base}: {_count(len(changes.paths))}{cause}"
    return replace(
        project,
        graph=TaskGraph.of(tasks),
        pipeline=replace(project.pipeline, notes=(*project.pipeline.notes, note)),
        selection=replace(
            project.selection,
            deselected_stages=(*project.selection.deselected_stages, *_whole_stages(graph, left_out)),
        ),
    )


def touched_alone(project: Project, options: Options, changed: Collection[str]) -> Project:
    """Return the project with those of its selected tasks alone that changes can reach, and what they need."""
    graph = project.graph.only(project.selection.tasks)
    reached, _ = reached_by(project, options, changed)
    active = {name for name in reached if not graph.tasks[name].skip}
    kept = closure(active, {name: task.needs for name, task in graph.tasks.items()})
    return replace(project, selection=replace(project.selection, tasks=tuple(n for n in graph.tasks if n in kept)))


def all_patterns(project: Project, options: Options) -> tuple[str, ...]:
    """Return patterns for whatever may be an input: all files but what tasks leave, and those named though ignored."""
    definitions = definitions_of(project, options).values()
    outputs = {f"!{output}" for definition in definitions for output in definition.outputs}
    ignored_ones = {name for definition in definitions for name in named(definition.patterns)}
    return ("**", *sorted(ignored_ones), *sorted(outputs))


def reached_by(project: Project, options: Options, changed: Collection[str]) -> tuple[set[str], str]:
    """Return the selected tasks that changed paths can reach; and, when one reaches all of them, which and why."""
    graph = project.graph.only(project.selection.tasks)
    settles, named_ones = matcher(_EVERYTHING), deciding_files(project)
    deciding = sorted(path for path in changed if path in named_ones or settles(path))
    if deciding:
        return set(graph.tasks), f"; {deciding[0]} decides what each task does, so every task counts as affected"
    definitions = definitions_of(project, options)
    return affected(graph.tasks, changed, lambda name: definitions[name].patterns, graph.dependents), ""


def ignored_inputs(project: Project, options: Options) -> list[str]:
    """Return the inputs that git ignores, named for that: nobody knows how they were at another commit."""
    definitions = definitions_of(project, options)
    named_ones = {name for definition in definitions.values() for name in named(definition.patterns)}
    found = files_among(str(project.root), named_ones)
    return sorted(found.difference(listing(str(project.root)).names())) if found else []


def deciding_files(project: Project) -> set[str]:
    """Return the files that the sessions and the facts about the project were read from.

    A module that shows where the source lies decides nothing by what is in it; `setup.py` is among `_EVERYTHING`.
    """
    origins = {origin.file for origin in _origins(project.facts) if not origin.file.endswith(".py")}
    return {*(file for file, _ in project.noxfile_sources), *origins}


def _origins(value: Any) -> Iterator[Origin]:
    if isinstance(value, Origin):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _origins(part)
    else:
        for name in getattr(type(value), "__dataclass_fields__", ()):
            yield from _origins(getattr(value, name))


def _whole_stages(graph: TaskGraph, left_out: Collection[str]) -> list[str]:
    """Return the stages of which no task is left."""
    running = {task.stage for name, task in graph.tasks.items() if name not in left_out}
    stages = dict.fromkeys(task.stage for name, task in graph.tasks.items() if name in left_out)
    return [stage for stage in stages if stage not in running]


def _count(paths: int) -> str:
    return "1 file changed" if paths == 1 else f"{paths} files changed"
