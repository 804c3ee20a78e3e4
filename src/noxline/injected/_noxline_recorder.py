"""Turn pytest's reports into records."""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections import Counter
from json.encoder import encode_basestring_ascii
from typing import Any

import _noxline_records as records
import pytest
from _noxline_attempt import Attempt, durations, is_over, message
from _noxline_fixtures import Fixtures
from _noxline_select import Selector

# What most tests leave; the seconds of its phases and what it took all in all.
_PASSED = (
    '{"event": "test", "id": %s, "outcome": "passed", "seconds": %.6f, "file": %s, "line": %s, '
    '"phases": {"setup": %.6f, "call": %.6f, "teardown": %.6f}, "cost": %.6f}'
)


class PytestRecorder:
    """Writes down what is collected, and how each test of this process comes out."""

    def __init__(self, record: records.Recorder, selector: Selector, fixtures: Fixtures) -> None:
        self.record = record
        self.selector = selector
        self._reports: list[Any] = []  # since the last test was over
        self._left: dict[str, list[Any]] = {}  # those of tests that are not over
        self._lock = allocate_lock()  # tests may run in threads
        self._fixtures = fixtures
        self._seen: set[str] = set()
        self._ids: list[str] | None = None
        self._numbers: Counter[str] = Counter()  # how many items have an id
        self._copies: dict[str, int] = {}  # the same, where they are several
        self._started: Counter[str] = Counter()  # and of these, how many started
        self._session: Any = None
        self._strip = False
        self._clock = records.Clock()
        # Of the tests that run, by what pytest calls them: what they are called, the same in JSON, when they began.
        self._running: dict[str, tuple[str, str, float]] = {}
        self._apart = False  # whoever runs the tests tells of them in another way
        self._file: Any = None  # of the last test, and what it is called in the project
        self._encoded_file = ""

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
        """Record what is going to run, and see who runs it."""
        self.write_collected([item.nodeid for item in session.items])
        config = session.config
        if not self._apart and _has_own_loop(config.hook.pytest_runtestloop):
            self.hear_of_tests(config.pluginmanager)

    def write_collected(self, ids: list[str]) -> None:
        """Record what is going to run, by the names that pytest gives."""
        self._ids = ids
        self._numbers = Counter(ids)
        self._copies = {name: number for name, number in self._numbers.items() if number > 1}
        self.record.write(
            event="collected",
            ids=[self._plain(name) for name in ids],
            deselected=self.selector.deselected,
            total=self.selector.total,
            universe=self.selector.universe,
            files=[self.record.name(name) for name in self.selector.files],
        )

    def begin(self, item: Any) -> None:
        """Name the test that starts, for the case that it takes the process down."""
        if self._apart:
            return
        nodeid = item.nodeid
        name = self.start(nodeid)
        encoded = encode_basestring_ascii(name)
        self.record.begin(encoded)
        self._running[nodeid] = name, encoded, self._clock.begin()

    def start(self, nodeid: str) -> str:
        """Take notice that a test starts; return its id."""
        if nodeid in self._copies:
            self._started[nodeid] += 1
        return self.name(nodeid)

    def name(self, nodeid: str) -> str:
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
        with self._lock:
            self._left.setdefault(report.nodeid, []).append(report)

    def hear_of_reports(self, hook: Any) -> None:
        """Let a list itself hear of reports, three for each test, as long as one test runs after the other.

        It costs less than a method that appends; whose they are is seen when the test is over.
        """
        for heard in hook.get_hookimpls():
            if heard.plugin is self:
                heard.function = self.pytest_runtest_logreport if self._apart else self._reports.append

    def take_reports(self, nodeid: str) -> list[Any]:
        """Return the reports of one test, and forget them."""
        with self._lock:
            taken = self._reports[:]
            del self._reports[: len(taken)]  # there may be more by now
            if not self._left and {report.nodeid for report in taken} == {nodeid}:
                return taken
            for report in taken:
                self._left.setdefault(self._whose(report, nodeid), []).append(report)
            return self._left.pop(nodeid, [])

    def _whose(self, report: Any, nodeid: str) -> str:
        """Return the test that a report is of: the one that ran, where a plug-in has given it a name of its own."""
        given = str(report.nodeid)
        return nodeid if len(self._running) == 1 and given not in self._numbers else given

    def put_back(self, nodeid: str, reports: list[Any]) -> None:
        """Keep the reports of a test that turned out not to be over."""
        with self._lock:
            self._left[nodeid] = [*reports, *self._left.get(nodeid, ())]

    def end(self, item: Any, nextitem: Any) -> None:
        """Record the test that ran."""
        nodeid = item.nodeid
        phases = [] if self._apart else self.take_reports(nodeid)
        if not phases:
            return
        known = self._running.pop(nodeid, None)
        if known is None:  # a test changed what it is called
            self.write(self.name(nodeid), phases)
            return
        name, encoded, began = known
        cost, seen = self._clock.since(began), self._fixtures.seen(item)
        seconds = None if seen else durations(phases)
        if seconds is None:
            self.write(name, phases, cost=round(cost, 6), **seen)
            return
        file, line = phases[-1].location[:2]
        self.record.hold(_PASSED % (encoded, sum(seconds), self._file_of(file), _line(line), *seconds, cost))
        if nextitem is None or item.session.shouldstop or item.session.shouldfail:
            self.record.flush()  # there may be no next line

    def _file_of(self, file: Any) -> str:
        if file is not self._file:  # reports of a file hold the same object
            self._file, self._encoded_file = file, encode_basestring_ascii(self.record.name(file))
        return self._encoded_file

    def write(self, name: str, reports: list[Any], **more: Any) -> None:
        """Record a test, its last attempt only."""
        attempt = Attempt()
        for report in reports:
            attempt.take(report)
        self.record.write(event="test", id=name, **attempt.fields(self.record), **more)

    def hear_of_tests(self, plugins: Any) -> None:
        """Hear of tests by `logstart` and `logfinish`: they run elsewhere, several at a time, or without a protocol."""
        self._apart = True
        self.hear_of_reports(plugins.hook.pytest_runtest_logreport)
        plugins.register(Reported(self), "noxline-reported")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Record the end; early, because a conftest may leave with os._exit from here."""
        self.take_reports("")
        for nodeid, reports in self._left.items():  # of a crashed worker, for example
            if is_over(reports):
                self.write(self.name(nodeid), reports)
        self._left = {}
        self.record.end(exitstatus)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Record the end again: plugins may have changed the exit status, and workers have reported."""
        if not self.selector.selected:  # the workers collected, or nothing did
            self.write_collected(self._ids or [])
        self.record.end(getattr(self._session, "exitstatus", 0))
        self.record.close()
        records.enable_plugin(os.environ)


class Reported:
    """Hears of tests that are not run here one after the other: those of workers of pytest-xdist, above all."""

    def __init__(self, recorder: PytestRecorder) -> None:
        self._recorder = recorder
        self._names: dict[str, str] = {}  # of the tests that run, by what pytest calls them
        self._collected = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Record what is going to run; all workers collect the same."""
        if not self._collected:
            self._collected = True
            self._recorder.write_collected(list(ids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker saw while it collected."""
        seen = (getattr(node, "workeroutput", None) or {}).get("noxline")
        if seen:
            self._recorder.selector.take(seen)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Name the test that starts."""
        if nodeid not in self._names:  # another attempt is no other test
            self._names[nodeid] = name = self._recorder.start(nodeid)
            self._recorder.record.begin(encode_basestring_ascii(name))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Record the test."""
        reports = self._recorder.take_reports(nodeid)
        if reports and is_over(reports):
            name = self._names.pop(nodeid, "") or self._recorder.name(nodeid)
            self._recorder.write(name, reports)
        elif reports:  # of no reports nothing is kept: a test without any did not pass
            self._recorder.put_back(nodeid, reports)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Record those that a crashed worker left."""
        for nodeid in list(self._names):
            self.pytest_runtest_logfinish(nodeid)


def _has_own_loop(hook: Any) -> bool:
    """Tell whether somebody else than pytest itself runs the tests."""
    loops = (impl for impl in hook.get_hookimpls() if not impl.hookwrapper and not getattr(impl, "wrapper", False))
    return any(getattr(impl.plugin, "__name__", "") != "_pytest.main" for impl in loops)


def _line(line: Any) -> str:
    """Return the line of a location, which counts from 0, as JSON."""
    return str(line + 1) if isinstance(line, int) else "null"
