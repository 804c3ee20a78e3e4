"""Tasks and the edges between them, proven free of cycles: order, dependents, longest paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

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


class Followers:
    """Who needs whom, by position: `followers[3]` are the positions of the tasks that need task 3.

    One flat list instead of a list for each task: the garbage collector need not look at every one of them.

    >>> followers = Followers(tasks=3, needed=[0, 0, 1], by=[1, 2, 2])
    >>> followers[0], followers[1], followers[2]
    ([1, 2], [2], [])
    """

    __slots__ = ("_flat", "_starts")

    def __init__(self, *, tasks: int, needed: Sequence[int], by: Sequence[int]) -> None:
        counts = [0] * tasks
        for position in needed:
            counts[position] += 1
        self._starts = [0, *accumulate(counts)]
        self._flat = [0] * len(needed)
        free = self._starts[:]
        for position, follower in zip(needed, by, strict=True):
            self._flat[free[position]] = follower
            free[position] += 1

    def __getitem__(self, position: int) -> list[int]:
        return self._flat[self._starts[position] : self._starts[position + 1]]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskGraph:
    """Tasks by name, each after all that it needs. Make one with `TaskGraph.of`.

    Every task also has a position, its place in that order; `followers` are the positions of the tasks that need it.
    Numbers, because walks over very large graphs spend their time on looking up names.
    """

    tasks: Mapping[str, Task]
    positions: Mapping[str, int] = field(compare=False)
    followers: Followers = field(compare=False)

    @staticmethod
    def of(tasks: Iterable[Task]) -> TaskGraph:
        """Return the graph of the tasks; raise ConfigError for double names, unknown needs and cycles."""
        listed = tuple(tasks)
        try:
            return _linked(listed)
        except _OutOfOrderError:
            by_name = _by_name(listed)
            order = topological_order({name: task.needs for name, task in by_name.items()})
            return _linked([by_name[name] for name in order])

    def dependents(self, name: str) -> tuple[str, ...]:
        """Return the names of the tasks that need a task directly."""
        names = list(self.tasks)
        return tuple(names[follower] for follower in self.followers[self.positions[name]])

    def only(self, names: Collection[str]) -> TaskGraph:
        """Return the graph of these tasks alone; needs on tasks that are left out are dropped."""
        keep = set(names)
        return _linked(
            [
                task if keep.issuperset(task.needs) else _needing(task, keep)
                for name, task in self.tasks.items()
                if name in keep
            ]
        )

    def longest_tails(self, seconds: Sequence[float]) -> list[float]:
        """Return the time from the start of each task to the end of the longest path behind it; all by position."""
        tails = list(seconds)
        for position in range(len(tails) - 1, -1, -1):
            longest = 0.0
            for follower in self.followers[position]:
                longest = max(longest, tails[follower])
            tails[position] += longest
        return tails

    def critical_path(self, durations: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
        """Return the length in seconds of the longest path through the graph, and the tasks on it in order.

        A task of unknown duration counts nothing.
        """
        names = list(self.tasks)
        tails = self.longest_tails([durations.get(name, 0.0) for name in names])
        path: list[int] = []
        following: Sequence[int] = range(len(names))
        while following:
            path.append(max(following, key=tails.__getitem__))
            following = self.followers[path[-1]]
        return (tails[path[0]] if path else 0.0), tuple(names[position] for position in path)


class _OutOfOrderError(Exception):
    """A task stands before something that it needs, or twice."""


def _linked(tasks: Sequence[Task]) -> TaskGraph:
    """Return the graph of tasks that stand in order already; most callers have them so."""
    positions: dict[str, int] = {}
    needed: list[int] = []
    by: list[int] = []
    for position, task in enumerate(tasks):
        for need in task.needs:
            before = positions.get(need)
            if before is None:
                raise _OutOfOrderError
            needed.append(before)
            by.append(position)
        positions[task.name] = position
    if len(positions) < len(tasks):
        raise _OutOfOrderError
    followers = Followers(tasks=len(tasks), needed=needed, by=by)
    return TaskGraph(tasks=dict(zip(positions, tasks, strict=True)), positions=positions, followers=followers)


def _by_name(tasks: Iterable[Task]) -> dict[str, Task]:
    """Return tasks by name; raise ConfigError for double names and unknown needs."""
    by_name: dict[str, Task] = {}
    for task in tasks:
        if task.name in by_name:
            raise ConfigError(f"two tasks are called {task.name!r}", hint="rename one of the sessions")
        by_name[task.name] = task
    for task in by_name.values():
        for need in task.needs:
            if need not in by_name:
                raise ConfigError(
                    f"{task.name} needs {need!r}, which is not there",
                    place=f"task {task.name}",
                    hint=suggest(need, list(by_name)),
                )
    return by_name


def _needing(task: Task, keep: Collection[str]) -> Task:
    return replace(task, needs=tuple(need for need in task.needs if need in keep))
