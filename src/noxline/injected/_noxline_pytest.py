"""A pytest plugin that records each test and runs one shard; it changes no outcome and prints nothing."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import _noxline_records as records
import _noxline_shards as shards
import pytest

_RANK = ("passed", "skipped", "failed", "error")  # the worst of a test's phases is its outcome
_FINAL = frozenset({"passed", "failed", "skipped"})  # others ("rerun", "retried") announce another attempt


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Start to record when this is the outermost run; workers of pytest-xdist only select their shard."""
    records.disable_plugin(os.environ)
    worker = hasattr(config, "workerinput")
    if not worker and not records.wanted(os.environ):
        return
    # A project's own `norecursedirs` replaces pytest's, and with it the rule that hidden folders hold no tests.
    config.option.ignore = [*(config.option.ignore or []), records.state_folder()]
    selector = Selector(config)
    config.pluginmanager.register(selector, "noxline-selector")
    if not worker:
        arguments = [str(argument) for argument in config.invocation_params.args]
        record = records.Recorder("pytest", pytest.__version__, _rootdir(config), arguments)
        config.pluginmanager.register(PytestRecorder(record, selector), "noxline-recorder")


def _rootdir(config: Any) -> str:
    return str(getattr(config, "rootpath", None) or config.rootdir)


class Selector:
    """Sees all collected items and leaves those of this shard."""

    def __init__(self, config: Any) -> None:
        self.shard = shards.requested(os.environ)
        self.files: dict[str, None] = {}
        self.total = 0
        self.selected: list[str] = []
        self.deselected = 0
        self._base = records.way_down(_rootdir(config))

    def pytest_itemcollected(self, item: Any) -> None:
        """Note the file of an item before anything can deselect it."""
        self.files[item.nodeid.partition("::")[0]] = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Deselect what belongs to the other shards."""
        self.total = len(items)
        if self.shard is None:
            return
        number, count = self.shard
        names = {item: records.from_root(self._base, item.nodeid) for item in items}
        durations = shards.known_durations(os.environ)
        mine = set(shards.assign(list(names.values()), durations, count, _groups(names))[number - 1])
        others = [item for item in items if names[item] not in mine]
        items[:] = [item for item in items if names[item] in mine]
        if others:
            self.deselected -= len(others)
            config.hook.pytest_deselected(items=others)

    def pytest_deselected(self, items: list[Any]) -> None:
        """Count what others deselected; the shard's own part is taken off above."""
        self.deselected += len(items)

    def pytest_collection_finish(self, session: Any) -> None:
        """Keep the ids that are going to run."""
        self.selected = [item.nodeid for item in session.items]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: Any) -> None:
        """Hand what a worker saw to its controller; let an empty shard of a suite that has tests pass."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["noxline"] = {"files": list(self.files), "total": self.total, "deselected": self.deselected}
        elif self.shard and self.total and not self.selected and session.exitstatus == 5:
            session.exitstatus = 0


def _groups(names: dict[Any, str]) -> dict[str, str]:
    """Return the groups of items that must stay together, by the items' names."""
    groups = {name: _group(item) for item, name in names.items()}
    return {name: group for name, group in groups.items() if group}


def _group(item: Any) -> str:
    """Return the name of the item's xdist_group, or nothing."""
    mark = item.get_closest_marker("xdist_group")
    if mark is None:
        return ""
    return str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))


class PytestRecorder:
    """Turns pytest's reports into records; lives in the controller only."""

    def __init__(self, record: records.Recorder, selector: Selector) -> None:
        self.record = record
        self.selector = selector
        self._attempts: dict[str, Attempt] = {}
        self._seen: set[str] = set()
        self._ids: list[str] | None = None
        self._copies: Counter[str] = Counter()
        self._started: Counter[str] = Counter()
        self._session: Any = None

    def pytest_sessionstart(self, session: Any) -> None:
        """Keep the session: it knows the exit status in the end."""
        self._session = session

    def pytest_collectreport(self, report: Any) -> None:
        """Record what could not be collected, and modules that are skipped as a whole, as pytest counts them."""
        if report.passed or report.nodeid in self._seen:
            return
        self._seen.add(report.nodeid)
        name = self.record.name(report.nodeid)
        if report.failed:
            self.record.write(event="collect-error", id=name, message=_message(report))
        else:
            self.record.write(event="test", id=name, outcome="skipped", seconds=0.0, message=_message(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: Any) -> None:
        """Record what is going to run."""
        self._write_collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        """Let the workers load the plugin too; the controller runs no tests that could inherit it."""
        records.enable_plugin(os.environ)

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
            self.selector.files = dict.fromkeys(seen["files"])
            self.selector.total, self.selector.deselected = seen["total"], seen["deselected"]

    def _write_collected(self, ids: list[str]) -> None:
        self._ids = ids
        self._copies = Counter(ids)
        self.record.write(
            event="collected",
            ids=[self.record.name(name) for name in ids],
            deselected=self.selector.deselected,
            total=self.selector.total,
            files=[self.record.name(name) for name in self.selector.files],
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Name the test that starts, for the case that it takes the process down."""
        self._started[nodeid] += 1
        self.record.write(event="begin", id=self._name(nodeid))

    def _name(self, nodeid: str) -> str:
        """Return the id; of items that plug-ins collect under one id, each counts, so the later ones get a number."""
        number = min(self._started[nodeid], self._copies[nodeid])
        name: str = self.record.name(nodeid)
        return f"{name}#{number}" if number > 1 else name

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take one phase of a test into account."""
        self._attempts.setdefault(report.nodeid, Attempt()).take(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Record the test, its last attempt only."""
        attempt = self._attempts.pop(nodeid, None)
        if attempt is not None:
            self.record.write(event="test", id=self._name(nodeid), **attempt.fields(self.record))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Record the end; early, because a conftest may leave with os._exit from here."""
        for nodeid in list(self._attempts):  # of a crashed worker, for example
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


class Attempt:
    """The phases of one test, and of one attempt when a plugin repeats it."""

    def __init__(self) -> None:
        self.reruns = 0
        self._begin()

    def _begin(self) -> None:
        self.outcome = "passed"
        self.seconds = 0.0
        self.message = ""
        self.xfail = False
        self.location: tuple[str, Any] = ("", None)
        self.worker = ""

    def take(self, report: Any) -> None:
        """Add a phase; a subtest counts only when it fails."""
        if report.outcome not in _FINAL:
            reruns = self.reruns + 1
            self._begin()
            self.reruns = reruns
            return
        subtest = type(report).__name__.lower().startswith("subtest")
        if subtest and report.outcome != "failed":
            return
        outcome = _outcome(report)
        if _RANK.index(outcome) > _RANK.index(self.outcome):
            self.outcome = outcome
            self.message = _message(report)
        self.xfail = self.xfail or hasattr(report, "wasxfail")
        self.seconds += 0.0 if subtest else getattr(report, "duration", 0.0)
        self.location = (report.location[0], report.location[1])
        self.worker = getattr(report, "worker_id", "")

    def fields(self, record: records.Recorder) -> dict[str, Any]:
        """Return the record's fields, those that say nothing left out."""
        optional = {
            "message": self.message,
            "worker": "" if self.worker == "master" else self.worker,
            "xfail": self.xfail,
            "reruns": self.reruns,
        }
        return {
            "outcome": self.outcome,
            "seconds": round(self.seconds, 6),
            "file": record.name(self.location[0]),
            "line": self.location[1] + 1 if isinstance(self.location[1], int) else None,
            **{name: value for name, value in optional.items() if value},
        }


def _outcome(report: Any) -> str:
    if report.outcome == "failed":
        return "error" if report.when in ("setup", "teardown") else "failed"
    return str(report.outcome)


def _message(report: Any) -> str:
    """Return why a report is not a pass: the reason of a skip, the text of a failure."""
    if hasattr(report, "wasxfail"):
        return str(records.shorten(str(report.wasxfail)))
    if isinstance(report.longrepr, tuple):
        return str(records.shorten(str(report.longrepr[-1])))
    return str(records.shorten(getattr(report, "longreprtext", "") or str(report.longrepr or "")))
