"""`noxline flaky`: the tests that are known to be flaky."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from noxline.cli.console import print_json, print_text, project_root
from noxline.cli.options import as_json

if TYPE_CHECKING:
    from noxline.testing.evidence import FlakyTest


@click.command()
@as_json
@click.pass_obj
def flaky(start: Path, *, as_json: bool) -> int:
    """List the flaky tests: how often they fail, since when, and what they depend on.

    \b
    Examples:
      noxline flaky
      noxline flaky --json
    """
    from noxline.flaky import evidence
    from noxline.testing.evidence import flaky_tests

    found = flaky_tests(evidence(project_root(start)))
    if as_json:
        print_json({"schema": 1, "tests": [_document(test) for test in found]})
        return 0
    for test in found:
        print_text(
            f"{test.rate:4.0%}  {test.failures} of {test.runs} runs  since {_day(test)}  {test.kind:<18}  {test.id}"
        )
        if test.polluters:
            print_text(f"      fails behind {', '.join(test.polluters)}")
    if not found:
        print_text("no flaky tests are known")
    return 0


def _day(test: FlakyTest) -> str:
    return f"{datetime.fromtimestamp(test.first, timezone.utc):%Y-%m-%d}"


def _document(test: FlakyTest) -> dict[str, object]:
    first = datetime.fromtimestamp(test.first, timezone.utc).isoformat(timespec="seconds")
    return {**asdict(test), "first": first, "rate": round(test.rate, 4)}
