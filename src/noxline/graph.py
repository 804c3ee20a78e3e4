"""Tasks and the edges between them, proven free of cycles: order, dependents, longest paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from noxline.errors import ConfigError, suggest
from noxline.model.task import Task

_OPEN, _DONE = 1, 2


class CycleError(ConfigError):
    """Things need each other in a circle; `cycle` starts and ends with the same name."""

    def __init__(self, cycle: tuple[str, ...]) -> None:
        super().__init__(
            f"these need each other in a circle: {' -> '.join(cycle)}",
            hint="take one of these needs out (requires= in the noxfile, or needs in [stage.X])",
        )
        self.cycle = cycle


def topological_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return all names, each after what it needs, as near to the given order as that allows.

    Depth first with a stack of its own, so that a chain of any length fits; linear in names and edges.

    >>> topological_order({"coverage": ["tests"], "lint": [], "tests": []})
    ['tests', 'coverage', 'lint']
    """
    order: list[str] = []
    state: dict[str, int] = {}
    for root in needs:
        if root in state:
            continue
        state[root] = _OPEN
        path = [root]
        pending = [iter(needs[root])]
        while path:
            need = next(pending[-1], None)
            if need is None:
                pending.pop()
                state[path[-1]] = _DONE
                order.append(path.pop())
            elif need not in state:
                state[need] = _OPEN
                path.append(need)
                pending.append(iter(needs[need]))
            elif state[need] == _OPEN:
                raise CycleError((*path[path.index(need) :], need))
    return order


def inverted(edges: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the same edges the other way round, with every name as a key.

    >>> inverted({"a": [], "b": ["a"], "c": ["a"]})
    {'a': ['b', 'c'], 'b': [], 'c': []}
    """
    result: dict[str, list[str]] = {name: [] for name in edges}
    for name, targets in edges.items():
        for target in targets:
            result[target].append(name)
    return result


def closure(start: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the start and everything that can be reached from it.

    >>> sorted(closure(["c"], {"a": [], "b": ["a"], "c": ["b"], "d": []}))
    ['a', 'b', 'c']
    """
    reached: set[str] = set()
    stack = list(start)
    while stack:
        name = stack.pop()
        if name not in reached:
            reached.add(name)
            stack.extend(edges[name])
    return reached


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskGraph:
    """Tasks by name, each after all that it needs, and who depends on whom. Make one with `TaskGraph.of`."""

    tasks: Mapping[str, Task]
    dependents: Mapping[str, Sequence[str]]

    @staticmethod
    def of(tasks: Iterable[Task]) -> TaskGraph:
        """Return the graph of the tasks; raise ConfigError for double names, unknown needs and cycles."""
        by_name: dict[str, Task] = {}
        in_order = True
        for task in tasks:
            if task.name in by_name:
                raise ConfigError(f"two tasks are called {task.name!r}", hint="rename one of the sessions")
            in_order = in_order and all(need in by_name for need in task.needs)
            by_name[task.name] = task
        if in_order:
            return _linked(by_name)
        _refuse_unknown_needs(by_name)
        order = topological_order({name: task.needs for name, task in by_name.items()})
        return _linked({name: by_name[name] for name in order})

    def needs(self, name: str) -> Sequence[str]:
        """Return the names of the tasks that a task needs directly."""
        return self.tasks[name].needs

    def only(self, names: Collection[str]) -> TaskGraph:
        """Return the graph of these tasks alone; needs on tasks that are left out are dropped."""
        keep = set(names)
        return _linked(
            {
                name: task if keep.issuperset(task.needs) else _needing(task, keep)
                for name, task in self.tasks.items()
                if name in keep
            }
        )

    def longest_tails(self, durations: Mapping[str, float]) -> dict[str, float]:
        """Return the seconds from the start of each task to the end of the longest path behind it; unknown counts 0."""
        tails: dict[str, float] = {}
        for name in reversed(list(self.tasks)):
            behind = max(map(tails.__getitem__, self.dependents[name]), default=0.0)
            tails[name] = durations.get(name, 0.0) + behind
        return tails

    def critical_path(self, durations: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
        """Return the length in seconds of the longest path through the graph, and the tasks on it in order."""
        tails = self.longest_tails(durations)
        names: list[str] = []
        following: Sequence[str] = list(self.tasks)
        while following:
            names.append(max(following, key=tails.__getitem__))
            following = self.dependents[names[-1]]
        return (tails[names[0]] if names else 0.0), tuple(names)


def _refuse_unknown_needs(tasks: Mapping[str, Task]) -> None:
    for task in tasks.values():
        for need in task.needs:
            if need not in tasks:
                raise ConfigError(
                    f"{task.name} needs {need!r}, which is not there",
                    place=f"task {task.name}",
                    hint=suggest(need, list(tasks)),
                )


def _linked(tasks: dict[str, Task]) -> TaskGraph:
    return TaskGraph(tasks=tasks, dependents=inverted({name: task.needs for name, task in tasks.items()}))


def _needing(task: Task, keep: Collection[str]) -> Task:
    return replace(task, needs=tuple(need for need in task.needs if need in keep))
