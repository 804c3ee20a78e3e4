"""`noxline runs`, `noxline logs` and `noxline gate`: look at earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from noxline.cli.console import known_names, output_style, print_json, print_text, project_root
from noxline.cli.options import as_json, complete_task
from noxline.errors import UsageError, suggest


@click.command()
@as_json
@click.pass_obj
def runs(start: Path, *, as_json: bool) -> int:
    """List the runs that are kept, the newest first."""
    from noxline.reports.run_directory import runs as kept_runs

    kept = kept_runs(project_root(start))
    if as_json:
        print_json({"schema": 1, "runs": [asdict(summary) for summary in kept]})
        return 0
    for summary in kept:
        seconds = f"{summary.seconds:9.1f} s" if summary.seconds is not None else " " * 11
        print_text(f"{summary.run_id}  {summary.status:<12}  {seconds}  {_counts(summary.tasks)}".rstrip())
    if not kept:
        print_text("no runs yet; start with: noxline ci")
    return 0


def _counts(tasks: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(tasks.items()))


@click.command()
@click.argument("task", shell_complete=complete_task)
@click.option("--run", "run_id", metavar="ID", help="The run to look in (default: the newest that has the log).")
@as_json
@click.pass_obj
def logs(start: Path, *, task: str, run_id: str | None, as_json: bool) -> int:
    """Print the newest log of a task.

    \b
    Examples:
      noxline logs tests-3.12
      noxline logs lint --run 20260131-142530-9f3a
    """
    root = project_root(start)
    path = find_log(root, task, run_id)
    text = path.read_text(encoding="utf-8", errors="replace")
    if as_json:
        found = path.parents[2].name
        print_json({"schema": 1, "run_id": found, "task": task, "path": str(path), "lines": text.splitlines()})
    else:
        print_text(text.rstrip("\n"))
    return 0


def find_log(root: Path, task: str, run_id: str | None) -> Path:
    """Return the newest log of a task; a run that was cut off counts too. Raise UsageError when there is none."""
    from noxline.reports.run_directory import runs as kept_runs
    from noxline.system.files import task_folder

    ids = [summary.run_id for summary in kept_runs(root)]
    if run_id is not None and run_id not in ids:
        raise UsageError(f"there is no run called {run_id!r}", hint=suggest(run_id, ids) or "noxline runs")
    for candidate in ids if run_id is None else [run_id]:
        path = root / ".noxline" / "runs" / candidate / "tasks" / task_folder(task) / "log.txt"
        if path.is_file():
            return path
    raise _no_log(root, task, run_id)


def _no_log(root: Path, task: str, run_id: str | None) -> UsageError:
    where = f"run {run_id} has" if run_id else "the runs that are kept have"
    hint = suggest(task, known_names(root)) or "noxline runs"
    return UsageError(f"{where} no log of a task called {task!r}", hint=hint)


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@as_json
@click.pass_obj
def gate(start: Path, *, run_id: str | None, as_json: bool) -> int:
    """Judge the last run (or RUN) again, by the rules as they are now; its files stay as they are."""
    from noxline.reports.gate_table import gate_lines
    from noxline.reports.run_json import verdict_document
    from noxline.reports.summary import last_line
    from noxline.wiring import judge_again

    run = judge_again(project_root(start), run_id)
    if as_json:
        print_json(verdict_document(run))
        return run.exit_code
    style = output_style()
    lines = gate_lines(run.verdicts, style) or ["no rule applies to this run"]
    print_text("\n".join([f"run {run.run_id}", *lines, "", last_line(run, style)]))
    return run.exit_code
