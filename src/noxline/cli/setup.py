"""`noxline init`, `noxline doctor` and `noxline completion`: get a project, a machine and a shell ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from noxline.cli.console import output_style, print_json, print_text, project_root
from noxline.cli.options import as_json
from noxline.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from noxline.reports.style import Style
    from noxline.settings.facts import ProjectFacts
    from noxline.settings.health import Check
    from noxline.settings.planned import PlannedFile

_DOCTOR_MARKS = {"ok": ("pass", "green"), "missing": ("fail", "red"), "note": ("warn", "yellow")}


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Write without asking.")
@as_json
@click.pass_obj
def init(start: Path, /, *, yes: bool, as_json: bool) -> int:
    """Write a noxfile, config/, Makefile targets and a workflow: the diff first, and only what is missing.

    \b
    Examples:
      noxline init          shows the diff and asks
      noxline init --yes    writes without asking
    """
    from noxline.settings.planned import write

    files = _planned(project_root(start))
    changing = [file for file in files if file.changes]
    if as_json:
        written = write(changing) if yes else ()
        print_json({"schema": 1, "files": [_file_row(file) for file in files], "written": list(written)})
        return ExitCode.PASSED
    print_text("\n".join(_init_lines(files, output_style())))
    if changing and (yes or _agreed(len(changing))):
        print_text("wrote " + ", ".join(write(changing)))
    return ExitCode.PASSED


def _planned(root: Path) -> tuple[PlannedFile, ...]:
    from noxline.settings.detect.project import detect
    from noxline.settings.loader import load
    from noxline.settings.scaffold import plan_files

    return plan_files(root, detect(root), load(root))


def _file_row(file: PlannedFile) -> dict[str, object]:
    return {"name": file.name, "changes": file.changes, "note": file.note, "diff": file.diff}


def _init_lines(files: Sequence[PlannedFile], style: Style) -> list[str]:
    """Return the diff of each file that would change, and why the others are left alone."""
    if not files:
        return ["nothing to do: everything that noxline init writes is there"]
    lines: list[str] = []
    for file in files:
        note = f"  ({file.note})" if file.note else ""
        lines.append(style.paint(file.name, "bold") + note + ("" if file.changes else "  left as it is"))
        lines += [_diff_line(line, style) for line in file.diff.splitlines()]
    return lines


def _diff_line(line: str, style: Style) -> str:
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return style.paint(line, colour) if colour else line


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nothing was written: there is no terminal to ask on", hint="noxline init --yes")
    return click.confirm(f"Write {count} file{'s' if count > 1 else ''}?", default=True)


@click.command()
@as_json
@click.pass_obj
def doctor(start: Path, /, *, as_json: bool) -> int:
    """Say what is missing on this machine, and the command that mends it; exit code 2 when something is."""
    found = _checks(_facts(start))
    if as_json:
        print_json({"schema": 1, "checks": [asdict(check) for check in found]})
    else:
        print_text("\n".join(_doctor_lines(found, output_style())))
    return ExitCode.USAGE if any(check.status == "missing" for check in found) else ExitCode.PASSED


def _facts(start: Path) -> ProjectFacts | None:
    """Return what is detected of the project around a folder; None where there is none."""
    from noxline.settings.detect.project import detect

    try:
        root = project_root(start)
    except UsageError:
        return None  # the machine alone can be looked at
    return detect(root)


def _checks(facts: ProjectFacts | None) -> Sequence[Check]:
    from noxline.nox_bridge.interpreters import find_interpreters
    from noxline.settings.health import checks
    from noxline.settings.machine import MachineProbe

    probe = MachineProbe(find_interpreters=lambda: [found.version for found in find_interpreters(os.environ, None)])
    return checks(facts, probe)


def _doctor_lines(found: Sequence[Check], style: Style) -> list[str]:
    width = max(len(check.name) for check in found)
    lines: list[str] = []
    for check in found:
        symbol, colour = _DOCTOR_MARKS[check.status]
        lines.append(f"{style.paint(style.symbol(symbol), colour)} {check.name:<{width}}  {check.detail}")
        lines += [f"  {'':<{width}}  mend: {check.fix}"] if check.fix and check.status != "ok" else []
    return lines


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, /, *, shell: str) -> int:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(noxline completion bash)"
      noxline completion fish > ~/.config/fish/completions/noxline.fish
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:
        raise UsageError(f"click knows no completion for {shell!r}")
    print_text(script(context.find_root().command, {}, "noxline", "_NOXLINE_COMPLETE").source())
    return ExitCode.PASSED
