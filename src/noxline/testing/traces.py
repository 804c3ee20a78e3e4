"""What a traced run of a suite leaves, and whether anything can be concluded from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from noxline.testing.blocks import Source
from noxline.testing.moves import Change, Moved

CARRIED, CARRIED_TEST = "u:", "u:t:"  # contexts of tests that did not run this time, and of what such tests share
CARRIED_CHILD = "u:p:"
CHILD = "p:"  # contexts of processes that a test started (injected/_noxline_child.py)
OWNED = ("t:", "f:", "i:", "c:", CARRIED, CHILD)
Lines = Mapping[str, frozenset[int]]
Arcs = Mapping[str, frozenset[tuple[int, int]]]


class ProcessTrace(msgspec.Struct, frozen=True):
    """What one process left: its tests with their contexts, what was read, who imported whom, what was not followed.

    `child` is the context that started it, `started` how many processes that trace themselves each context started,
    `started_by_others` how many more plug-ins of pytest did.
    `changed` are the names that held something else after tests than before, `moves` the places that were watched to
    the end.
    """

    refused: str = ""
    edges: tuple[tuple[str, str], ...] = ()
    reads: tuple[tuple[str, str, str, str, int], ...] = ()
    open: dict[str, str] = {}
    native: tuple[str, ...] = ()
    tests: dict[str, dict[str, Any]] = {}
    fixtures: dict[str, tuple[str, ...]] = {}
    reused: dict[str, int | None] = {}
    order: tuple[str, ...] = ()
    started: dict[str, int] = {}
    started_by_others: dict[str, int] = {}
    child: str = ""
    changed: dict[str, Change] = {}
    moves: tuple[Moved, ...] = ()
    sought: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """Everything that a run left. `lines` and `arcs` are by context and file, paths as seen from the root.

    `digest` tells what a file (R) or a folder (L) holds now, `events` are the tests' lines in the records.
    """

    processes: Sequence[ProcessTrace]
    lines: Mapping[str, Lines]
    arcs: Mapping[str, Arcs]
    sources: Mapping[str, tuple[str, Source]]
    digest: Callable[[str, str], str]
    events: Mapping[str, dict[str, Any]]
    environment: str
    branch: bool
    watched: Mapping[str, str]


def why_not(traced: Traced) -> str:
    """Return why nothing can be concluded from a trace; empty when it can."""
    reasons = map(_why_not_from, traced.processes)
    return next(filter(None, reasons), "") or _shared_unfollowed(traced) or _nothing_executed(traced)


def _why_not_from(process: ProcessTrace) -> str:
    """Return why nothing can be concluded from a suite one of whose processes left this; empty when it can."""
    if process.refused and not process.child:
        return process.refused
    if process.native:
        return f"compiled code belongs to the project: {process.native[0]}"
    return ""


def _shared_unfollowed(traced: Traced) -> str:
    """Return what cannot be followed of that on which all tests depend."""
    for context, why in unfollowed_contexts(traced.processes).items():
        if is_for_everyone(context):
            return f"something that all tests share {why} ({context})"
    return ""


def _nothing_executed(traced: Traced) -> str:
    tests = {name: test for process in traced.processes for name, test in process.tests.items()}
    if not tests:
        return "no test was traced"
    empty = sum(not traced.lines.get(test["units"][0]) for test in tests.values())
    return f"{empty} of {len(tests)} tests executed nothing" if empty * 2 > len(tests) else ""


def unfollowed_contexts(processes: Sequence[ProcessTrace]) -> dict[str, str]:
    """Return which contexts cannot be followed, and why."""
    # A module has one unit, and what a child covered counts apart.
    imports = [process.child for process in processes if process.child.startswith("i:")]
    unfollowed = dict.fromkeys(imports, "starts a process")
    unfollowed.update(dict.fromkeys(_with_missing_children(processes), "starts a process that left no trace"))
    for process in processes:
        unfollowed.update(process.open)
    # What could not be followed in a child could not be followed for the one who started it.
    for context in [c for c in unfollowed if c.startswith(CHILD)]:
        unfollowed.setdefault(_starter(context), unfollowed[context])
    return unfollowed


def is_for_everyone(context: str) -> bool:
    """Tell whether all tests depend on what ran in a context: the session's own, or a process that it started."""
    return not (_starter(context) if context.startswith(CHILD) else context).startswith(OWNED)


def _with_missing_children(processes: Sequence[ProcessTrace]) -> list[str]:
    """Return the contexts that started processes which left no trace."""
    expected: Counter[str] = Counter()
    for process in processes:
        expected.update(process.started)
        # Nobody can tell whose child it is that left no trace; where the project started none it is not its own.
        expected.update({c: number for c, number in process.started_by_others.items() if c in process.started})
    expected.subtract(process.child for process in processes if process.child and not process.refused)
    return [context for context, missing in expected.items() if missing > 0]


def children_of(contexts: Iterable[str]) -> dict[str, list[str]]:
    """Return the contexts of the processes that each context started."""
    children: dict[str, list[str]] = {}
    for context in sorted(contexts):
        if context.startswith(CHILD):
            children.setdefault(_starter(context), []).append(context)
    return children


def _starter(child: str) -> str:
    """Return the context that started the process of this one."""
    return child.split(":", 2)[2]
