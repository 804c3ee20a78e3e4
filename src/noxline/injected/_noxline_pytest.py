"""A pytest plugin that records each test and runs one shard; it changes no outcome and prints nothing."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import _noxline_records as records
import _noxline_starve as starve
import _noxline_trace as tracing
import pytest
from _noxline_attempt import Attempt, message
from _noxline_contexts import TracePlugin
from _noxline_fixtures import Fixtures, WorkerFixtures
from _noxline_select import Selector

_TRACE = tracing.begin()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Start to record when this is the outermost run; workers of pytest-xdist only select their shard."""
    records.disable_plugin(os.environ)
    worker = hasattr(config, "workerinput")
    if not worker and not records.wanted(os.environ):
        return
    _adjust_options(config)
    selector = Selector(records.way_down(_rootdir(config)))
    fixtures = _register_helpers(config, selector, WorkerFixtures if worker else Fixtures)
    if not worker:
        arguments = [str(argument) for argument in config.invocation_params.args]
        record = records.Recorder("pytest", pytest.__version__, _rootdir(config), arguments)
        config.pluginmanager.register(PytestRecorder(record, selector, fixtures), "noxline-recorder")


def _adjust_options(config: Any) -> None:
    # A project's own `norecursedirs` replaces pytest's, and with it the rule that hidden folders hold no tests.
    config.option.ignore = [*(config.option.ignore or []), records.state_folder()]
    if os.environ.get("NOXLINE_FAIL_FAST") and not config.getoption("maxfail", 0):
        config.option.maxfail = 1


def _register_helpers(config: Any, selector: Selector, kind: type[Fixtures]) -> Fixtures:
    """Register what workers of pytest-xdist need too; return what measures fixtures."""
    config.pluginmanager.register(selector, "noxline-selector")
    trace = None
    if _TRACE is not None and not config.getoption("numprocesses", None):  # the workers themselves, or without any
        trace = TracePlugin(_TRACE, selector)
        config.pluginmanager.register(trace, "noxline-trace")
    fixtures = kind(selector, trace)
    config.pluginmanager.register(fixtures, "noxline-fixtures")
    if starve.wanted(os.environ):
        config.pluginmanager.register(starve.Starver(), "noxline-starver")
    return fixtures


def _rootdir(config: Any) -> str:
    return str(getattr(config, "rootpath", None) or config.rootdir)


class PytestRecorder:
    """Turns pytest's reports into records; lives in the controller only."""

    def __init__(self, record: records.Recorder, selector: Selector, fixtures: Fixtures) -> None:
        self.record = record
        self.selector = selector
        self._fixtures = fixtures
        self._reports: dict[str, list[Any]] = {}  # of the tests that run
        self._seen: set[str] = set()
        self._ids: list[str] | None = None
        self._copies: dict[str, int] = {}  # how many items have an id, where they are several
        self._started: Counter[str] = Counter()  # and of these, how many started
        self._names: dict[str, str] = {}  # of the tests that run, by what pytest calls them
        self._session: Any = None
        self._parallel = False
        self._strip = False
        self._clock = records.Clock()
        self._began = 0.0

    def pytest_sessionstart(self, session: Any) -> None:
        """Keep the session: it knows the exit status in the end."""
        self._session = session
        self._strip = session.config.getoption("dist", "no") == "loadgroup"

    def pytest_collectreport(self, report: Any) -> None:
        """Record what could not be collected, and modules that are skipped as a whole, as pytest counts them."""
        if report.passed or report.nodeid in self._seen:
            return
        self._seen.add(report.nodeid)
        name = self.record.name(report.nodeid)
        if report.failed:
            self.record.write(event="collect-error", id=name, message=message(report))
        else:
            self.record.write(event="test", id=name, outcome="skipped", seconds=0.0, message=message(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: Any) -> None:
        """Record what is going to run."""
        self._write_collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        """Let the workers load the plugin too; the controller runs no tests that could inherit it."""
        records.enable_plugin(os.environ)
        if _TRACE is not None:
            _TRACE.leave_to_workers()
        self._parallel = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Record what is going to run; all workers collect the same."""
        if self._ids is None:
            self._write_collected(list(ids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker saw while it collected."""
        seen = (getattr(node, "workeroutput", None) or {}).get("noxline")
        if seen:
            self.selector.take(seen)

    def _write_collected(self, ids: list[str]) -> None:
        self._ids = ids
        self._copies = {name: number for name, number in Counter(ids).items() if number > 1}
        self.record.write(
            event="collected",
            ids=[self._plain(name) for name in ids],
            deselected=self.selector.deselected,
            total=self.selector.total,
            universe=self.selector.universe,
            files=[self.record.name(name) for name in self.selector.files],
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Name the test that starts, for the case that it takes the process down."""
        if nodeid in self._copies:
            self._started[nodeid] += 1
        self._names[nodeid] = name = self._name(nodeid)
        self._began = self._clock.now()
        self.record.begin(name)

    def _name(self, nodeid: str) -> str:
        """Return the id; of items that plug-ins collect under one id, each counts, so the later ones get a number."""
        name = self._plain(nodeid)
        if nodeid not in self._copies:
            return name
        number = min(self._started[nodeid], self._copies[nodeid])
        return f"{name}#{number}" if number > 1 else name

    def _plain(self, nodeid: str) -> str:
        """Return the id without the group that pytest-xdist adds for `--dist loadgroup`, found as it does itself."""
        if self._strip and nodeid.rfind("@") > nodeid.rfind("]"):
            nodeid = nodeid.rpartition("@")[0]
        return str(self.record.name(nodeid))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the report of one phase of a test until it is over."""
        if report.nodeid in self._reports:
            self._reports[report.nodeid].append(report)
        else:
            self._reports[report.nodeid] = [report]

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Record the test, its last attempt only."""
        reports, name = self._reports.pop(nodeid, None), self._names.pop(nodeid, "")
        if reports is None:
            return
        attempt = Attempt()
        for report in reports:
            attempt.take(report)
        fields = attempt.fields(self.record)
        if not self._parallel:
            cost = max(0.0, round(self._clock.now() - self._began, 6))
            fields.update(self._fixtures.seen(nodeid), cost=cost)
        self.record.write(event="test", id=name or self._name(nodeid), **fields)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Record the end; early, because a conftest may leave with os._exit from here."""
        for nodeid in list(self._reports):  # of a crashed worker, for example
            self.pytest_runtest_logfinish(nodeid)
        self.record.end(exitstatus)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Record the end again: plugins may have changed the exit status, and workers have reported."""
        if not self.selector.selected:  # the workers collected, or nothing did
            self._write_collected(self._ids or [])
        self.record.end(getattr(self._session, "exitstatus", 0))
        self.record.close()
        records.enable_plugin(os.environ)
