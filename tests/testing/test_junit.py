"""JUnit XML: names, counts, and text that XML cannot hold."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.junit import to_junit
from noxline.testing.results import Result, Results, read_results
from tests.testing.records_on_disk import ran, record


def one(result: Result) -> ElementTree.Element:
    document = ElementTree.fromstring(to_junit(Results(tests={"3.11": {result.id: result}}, seconds={"3.11": 1.0})))
    case = document.find("testsuite/testcase")
    assert case is not None
    return case


def test_counts_of_a_suite(tmp_path: Path) -> None:
    record(tmp_path, ran("a"), ran("b", "failed", message="E   assert 0"), ran("c", "skipped"), ran("d", "error"))
    suite = ElementTree.fromstring(to_junit(read_results([tmp_path]))).find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped", "time")}
    assert counts == {
        "name": "Python 3.11",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "1.000",
    }


def test_names_are_split_into_class_and_name() -> None:
    case = one(Result(id="tests/test_a.py::C::test_b[x::y.z]", outcome="passed"))
    assert (case.get("classname"), case.get("name")) == ("tests.test_a.C", "test_b[x::y.z]")
    case = one(Result(id="tests.test_a.C.test_b", outcome="passed", runner="unittest"))
    assert (case.get("classname"), case.get("name")) == ("tests.test_a.C", "test_b")


def test_the_error_itself_is_the_message() -> None:
    failure = one(Result(id="a", outcome="failed", message=">   f()\nE   assert 1 == 2\na.py:1")).find("failure")
    assert failure is not None
    assert failure.get("message") == "assert 1 == 2"


@given(st.text(), st.text())
def test_any_text_gives_readable_xml(name: str, message: str) -> None:
    case = one(Result(id=f"a.py::{name}", outcome="failed", message=message))
    assert case.find("failure") is not None
