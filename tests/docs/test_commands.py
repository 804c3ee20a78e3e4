"""Every command line of noxline's that a page shows can be given as it stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from noxline.cli.group import cli
from noxline.errors import UsageError
from tests.docs.pages import PAGES, blocks, inline_code, name

_COMMAND = re.compile(r"(?:\$ )?(?:uvx (?:--from \S+ )?|pipx run |(?:make ci NOXLINE=)?)noxline(?P<arguments> .*)?$")
_CONSOLE = ("console", "yaml")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
# Shell around a command: what it is piped or written to.
_SHELL = re.compile(r"\s(?:\||>|&&)\s.*$")
_REMARK = re.compile(r"\s+#.*$")


def lines(page: Path) -> Iterator[str]:
    for block in blocks(page):
        if block.language in _CONSOLE:
            yield from (line.strip().removeprefix("- ").removeprefix("run: ") for line in block.text.splitlines())
    yield from inline_code(page)


def commands(page: Path) -> list[str]:
    found = (_COMMAND.fullmatch(_REMARK.sub("", line.strip())) for line in lines(page))
    return [_SHELL.sub("", match["arguments"] or "").strip() for match in found if match]


def parse(arguments: list[str]) -> None:
    """Parse the arguments of a command without running it; raise an error as the command itself would."""
    _parse(cli, click.Context(cli, info_name="noxline"), arguments)


def _parse(group: click.Group, context: click.Context, arguments: list[str]) -> None:
    command = group.get_command(context, arguments[0])
    if command is None:
        raise UsageError(f"there is no command {arguments[0]}")
    if isinstance(command, click.Group) and arguments[1:]:
        _parse(command, click.Context(command, info_name=arguments[0], parent=context), arguments[1:])
    else:
        command.make_context(arguments[0], arguments[1:], parent=context)


SHOWN = [
    pytest.param(command, id=f"{name(page)}: {command}")
    for page in PAGES
    for command in dict.fromkeys(commands(page))
    if command and command != "--version"
]


@pytest.mark.parametrize("command", SHOWN)
def test_parses(command: str) -> None:
    parse(shlex.split(_EXPRESSION.sub("3.12", command)))


def test_enough_was_found() -> None:
    shown = {str(param.values[0]) for param in SHOWN}
    assert {"ci", "plan", "gate", "run --failed", "init --yes"} <= shown
    assert len(SHOWN) > 40


@pytest.mark.parametrize(
    "wrong",
    [
        ["frobnicate"],
        ["ci", "--frobnicate"],
        ["logs"],
        ["graph", "--format", "png"],
        ["cache", "statz"],
        ["cache", "prune", "--all"],
    ],
)
def test_a_wrong_command_line_is_refused(wrong: list[str]) -> None:
    with pytest.raises((click.UsageError, UsageError)):
        parse(wrong)
