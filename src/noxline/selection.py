"""What the user asked to run, resolved to tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from noxline.errors import UsageError, suggest
from noxline.graph import TaskGraph, closure
from noxline.model.stage import Stage
from noxline.model.task import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Names of the selected tasks in graph order, and the stages that --only or --skip left out altogether."""

    tasks: tuple[str, ...]
    deselected_stages: tuple[str, ...] = ()


def select(
    pipeline_stages: Sequence[Stage],
    graph: TaskGraph,
    *,
    names: Sequence[str] = (),
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    pythons: Sequence[str] = (),
    default_only: bool = True,
) -> Selection:
    """Resolve what was asked for; raise UsageError for a name or a Python that is not there.

    A name is a stage, a task, a session, a tag or a glob. `names` and `only` bring what they need with them, `skip`
    takes away even what others need, and `pythons` narrows the stages that run under several. Without `names` and
    `only`, the tasks that run by default are taken (all of them when `default_only` is false).
    """
    index = _Index(pipeline_stages, graph)
    wanted = index.resolve(names) if names else index.without_names(default_only=default_only)
    asked = _narrowed(wanted, index.resolve(only), by_names=bool(names)) if only else wanted
    kept = _with_needs(graph, asked, index.resolve(skip), pythons)
    if not kept and any((names, only, skip, pythons)):
        raise UsageError("nothing is left to run", hint="take back some of --only, --skip or --python")
    gone = _stages(graph, wanted) - _stages(graph, kept)
    return Selection(
        tasks=tuple(name for name in graph.tasks if name in kept),
        deselected_stages=tuple(stage.name for stage in pipeline_stages if stage.name in gone),
    )


def _narrowed(wanted: set[str], only: set[str], *, by_names: bool) -> set[str]:
    """Return what `--only` leaves: of the names given beside it, or else of all tasks, those that run on demand too."""
    return only & wanted if by_names else only


def _stages(graph: TaskGraph, names: Iterable[str]) -> set[str]:
    return {graph.tasks[name].stage for name in names}


def _with_needs(graph: TaskGraph, wanted: set[str], skipped: set[str], pythons: Sequence[str]) -> set[str]:
    """Return the tasks with all they need, without the skipped and those under other Pythons than the asked-for.

    A stage under another Python alone (a build under 3.12) stays when something that is kept needs it.
    """
    _refuse_unknown_pythons(graph, pythons)
    other = _under_others(graph, pythons)
    narrowed_stages = {task.stage for task in graph.tasks.values() if task.python in pythons}
    left_out = skipped | {name for name in other if graph.tasks[name].stage in narrowed_stages}
    edges = {name: [need for need in task.needs if need not in left_out] for name, task in graph.tasks.items()}
    return closure(wanted - other - skipped, edges)


def _under_others(graph: TaskGraph, pythons: Sequence[str]) -> set[str]:
    """Return the tasks that run under Pythons other than the asked-for; none when none is asked for."""
    if not pythons:
        return set()
    return {name for name, task in graph.tasks.items() if task.python is not None and task.python not in pythons}


def _refuse_unknown_pythons(graph: TaskGraph, pythons: Sequence[str]) -> None:
    there = sorted({task.python for task in graph.tasks.values() if task.python}, key=_version)
    for python in pythons:
        if python not in there:
            raise UsageError(
                f"no task runs under Python {python}", place="--python", hint=f"there are: {', '.join(there) or 'none'}"
            )


def _version(python: str) -> tuple[int, ...]:
    return tuple(int(part) for part in python.split(".") if part.isdigit())


class _Index:
    """Knows under which names each task may be asked for."""

    def __init__(self, stages: Sequence[Stage], graph: TaskGraph) -> None:
        self._graph = graph
        self._stages = {stage.name: stage for stage in stages}
        self._sessions = {(stage.name, session.name): session for stage in stages for session in stage.sessions}
        # By kind of name, the strongest first: a tag never adds to what a stage or a session of that name means.
        self._kinds: tuple[dict[str, set[str]], ...] = ({}, {}, {}, {}, {})
        for task in graph.tasks.values():
            for kind, names in zip(self._kinds, self._names(task), strict=True):
                for name in names:
                    kind.setdefault(name, set()).add(task.name)

    def _names(self, task: Task) -> Iterator[tuple[str, ...]]:
        stage = self._stages.get(task.stage)
        session = self._sessions.get((task.stage, task.session))
        yield (task.stage,)
        yield (task.name,)
        yield task.session, task.session.split("(")[0]  # nox: a name without parameters means all of them
        yield (stage.standard,) if stage is not None and stage.standard else ()
        yield (*(stage.tags if stage is not None else ()), *(session.tags if session is not None else ()))

    def without_names(self, *, default_only: bool) -> set[str]:
        """Return the tasks that are meant when none is named."""
        return {task.name for task in self._graph.tasks.values() if not default_only or self._is_default(task)}

    def _is_default(self, task: Task) -> bool:
        session = self._sessions.get((task.stage, task.session))
        if session is not None:
            return session.default
        stage = self._stages.get(task.stage)
        return stage is None or stage.default

    def resolve(self, names: Iterable[str]) -> set[str]:
        """Return the tasks that any of the names means; raise UsageError for one that means none."""
        return set().union(*(self._resolve(name) for name in names))

    def _resolve(self, name: str) -> set[str]:
        for kind in self._kinds:
            if name in kind:
                return kind[name]
        if name in self._stages:
            return set()  # a stage without tasks
        matching = [tasks for kind in self._kinds for known, tasks in kind.items() if fnmatchcase(known, name)]
        if not matching:
            raise UsageError(f"there is no stage or task called {name!r}", hint=self._hint(name))
        return set().union(*matching)

    def _hint(self, name: str) -> str:
        nearest = suggest(name, [known for kind in self._kinds for known in kind])
        return nearest if nearest.startswith("did you mean") else suggest(name, list(self._stages))
