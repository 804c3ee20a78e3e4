"""What the commands share: printing JSON, choosing how a run is reported, completing names."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from noxline.errors import MachineError, UsageError

if TYPE_CHECKING:
    from noxline.ports import Reporter
    from noxline.project import Project
    from noxline.reports.plain import Verbosity
    from noxline.reports.style import Style


def print_json(document: object) -> None:
    """Print one JSON document on standard output."""
    _write(json.dumps(document, indent=2) + "\n")


def print_text(text: str) -> None:
    """Print text on standard output, whatever characters its encoding knows."""
    from noxline.reports.style import printable

    _write(printable(text, sys.stdout) + "\n")


def _write(text: str) -> None:
    """Write to standard output; a reader that left (`| head`) changes no exit code."""
    from noxline.reports.outlet import forget

    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        forget(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            raise


def output_style(stream: TextIO | None = None) -> Style:
    """Return what standard output (or another stream) can show."""
    from noxline.reports.style import style_of

    return style_of(stream or sys.stdout, os.environ)


def verbosity(*, quiet: bool, verbose: bool) -> Verbosity:
    """Return how much to print; raise UsageError when both extremes are asked for."""
    from noxline.reports.plain import Verbosity

    if quiet and verbose:
        raise UsageError("-q and -v exclude each other")
    return Verbosity(quiet=quiet, verbose=verbose, github=os.environ.get("GITHUB_ACTIONS") == "true")


def reporters(project: Project, how: Verbosity, *, as_json: bool) -> list[Reporter]:
    """Return the reporters of a run: the run directory, the HTML report, and the console.

    With JSON on standard output, people are told on standard error.
    """
    from noxline.reports.html import HtmlReport
    from noxline.reports.run_directory import RunDirectory

    kept = RunDirectory(project.root, keep_runs=project.settings.pipeline.keep_runs, commit=head_commit(project.root))
    return [kept, HtmlReport(), _console(sys.stderr if as_json else sys.stdout, how)]


def head_commit(root: Path) -> str:
    """Return the commit that is checked out; empty without git or a repository."""
    from noxline.system import process

    try:
        done = process.run(("git", "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD"))
    except MachineError:
        return ""  # no git on this machine: the verdict then stands without a commit
    return done.out.strip() if done.code == 0 else ""


def _console(stream: TextIO, how: Verbosity) -> Reporter:
    from noxline.reports.outlet import Outlet
    from noxline.reports.style import is_interactive

    style = output_style(stream)
    outlet = cast("TextIO", Outlet(stream))
    if is_interactive(stream, os.environ) and not how.quiet:
        from noxline.reports.live import LiveReport

        return LiveReport(outlet, style, how)
    from noxline.reports.plain import PlainReport

    return PlainReport(outlet, style, how)


def project_root(start: Path) -> Path:
    """Return the root of the project around a folder."""
    from noxline.settings.root import find_root

    return find_root(start)


def known_names(start: Path) -> list[str]:
    """Return the names of the stages and tasks of the last run around a folder; none when nothing ran yet."""
    from noxline.reports.run_directory import latest, read_run

    root = next((folder for folder in (start, *start.parents) if (folder / ".noxline" / "runs").is_dir()), None)
    run_id = latest(root) if root else None
    if root is None or run_id is None:
        return []
    tasks = [result.task for result in read_run(root, run_id).tasks]
    return sorted({task.stage for task in tasks} | {task.name for task in tasks})
