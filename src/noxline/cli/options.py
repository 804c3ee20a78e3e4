"""The options that several commands share, and how their values are split and completed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from noxline.cli.console import known_names

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else on stdout.")


def complete_task(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of stages and tasks from the last run, without asking nox."""
    given = context.find_root().params.get("directory")
    return [name for name in known_names(Path(given) if given else Path.cwd()) if name.startswith(incomplete)]


def split_names(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split each value at its commas; those between parentheses belong to a session's name."""
    names: list[str] = []
    for value in values:
        depth, name = 0, ""
        for character in value:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "," and depth == 0:
                names.append(name)
                name = ""
            else:
                name += character
        names.append(name)
    return tuple(name.strip() for name in names if name.strip())


python_option = click.option("--python", "pythons", multiple=True, metavar="X.Y", help="Only this Python (repeatable).")


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that narrow what runs."""
    named: dict[str, Any] = {
        "multiple": True,
        "callback": split_names,
        "shell_complete": complete_task,
        "metavar": "STAGE,...",
    }
    for decorate in (
        click.option("--skip", help="Leave these stages out.", **named),
        click.option("--only", help="Run only these stages, with what they need.", **named),
        python_option,
    ):
        command = decorate(command)
    return command


def reuse_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which earlier results count."""
    named: dict[str, Any] = {
        "multiple": True,
        "callback": split_names,
        "shell_complete": complete_task,
        "metavar": "STAGE,...",
    }
    for decorate in (
        click.option("--all-tests", is_flag=True, help="Run all tests, whatever is stored of them."),
        click.option("--refresh", is_flag=True, help="Resolve distributions again, however young their sets are."),
        click.option("--offline", is_flag=True, help="Leave the remote store alone."),
        click.option("--force", help="Run these stages whatever is known of them.", **named),
        click.option("--no-cache", is_flag=True, help="Neither take nor keep results."),
    ):
        command = decorate(command)
    return command


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to run and what to print."""
    for decorate in (
        click.option("-q", "--quiet", is_flag=True, help="Print only failures and the last line."),
        click.option("-v", "--verbose", is_flag=True, help="Print the whole log of each task when it ends."),
        as_json,
        click.option("--check-inputs", is_flag=True, help="Report what tasks use that their stages do not declare."),
        click.option("--fail-fast", is_flag=True, help="Stop at the first failure."),
        click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="CPUs to use (default: all)."),
    ):
        command = decorate(command)
    return command
