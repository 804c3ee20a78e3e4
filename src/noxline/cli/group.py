"""The group of all commands: each is imported only when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from noxline.errors import UsageError, suggest
from noxline.version import __version__

# name: (module, attribute, short help). The order is that of the help.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "ci": ("noxline.cli.ci", "ci", "Run the whole pipeline and judge its gates."),
    "run": ("noxline.cli.ci", "run", "Run single stages or tasks, with what they need."),
    "watch": ("noxline.cli.watch", "watch", "Run what each edit touches, until Ctrl-C."),
    "plan": ("noxline.cli.plan", "plan", "Show what was detected and what would run."),
    "graph": ("noxline.cli.plan", "graph", "Print the graph of tasks."),
    "cache": ("noxline.cli.cache", "cache", "Look after the results that are kept for reuse."),
    "gate": ("noxline.cli.runs", "gate", "Judge the last run again, by the rules as they are now."),
    "explain": ("noxline.cli.explain", "explain", "Say why a task runs or is reused."),
    "runs": ("noxline.cli.runs", "runs", "List the runs that are kept."),
    "logs": ("noxline.cli.runs", "logs", "Print the newest log of a task."),
    "flaky": ("noxline.cli.flaky", "flaky", "List the flaky tests, how often they fail and since when."),
    "init": ("noxline.cli.setup", "init", "Write the noxfile, the settings and the workflow."),
    "doctor": ("noxline.cli.setup", "doctor", "Say what is missing on this machine, and how to mend it."),
    "completion": ("noxline.cli.setup", "completion", "Print the completion script of a shell."),
}


class LazyGroup(click.Group):
    """A group that knows the names and short helps of its commands without importing them."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str, str]] = COMMANDS, **options: Any) -> None:
        super().__init__(*args, **options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands, in the order of the help."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command that is called."""
        if cmd_name not in self.table:
            return None
        module, attribute, _ = self.table[cmd_name]
        command = getattr(import_module(module), attribute)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; raise UsageError with the nearest name when there is none."""
        if args and not args[0].startswith("-") and args[0] not in self.table and not ctx.resilient_parsing:
            name = " ".join((*ctx.command_path.split(" ")[1:], args[0]))
            raise UsageError(f"there is no command called {name!r}", hint=suggest(args[0], list(self.table)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the commands with their short helps."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, _, help_text) in self.table.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-C",
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Work on the project in or above this folder instead of the current one.",
)
@click.version_option(__version__, message="noxline %(version)s")
@click.pass_context
def cli(context: click.Context, directory: Path | None) -> None:
    """Run the whole CI of a Python project with one command.

    noxline finds out how the project is installed and tested, runs its stages in parallel as nox sessions, and judges
    the gates. Nothing has to be configured.

    \b
    Examples:
      noxline ci                      the whole pipeline
      noxline run tests -- -k parser  one stage, with arguments for pytest
      noxline plan                    what would run, and why
    """
    context.obj = directory if directory is not None else Path.cwd()
