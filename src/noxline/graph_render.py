"""A task graph for people: as text, as a Mermaid flowchart, as Graphviz dot."""

from __future__ import annotations

from noxline.graph import TaskGraph
from noxline.model.task import Task


def as_text(graph: TaskGraph) -> str:
    """Return one line a task, indented by its depth, with what it needs.

    A line reads `  coverage  <- tests-3.11, tests-3.12`; skipped tasks carry their reason in brackets.
    """
    depth: dict[str, int] = {}
    lines: list[str] = []
    for name, task in graph.tasks.items():
        depth[name] = max((depth[need] + 1 for need in task.needs), default=0)
        needs = f"  <- {', '.join(task.needs)}" if task.needs else ""
        remark = f"  [{_remark(task)}]" if _remark(task) else ""
        lines.append(f"{'  ' * depth[name]}{name}{needs}{remark}")
    return "".join(f"{line}\n" for line in lines)


def as_mermaid(graph: TaskGraph) -> str:
    """Return a Mermaid flowchart that GitHub draws in Markdown; skipped tasks are dashed."""
    numbers = {name: f"t{number}" for number, name in enumerate(graph.tasks)}
    lines = ["flowchart LR"]
    lines += [f'  {number}["{_mermaid_label(name)}"]' for name, number in numbers.items()]
    lines += [f"  {numbers[need]} --> {numbers[name]}" for name, task in graph.tasks.items() for need in task.needs]
    skipped = [numbers[name] for name, task in graph.tasks.items() if task.skip]
    if skipped:
        lines += ["  classDef skipped stroke-dasharray: 4 4", f"  class {','.join(skipped)} skipped"]
    return "".join(f"{line}\n" for line in lines)


def as_dot(graph: TaskGraph) -> str:
    """Return a Graphviz digraph from left to right; skipped tasks are dashed."""
    lines = ["digraph noxline {", "  rankdir=LR;", "  node [shape=box];"]
    for name, task in graph.tasks.items():
        lines.append(f"  {_quoted(name)}{' [style=dashed]' if task.skip else ''};")
        lines += [f"  {_quoted(need)} -> {_quoted(name)};" for need in task.needs]
    return "".join(f"{line}\n" for line in [*lines, "}"])


def _remark(task: Task) -> str:
    return f"skipped: {task.skip}" if task.skip else "runs alone" if task.exclusive else ""


def _mermaid_label(name: str) -> str:
    # Mermaid has no backslash escapes: quotes and number signs are written as character entities.
    return name.replace("#", "#35;").replace('"', "#quot;")


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
