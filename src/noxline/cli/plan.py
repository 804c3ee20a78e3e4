"""`noxline plan` and `noxline graph`: what was detected, what would run, and in which order."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noxline.cli.console import output_style, print_json, print_text
from noxline.cli.options import as_json, selection_options

if TYPE_CHECKING:
    from noxline.model.task import Task
    from noxline.preview import Foreseen
    from noxline.project import Options, Project
    from noxline.reports.style import Style


@click.command()
@selection_options
@as_json
@click.pass_obj
def plan(start: Path, /, *, as_json: bool, **given: Any) -> int:
    """Show what was detected, with file and line, and what would become of every task.

    A task would run (with the reason), or be reused, or depends on others: it runs unless what they leave is unchanged.

    \b
    Examples:
      noxline plan
      noxline plan --only tests --python 3.12
    """
    from noxline.project import Options

    return print_plan(start, Options(**given), as_json=as_json)


@click.command()
@selection_options
@click.option("--format", "shape", type=click.Choice(["text", "mermaid", "dot"]), default="text", show_default=True)
@as_json
@click.pass_obj
def graph(start: Path, /, *, shape: str, as_json: bool, **given: Any) -> int:
    """Print the graph of tasks as text, Mermaid or Graphviz.

    \b
    Examples:
      noxline graph
      noxline graph --format dot | dot -Tsvg > graph.svg
    """
    from noxline import graph_render
    from noxline.project import Options
    from noxline.wiring import open_project

    project = open_project(start, Options(**given))
    tasks = project.graph.only(project.selection.tasks)
    if as_json:
        print_json({"schema": 1, "tasks": [{"name": t.name, "needs": list(t.needs)} for t in tasks.tasks.values()]})
        return 0
    renderers = {"text": graph_render.as_text, "mermaid": graph_render.as_mermaid, "dot": graph_render.as_dot}
    print_text(renderers[shape](tasks).rstrip("\n"))
    return 0


def print_plan(start: Path, options: Options, *, as_json: bool) -> int:
    """Print what was detected and what would run, as text or JSON."""
    from noxline.reports.outlet import tell
    from noxline.wiring import foresee, open_project

    project = open_project(start, options)
    foreseen = foresee(project, options, lambda message: tell(f"warning: {message}"))
    if as_json:
        print_json(plan_document(project, foreseen))
    else:
        print_text("\n".join(plan_lines(project, output_style(), foreseen)))
    return 0


def plan_template(project: Project) -> str:
    """Return the plan as text, with `@@task@@` in place of what would become of each task."""
    from noxline.preview import Foreseen
    from noxline.reports.style import printable

    marks = {task.name: Foreseen(decision=f"@@{task.name}@@") for task in selected_tasks(project)}
    return printable("\n".join(plan_lines(project, output_style(), marks)), sys.stdout) + "\n"


def selected_tasks(project: Project) -> list[Task]:
    """Return the selected tasks in the order of the graph."""
    return list(project.graph.only(project.selection.tasks).tasks.values())


def plan_document(project: Project, foreseen: Mapping[str, Foreseen]) -> dict[str, Any]:
    """Return the plan as plain data."""
    from noxline.settings.detect.explain import explain

    return {
        "schema": 1,
        "root": str(project.root),
        "pythons": list(project.pipeline.pythons),
        "detected": [
            {"what": what, "value": value, "origin": origin} for what, value, origin in explain(project.facts)
        ],
        "tasks": [
            {**asdict(task), "source": task.source.value, **asdict(foreseen[task.name])}
            for task in selected_tasks(project)
        ],
        "deselected": list(project.selection.deselected_stages),
        "rules": [asdict(rule) for rule in project.rules],
        "notes": list(project.pipeline.notes),
    }


def plan_lines(project: Project, style: Style, foreseen: Mapping[str, Foreseen]) -> list[str]:
    """Return the plan as lines for people."""
    from noxline.settings.detect.explain import explain

    deselected = project.selection.deselected_stages
    lines = [f"{style.paint(project.facts.name or project.root.name, 'bold')}  {project.root}"]
    for section in (
        _titled("Detected", [tuple(map(str, row)) for row in explain(project.facts)], style),
        *_task_sections(selected_tasks(project), style, foreseen),
        ["Deselected: " + ", ".join(deselected)] if deselected else [],
        [f"note: {note}" for note in project.pipeline.notes],
    ):
        lines += ["", *section] if section else []
    return lines


def _task_sections(
    tasks: Sequence[Task], style: Style, foreseen: Mapping[str, Foreseen]
) -> tuple[list[str], list[str]]:
    """Return what would become of each task, and what does not apply and why."""
    active = [(*_task_row(task), foreseen[task.name].text) for task in tasks if not task.skip]
    skipped = [(task.name, task.skip) for task in tasks if task.skip]
    first = _titled(f"Tasks ({len(active)}, in order)", active, style)
    return first, _titled("Not applicable", skipped, style) if skipped else []


def _titled(title: str, rows: Sequence[tuple[str, ...]], style: Style) -> list[str]:
    return [style.paint(title, "bold"), *_columns(rows)]


def _task_row(task: Task) -> tuple[str, ...]:
    remarks = [f"needs {', '.join(task.needs)}" if task.needs else ""]
    remarks += ["runs alone"] if task.exclusive else []
    remarks += ["only warns"] if task.warn_only else []
    remarks += [f"at most {task.timeout:g} s"] if task.timeout else []
    python = f"Python {task.python}" if task.python else ""
    return task.name, python, task.environment or "no environment", "; ".join(filter(None, remarks))


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as aligned columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
