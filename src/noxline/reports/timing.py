"""Where the time of a run went: the longest tasks, and the chain of tasks that no worker could have shortened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from noxline.graph import TaskGraph
from noxline.model.run import TaskResult


@dataclass(frozen=True, kw_only=True, slots=True)
class CriticalPath:
    """The longest chain of needs by measured seconds: no number of workers makes the run shorter than it."""

    seconds: float
    tasks: tuple[str, ...]


def critical_path(results: Sequence[TaskResult]) -> CriticalPath:
    """Return the longest chain over the seconds that the tasks took; reused and skipped ones count nothing."""
    names = {result.task.name for result in results}
    graph = TaskGraph.of(
        replace(result.task, needs=tuple(need for need in result.task.needs if need in names)) for result in results
    )
    taken = {result.task.name: own_seconds(result) for result in results}
    seconds, tasks = graph.critical_path(taken)
    return CriticalPath(seconds=seconds, tasks=tuple(name for name in tasks if taken[name] > 0))


def own_seconds(result: TaskResult) -> float:
    """Return the seconds that a task took in this run: nothing when its result was reused or it was left out."""
    return result.outcome.seconds if result.decision == "ran" else 0.0


def slowest(results: Sequence[TaskResult], count: int = 5) -> tuple[TaskResult, ...]:
    """Return the tasks that took longest, the longest first."""
    ran = [result for result in results if own_seconds(result) > 0]
    return tuple(sorted(ran, key=own_seconds, reverse=True)[:count])


def human_seconds(seconds: float) -> str:
    """Return a duration for people: `0.8 s`, `12.3 s`, `3 min 05 s`, `1 h 02 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if round(seconds, 1) < 60 else "1 min 00 s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
