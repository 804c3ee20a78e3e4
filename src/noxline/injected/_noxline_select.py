"""What of the collected tests runs, and in which order: one shard, named tests only, those that failed before first."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import _noxline_records as records
import _noxline_shards as shards
import pytest
from _noxline_inside import address
from _noxline_order import failed_first
from _noxline_split import digest

_NAME = attrgetter("name")


class Selector:
    """Sees all collected items and leaves those that are to run."""

    def __init__(self, base: str) -> None:
        self.files: dict[str, None] = {}
        self.total = 0
        self.universe = ""
        self.selected: list[str] = []
        self.deselected = 0
        self.reused: dict[str, int | None] = {}
        self.order: list[str] = []
        self._base = base
        self.grouped = False  # some test is in a group
        # By the address of an item what pytest calls it, its name and its group: texts alone, for garbage collection.
        self._known: dict[int, tuple[str, str, str]] = {}
        self._above: dict[int, tuple[Any, bool]] = {}  # by the address of a collector: whether it is in a group
        self._items: dict[str, Any] = {}
        self._session: Any = None

    def pytest_collectreport(self, report: Any) -> None:
        """Note the files of items before anything can deselect them; most lie in that of their collector."""
        of_file = report.nodeid.partition("::")[0] + "::"
        for node in report.result:
            if isinstance(node, pytest.Item):
                self.files[of_file[:-2] if node.nodeid.startswith(of_file) else node.nodeid.partition("::")[0]] = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Deselect what belongs to the other shards, or is not asked for; put what failed before first."""
        self.total = len(items)
        names = [self.name(item) for item in items]
        self.universe = digest(names)
        wanted = self._wanted(names, items)
        others = [item for item, name in zip(items, names) if name not in wanted]
        kept = [item for item, name in zip(items, names) if name in wanted]
        if os.environ.get("NOXLINE_ONLY"):
            items[:] = sorted(kept, key=lambda item: wanted[self.name(item)])
        else:
            items[:] = failed_first(kept, lambda item: wanted[self.name(item)] == 0) if 0 in wanted.values() else kept
        if others:
            self.deselected -= len(others)
            config.hook.pytest_deselected(items=others)

    def _wanted(self, names: list[str], items: list[Any]) -> dict[str, int]:
        """Return the tests that are to run, with their rank."""
        if os.environ.get("NOXLINE_ONLY"):
            return {name: rank for rank, name in enumerate(_listed("NOXLINE_ONLY"))}
        mine = shards.mine(names, self._groups(names, items), os.environ)
        self.order = [name for name in names if name in mine]
        known = mine.intersection(_listed("NOXLINE_REUSE"))
        self.reused = {name: _line(item) for name, item in zip(names, items) if name in known}
        return _ranked(name for name in mine if name not in self.reused)

    def _groups(self, names: list[str], items: list[Any]) -> dict[str, str]:
        """Return the groups of items that must stay together, by the items' names."""
        if not self.grouped:
            return {}
        groups = {name: self.group(item) for name, item in zip(names, items)}
        return {name: group for name, group in groups.items() if group}

    def name(self, item: Any) -> str:
        """Return the id of an item; pytest-xdist may have added the item's group to it."""
        return self._of(item)[0]

    def group(self, item: Any) -> str:
        """Return the name of the item's xdist_group, or nothing."""
        return self._of(item)[1]

    def item(self, nodeid: str) -> Any:
        """Return an item of those that run by its id; of several the last."""
        if not self._items and self._session is not None:
            self._items = {item.nodeid: item for item in self._session.items}
        return self._items.get(nodeid)

    def _of(self, item: Any) -> tuple[str, str]:
        given, found = item.nodeid, self._known.get(address(item))
        if found is None or found[0] != given:
            nodeid, group = given, group_of(item) if self._is_in_group(item) else ""
            if group and nodeid.endswith(f"@{group}"):
                nodeid = nodeid[: -len(group) - 1]
            found = self._known[address(item)] = (given, str(records.from_root(self._base, nodeid)), group)
            self.grouped = self.grouped or bool(group)
        return found[1:]

    def _is_in_group(self, node: Any) -> bool:
        """Tell whether something that an item belongs to, or it itself, has a mark of a group."""
        if "xdist_group" in map(_NAME, node.own_markers):
            return True
        parent = node.parent
        if parent is None:
            return False
        known = self._above.get(address(parent))
        if known is None or known[0] is not parent:
            known = self._above[address(parent)] = (parent, self._is_in_group(parent))
        return known[1]

    def pytest_deselected(self, items: list[Any]) -> None:
        """Count what others deselected; the shard's own part is taken off above."""
        self.deselected += len(items)

    def pytest_collection_finish(self, session: Any) -> None:
        """Keep the ids that are going to run; where a file cannot be collected none would, and so none is reused."""
        self._session = session
        self.selected = [item.nodeid for item in session.items]
        kept = {address(item): self._known.get(address(item)) for item in session.items}
        self._known = {at: known for at, known in kept.items() if known is not None}
        if session.testsfailed and not session.config.getoption("continue_on_collection_errors", False):
            self.reused = {}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: Any) -> None:
        """Hand what a worker saw to its controller; let an empty shard of a suite that has tests pass."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["noxline"] = self.seen()
        elif (
            (shards.requested(os.environ) or self.reused)
            and self.total
            and not self.selected
            and session.exitstatus == 5
        ):
            session.exitstatus = 0

    def seen(self) -> dict[str, Any]:
        """Return what a worker tells its controller."""
        return {
            "files": list(self.files),
            "total": self.total,
            "universe": self.universe,
            "deselected": self.deselected,
        }

    def take(self, seen: dict[str, Any]) -> None:
        """Take over what a worker saw."""
        self.files = dict.fromkeys(seen["files"])
        self.total, self.universe, self.deselected = seen["total"], seen["universe"], seen["deselected"]


def _ranked(names: Iterable[str]) -> dict[str, int]:
    """Return the rank of each test: those to run first, then by the order of files that is asked for, then the rest."""
    first = frozenset(_listed("NOXLINE_FIRST"))
    order = {file: rank for rank, file in enumerate(_listed("NOXLINE_ORDER"), 1)}
    return {name: 0 if name in first else order.get(name.partition("::")[0], len(order) + 1) for name in names}


def _listed(variable: str) -> list[str]:
    """Return the names in the JSON file that a variable names; without a readable one, none."""
    path = os.environ.get(variable, "")
    if not path:
        return []
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError):
        return []
    return [str(name) for name in content] if isinstance(content, list) else []


def _line(item: Any) -> int | None:
    """Return the line, counted from 1, on which a test stands; None where that is not known."""
    return item.location[1] + 1 if isinstance(item.location[1], int) else None


def group_of(item: Any) -> str:
    """Return the name of the item's xdist_group, or nothing; several are joined as pytest-xdist does it."""
    marks = item.iter_markers("xdist_group")
    return "_".join(sorted({str(mark.args[0] if mark.args else mark.kwargs.get("name", "default")) for mark in marks}))
