"""The half of `impact_parts.py` that pytest loads: it takes parts of noxline's plug-in out and puts them back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

_TESTS = 50  # that run with, or without, a part
_HOOKS = ("pytest_runtest_protocol", "pytest_runtest_logreport", "pytest_fixture_setup")


def _nothing(*_given: object, **_named: object) -> None:
    """Stand for a part that is left out."""


class Parts:
    """Noxline's plug-ins, whole or in parts."""

    def __init__(self, config: Any) -> None:
        find = config.pluginmanager.get_plugin
        self._protocol, self._trace = find("noxline-protocol"), find("noxline-trace")
        self._recorder = find("noxline-recorder")
        self._begins, self._ends = self._protocol._begins, self._protocol._ends
        self._places = [getattr(config.hook, name)._hookimpls for name in _HOOKS]
        self._hooks = [list(place) for place in self._places]

    def whole(self) -> None:
        """Put everything back."""
        self._protocol._begins, self._protocol._ends = self._begins, self._ends
        for thing in (self._trace._watch, self._trace._state, self._trace._trace._lines):
            vars(thing).pop("after_test", None)
            vars(thing).pop("take", None)
        for place, hooks in zip(self._places, self._hooks, strict=True):
            place[:] = hooks
        self._recorder._reports.clear()  # of tests that nobody recorded
        self._recorder._left.clear()

    def all(self) -> None:
        """Leave everything out that is done for each test."""
        for place, hooks in zip(self._places, self._hooks, strict=True):
            place[:] = [hook for hook in hooks if not hook.plugin_name.startswith("noxline-")]

    def trace(self) -> None:
        """Leave out what is done to know what a test depends on."""
        self._protocol._begins, self._protocol._ends = self._begins[1:], self._ends[:-1]

    def record(self) -> None:
        """Leave out the line of each test."""
        self._protocol._begins, self._protocol._ends = self._begins[:1], self._ends[-1:]

    def looks(self) -> None:
        """Leave out the looks at what tests leave behind."""
        self._trace._watch.after_test = self._trace._state.after_test = _nothing

    def lines(self) -> None:
        """Leave the lines where coverage keeps them."""
        self._trace._trace._lines.take = _nothing


PARTS: Mapping[str, Callable[[Parts], None]] = {
    "all": Parts.all,
    "trace": Parts.trace,
    "record": Parts.record,
    "looks": Parts.looks,
    "lines": Parts.lines,
}
_WHOLE = ""
_measured: dict[str, list[float]] = {}
_parts: list[Parts] = []
_count = [0]
_since = [0.0]


def _turns() -> list[str]:
    return [_WHOLE, *os.environ["PARTS"].split()]


def pytest_collection_finish(session: Any) -> None:
    """Find the plug-ins."""
    _parts.append(Parts(session.config))


def pytest_runtest_logstart() -> None:
    """Take the time of the tests since the last change, and change."""
    turn, rest = divmod(_count[0], _TESTS)
    _count[0] += 1
    if rest:
        return
    turns, now = _turns(), time.perf_counter()
    if turn:
        _measured.setdefault(turns[(turn - 1) % len(turns)], []).append((now - _since[0]) / _TESTS)
    _parts[0].whole()
    name = turns[turn % len(turns)]
    if name != _WHOLE:
        PARTS[name](_parts[0])
    _since[0] = time.perf_counter()


def pytest_sessionfinish() -> None:
    """Put everything back, and write what was found."""
    _parts[0].whole()
    if len(_measured) < len(_turns()):
        return
    whole = median(_measured[_WHOLE])
    found: dict[str, object] = {"microseconds": round(whole * 1e6, 1), "tests": _count[0]}
    for name in _turns()[1:]:
        without = median(_measured[name])
        found[f"without {name}"] = round(without * 1e6, 1), f"{100 * (whole / without - 1):.1f} % more with it"
    Path(os.environ["PARTS_FOUND"]).write_text(json.dumps(found), encoding="utf-8")
