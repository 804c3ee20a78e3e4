"""`noxline explain`: why a task runs or is reused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from noxline.cli.console import output_style, print_json, print_text
from noxline.cli.options import as_json, complete_task, python_option

if TYPE_CHECKING:
    from noxline.explaining import Explanation
    from noxline.reports.style import Style

_WORDS = {
    "run": "would run",
    "reuse": "would be reused",
    "depends": "depends on",
    "skip": "has nothing to do",
}


@click.command()
@click.argument("task", shell_complete=complete_task)
@click.option("--against", metavar="RUN", help="Compare with this run (`last`: the newest) instead of the last result.")
@python_option
@as_json
@click.pass_obj
def explain(start: Path, /, *, task: str, against: str | None, pythons: tuple[str, ...], as_json: bool) -> int:
    """Say why a task runs or is reused: all that differs from its last result, or from another run.

    \b
    Examples:
      noxline explain tests-3.12
      noxline explain docs --against 20260131-142530-9f3a
    """
    from noxline.project import Options
    from noxline.reports.outlet import tell
    from noxline.wiring import explain_task, open_project

    options = Options(pythons=pythons)
    project = open_project(start, options)
    told = explain_task(project, options, task, against, lambda message: tell(f"warning: {message}"))
    if as_json:
        print_json({"schema": 1, **asdict(told)})
    else:
        print_text("\n".join(explanation_lines(told, output_style())))
    return 0


def explanation_lines(told: Explanation, style: Style) -> list[str]:
    """Return an explanation as lines for people."""
    reasons = ", ".join(told.reasons) if told.decision == "depends" else "; ".join(told.reasons)
    joint = " " if told.decision == "depends" else ": "
    head = f"{style.paint(told.task, 'bold')}  {_WORDS[told.decision]}{joint if reasons else ''}{reasons}"
    if not told.against:
        return [head, "", "There is no earlier result to compare with."]
    if not told.changes:
        return [head, "", f"Nothing differs from {told.against}."]
    return [head, "", f"Since {told.against}", *(f"  {change}" for change in told.changes)]
