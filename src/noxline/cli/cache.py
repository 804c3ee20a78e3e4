"""`noxline cache`: look after the results that are kept on this disk."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noxline.cli.console import output_style, print_json, print_text, project_root
from noxline.cli.group import LazyGroup
from noxline.cli.options import as_json
from noxline.errors import ExitCode, MachineError, UsageError

if TYPE_CHECKING:
    from noxline.cache.eviction import Removed
    from noxline.cache.ledger import Tally
    from noxline.cache.maintenance import Checked, Holding

COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "stats": ("noxline.cli.cache", "stats", "Show what the store holds, and what reuse has saved."),
    "verify": ("noxline.cli.cache", "verify", "Read everything again, and remove what is broken."),
    "prune": ("noxline.cli.cache", "prune", "Remove what was not used for long, or is too much."),
    "clear": ("noxline.cli.cache", "clear", "Remove everything."),
}


@click.group(cls=LazyGroup, table=COMMANDS, invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> int:
    """Look after the results that are kept for reuse.

    All projects and work trees of a user share one store on the disk; NOXLINE_CACHE_DIR names another place for it.
    """
    if context.invoked_subcommand is None:
        print_text(context.get_help())
    return ExitCode.PASSED


def _refusals_told(command: Callable[..., int]) -> Callable[..., int]:
    """Let a store that cannot be read or written end the command with a message."""

    @wraps(command)
    def told(*args: Any, **options: Any) -> int:
        try:
            return command(*args, **options)
        except OSError as error:
            message = f"the store of results cannot be used: {error.strerror or error}"
            hint = "NOXLINE_CACHE_DIR names another place"
            raise MachineError(message, place=str(error.filename or _place()), hint=hint) from error

    return told


@click.command()
@as_json
@click.pass_obj
@_refusals_told
def stats(start: Path, /, *, as_json: bool) -> int:
    """Show the place and size of the store, what it holds, and what reuse has saved.

    A wrong hit is one whose task ran all the same (verify_rate) and came to something else.
    """
    from noxline.cache.maintenance import holding

    held, limit = holding(_place()), _limit(start)
    if as_json:
        document = asdict(held)
        tally = document.pop("tally")
        print_json({"schema": 1, **document, "limit": limit, **tally, "wrong_rate": held.tally.wrong_rate})
    else:
        print_text(_table((*_held(held, limit), *_saved(held.tally))))
    return ExitCode.PASSED


@click.command()
@as_json
@_refusals_told
def verify(*, as_json: bool) -> int:
    """Read every stored file again; what is not as it was stored is removed and named.

    Whatever is removed is made anew by the next run that needs it.
    """
    from noxline.cache.maintenance import verify as verified

    checked = verified(_place())
    if as_json:
        print_json({"schema": 1, "place": _place(), **asdict(checked)})
    else:
        print_text("\n".join(_checked(checked)))
    return ExitCode.PASSED


@click.command()
@click.option("--size-gb", type=click.FloatRange(min=0), metavar="N", help="Leave so much (default: [cache] size_gb).")
@click.option("--older-than", metavar="TIME", help="Remove what was not used for so long: 30d, 12h.")
@as_json
@click.pass_obj
@_refusals_told
def prune(start: Path, /, *, size_gb: float | None, older_than: str | None, as_json: bool) -> int:
    """Remove the least recently used results. What was used in the last minutes stays: a run may be using it.

    \b
    Examples:
      noxline cache prune --size-gb 1
      noxline cache prune --older-than 30d
    """
    from noxline.cache.maintenance import prune as pruned
    from noxline.settings.durations import parse_duration

    seconds = None if older_than is None else parse_duration(older_than)
    removed = pruned(_place(), _limit(start) if size_gb is None else round(size_gb * 1e9), seconds)
    return _told(removed, as_json=as_json)


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Remove without asking.")
@as_json
@_refusals_told
def clear(*, yes: bool, as_json: bool) -> int:
    """Remove everything that is kept, after asking."""
    from noxline.cache.maintenance import clear_all, holding

    held = holding(_place())
    if not yes and held.size and not _agreed(held, as_json=as_json):
        print_text("nothing was removed")
        return ExitCode.PASSED
    return _told(clear_all(_place()), as_json=as_json)


def _place() -> str:
    from noxline.cache.place import default_place

    return default_place(os.environ)


def _limit(start: Path) -> int:
    """Return the size that the settings of the project here allow; outside of one, the default."""
    from noxline.settings.loader import load
    from noxline.settings.schema import CacheSettings

    try:
        root = project_root(start)
    except UsageError:
        return round(CacheSettings().size_gb * 1e9)
    return round(load(root).pipeline.cache.size_gb * 1e9)


def _agreed(held: Holding, *, as_json: bool) -> bool:
    if as_json or not sys.stdin.isatty():
        raise UsageError("nothing was removed: there is nobody to ask", hint="noxline cache clear --yes")
    return click.confirm(f"Remove {_count(held.entries, 'result')} ({_size(held.size)}) in {held.place}?")


def _told(removed: Removed, *, as_json: bool) -> int:
    if as_json:
        print_json({"schema": 1, "place": _place(), **removed._asdict()})
    else:
        print_text(f"removed {_count(removed.files, 'file')} ({_size(removed.size)}); {_size(removed.left)} left")
    return ExitCode.PASSED


def _held(held: Holding, limit: int) -> Iterable[tuple[str, str]]:
    yield "place", held.place
    yield "size", f"{_size(held.size)} of {_size(limit)}"
    yield (
        "holds",
        ", ".join((_count(held.entries, "result"), _count(held.blobs, "file"), _count(held.records, "record"))),
    )
    if held.oldest is not None and held.newest is not None:
        yield "used", f"least recently {_date(held.oldest)}, last {_date(held.newest)}"


def _saved(tally: Tally) -> Iterable[tuple[str, str]]:
    from noxline.settings.durations import format_duration

    tasks = tally.hits + tally.misses
    share = f" ({100 * tally.hits / tasks:.0f} %)" if tasks else ""
    yield "hits", f"{tally.hits:,} of {_count(tasks, 'task')}{share}, {format_duration(tally.saved_seconds)} saved"
    rate = "" if tally.wrong_rate is None else f" ({100 * tally.wrong_rate:.2f} %)"
    yield "wrong hits", f"{tally.wrong:,} of {tally.verified:,} that ran all the same{rate}"


def _checked(checked: Checked) -> Iterable[str]:
    style = output_style()
    for broken in checked.removed:
        yield f"{style.paint(style.symbol('fail'), 'red')} {broken.file}  {broken.reason}"
    counts = (_count(checked.entries, "result"), _count(checked.blobs, "file"), _count(checked.records, "record"))
    end = f"{len(checked.removed):,} broken and removed" if checked.removed else "all sound"
    yield f"{', '.join(counts)}: {end}"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<11} {value}" for name, value in rows)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(number: int) -> str:
    """Return a number of bytes for people: 1234567 as `1.2 MB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1e3:.0f} kB"


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
