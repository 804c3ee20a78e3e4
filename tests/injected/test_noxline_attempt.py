"""A test that passed is recorded by a shorter way, which says the same as the longer one."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.sessions.measure import INJECTED

PHASES = ("setup", "call", "teardown")
seconds = st.floats(0, 10_000, allow_nan=False)


class TestReport:
    """As pytest has it."""

    __test__ = False

    def __init__(self, when: str, duration: object, **more: object) -> None:
        self.when, self.duration, self.outcome = when, duration, "passed"
        self.nodeid, self.location = "test_ä.py::test", ("test_ä.py", 3, "test")
        self.__dict__.update(more)


class Subtest(TestReport):
    """As plug-ins have it."""


class Record:
    """Keeps what is written down."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.flushed = 0

    def begin(self, _name: str) -> None:
        pass

    def name(self, test: str) -> str:
        return test

    def end(self, _code: int) -> None:
        pass

    def flush(self) -> None:
        self.flushed += 1

    def hold(self, line: str) -> None:
        self.lines.append(json.loads(line))

    def write(self, **fields: Any) -> None:
        self.lines.append(json.loads(json.dumps(fields)))


class Item:
    nodeid = "test_ä.py::test"
    session = SimpleNamespace(shouldstop=False, shouldfail=False)


class Fixtures:
    """Has seen none."""

    def seen(self, _item: Any) -> dict[str, Any]:
        return {}


@pytest.fixture(scope="module", autouse=True)
def _path() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(INJECTED))
        yield


def recorded(reports: list[TestReport], *, long: bool) -> dict[str, Any]:
    import _noxline_recorder as recorder

    record = Record()
    made = recorder.PytestRecorder(record, None, Fixtures())
    made.begin(Item())
    for report in reports:
        made.pytest_runtest_logreport(report)
    if long:
        made.write("test_ä.py::test", reports, cost=0.0)
    else:
        made.end(Item(), None)
    return record.lines[0]


@given(st.tuples(seconds, seconds, seconds))
def test_it_says_the_same(durations: tuple[float, float, float]) -> None:
    reports = [TestReport(when, spent) for when, spent in zip(PHASES, durations, strict=True)]
    short, long = recorded(reports, long=False), recorded(reports, long=True)
    assert short["seconds"] == pytest.approx(long["seconds"], abs=3e-6)  # the sum of what is rounded, and the other way
    assert short.pop("phases") == pytest.approx(long.pop("phases"), abs=1e-6)
    assert 0 <= short["cost"] < 10
    assert {**short, "seconds": 0, "cost": 0} == {**long, "seconds": 0, "cost": 0}


@pytest.mark.parametrize(
    "reports",
    [
        [TestReport("setup", 0.1), TestReport("call", 0.1)],
        [TestReport("setup", 0.1), TestReport("call", 0.1, outcome="failed"), TestReport("teardown", 0.1)],
        [TestReport("setup", 0.1), TestReport("call", 0.1, wasxfail="why"), TestReport("teardown", 0.1)],
        [TestReport("setup", 0.1), TestReport("call", 0.1, worker_id="gw0"), TestReport("teardown", 0.1)],
        [TestReport("setup", 0.1), TestReport("call", 0.1, noxline={"uses": ["x"]}), TestReport("teardown", 0.1)],
        [TestReport("setup", 0.1), TestReport("call", 1), TestReport("teardown", 0.1)],
        [TestReport("setup", 0.1), TestReport("teardown", 0.1), TestReport("call", 0.1)],
        [TestReport("setup", 0.1), Subtest("call", 0.1), TestReport("teardown", 0.1)],
        [TestReport("setup", 0.1), TestReport("call", None), TestReport("teardown", 0.1)],
        [TestReport("setup", 0.1), TestReport("call", 0.1, outcome="rerun"), TestReport("teardown", 0.1)],
    ],
)
def test_what_has_more_to_say_goes_the_longer_way(reports: list[TestReport]) -> None:
    import _noxline_attempt as attempt

    assert attempt.durations(reports) is None


def test_reports_of_other_tests_are_kept_for_these() -> None:
    import _noxline_recorder as recorder

    record = Record()
    made = recorder.PytestRecorder(record, None, Fixtures())
    made.begin(Item())
    other = TestReport("call", 0.2, nodeid="other", outcome="failed", longrepr="why")
    for report in (TestReport("setup", 0.1), other):
        made.pytest_runtest_logreport(report)
    made.end(Item(), Item())
    assert [line["id"] for line in record.lines] == ["test_ä.py::test"]
    assert record.lines[0]["phases"] == {"setup": 0.1}
    assert [report.longrepr for report in made.take_reports("other")] == ["why"]


@pytest.mark.parametrize(
    ("nextitem", "stop", "fail", "flushed"),
    [(Item(), False, False, 0), (None, False, False, 1), (Item(), "why", False, 1), (Item(), False, "why", 1)],
)
def test_the_last_line_does_not_wait(nextitem: object, stop: object, fail: object, flushed: int) -> None:
    import _noxline_recorder as recorder

    record, item = Record(), Item()
    item.session = SimpleNamespace(shouldstop=stop, shouldfail=fail)
    made = recorder.PytestRecorder(record, None, Fixtures())
    made.begin(item)
    for when in PHASES:
        made.pytest_runtest_logreport(TestReport(when, 0.1))
    made.end(item, nextitem)
    assert record.flushed == flushed


def test_what_keeps_its_outcome_elsewhere_goes_the_longer_way() -> None:
    import _noxline_attempt as attempt

    class Other:
        outcome, duration = "passed", 0.1

        def __init__(self, when: str) -> None:
            self.when = when

    assert attempt.durations([Other(when) for when in PHASES]) is None


def test_an_attempt_that_is_to_be_repeated_is_not_the_end() -> None:
    import _noxline_recorder as recorder

    record = Record()
    made = recorder.PytestRecorder(record, None, Fixtures())
    reported = recorder.Reported(made)
    nodeid = Item.nodeid
    first = [TestReport("setup", 0.1), TestReport("call", 0.1, outcome="rerun"), TestReport("teardown", 0.1)]
    again = [TestReport("setup", 0.1), TestReport("call", 0.1, outcome="failed", longrepr="why")]
    for reports in (first, [*again, TestReport("teardown", 0.1)]):
        reported.pytest_runtest_logstart(nodeid)
        for report in reports:
            made.pytest_runtest_logreport(report)
        reported.pytest_runtest_logfinish(nodeid)
    assert [(line["outcome"], line["reruns"], line["message"]) for line in record.lines] == [("failed", 1, "why")]


def test_a_worker_that_dies_before_it_repeats_a_test_leaves_no_outcome() -> None:
    import _noxline_recorder as recorder

    record = Record()
    made = recorder.PytestRecorder(record, None, Fixtures())
    for report in (
        TestReport("setup", 0.1, nodeid="a"),
        TestReport("call", 0.1, nodeid="b", outcome="failed", longrepr="died"),
        TestReport("call", 0.1, nodeid="a", outcome="rerun"),
    ):
        made.pytest_runtest_logreport(report)
    made.pytest_sessionfinish(1)
    assert [(line["id"], line["outcome"]) for line in record.lines] == [("b", "failed")]


def test_a_test_of_which_nothing_is_reported_has_no_outcome() -> None:
    import _noxline_recorder as recorder

    record = Record()
    made = recorder.PytestRecorder(record, None, Fixtures())
    reported = recorder.Reported(made)
    reported.pytest_runtest_logstart("a")
    reported.pytest_runtest_logfinish("a")
    reported.pytest_sessionfinish()
    made.pytest_sessionfinish(1)
    assert record.lines == []
