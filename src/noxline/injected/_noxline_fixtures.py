"""Measure what shared fixtures cost, where the tests run; what is seen travels with the reports."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import _noxline_records as records
import pytest
from _noxline_around import AROUND
from _noxline_select import Selector

_Hook = TypeVar("_Hook")
_around: Callable[[_Hook], _Hook] = pytest.hookimpl(**AROUND, tryfirst=True)
_LEAST_SECONDS = 0.001  # a shared fixture that takes less is no reason to keep tests together


class Fixtures:
    """Measures fixtures of a wider scope than a test, and tells the trace of them."""

    def __init__(self, selector: Selector, trace: Any = None) -> None:
        from _pytest.scope import Scope

        self._of_a_test = Scope.Function  # to ask a fixture for its scope's name takes longer than many a fixture
        self._selector = selector
        self._trace = trace
        self._clock = records.Clock()
        self._costs: dict[str, float] = {}
        self._current: dict[str, float] = {}

    @_around
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Any:
        """Measure how long a shared fixture takes to set up, and trace it; of a test's own fixtures nothing is kept."""
        if getattr(fixturedef, "_scope", None) is self._of_a_test or fixturedef.scope == "function":
            return (yield)
        context = self._trace.begin_fixture(fixturedef, request.config.pluginmanager) if self._trace is not None else ""
        began = self._clock.now()
        try:
            return (yield)
        finally:
            seconds = round(self._clock.now() - began, 6)
            key = self._key(request._pyfuncitem, fixturedef)
            if key and seconds >= _LEAST_SECONDS:
                self._costs[key] = self._current[key] = seconds
            if self._trace is not None:
                self._trace.end_fixture(fixturedef, context)

    def seen(self, item: Any) -> dict[str, Any]:
        """Return what is known of the fixtures of a test, those set up meanwhile as its own; nothing for most."""
        if item is None or (not self._costs and not self._selector.grouped):
            return {}
        seen = {"shared": self._current, "uses": self._uses(item), "group": self._selector.group(item)}
        self._current = {}
        return {name: value for name, value in seen.items() if value}

    def _uses(self, item: Any) -> list[str]:
        found = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
        keys = {self._key(item, definitions[-1]) for definitions in found.values() if definitions}
        return sorted(key for key in keys if key in self._costs)

    def _key(self, item: Any, fixturedef: Any) -> str:
        """Return a name for the fixture's instance that this item gets; nothing for one that is the item's alone."""
        scope = str(fixturedef.scope)
        if scope == "function":
            return ""
        file, owner = self._selector.name(item).partition("::")[0], item.getparent(pytest.Class)
        if scope == "class" and owner is None:
            return ""
        in_class = f"{file}::{owner.name}" if owner else ""
        place = {"session": "", "package": os.path.dirname(file), "class": in_class}.get(scope, file)
        index = getattr(getattr(item, "callspec", None), "indices", {}).get(fixturedef.argname)
        return f"{scope}:{place}:{fixturedef.argname}" + ("" if index is None else f"[{index}]")


class WorkerFixtures(Fixtures):
    """The same in a worker of pytest-xdist: attributes of a report reach the controller."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Attach what is known of the item's fixtures to its report."""
        if report.when == "setup":
            report.noxline = self.seen(self._selector.item(report.nodeid))
