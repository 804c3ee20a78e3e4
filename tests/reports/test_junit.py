"""The JUnit report of a whole run."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import fromstring

from noxline.reports.junit import junit_of
from noxline.reports.run_directory import RunDirectory
from noxline.testing.verdicts import Excused, Verdicts, write_verdicts
from tests.reports.sample import result, run_of
from tests.testing.records_on_disk import ran, record


def test_shards_and_pythons_are_one_report(tmp_path: Path) -> None:
    record(tmp_path / "1", ran("a"), ran("b", "failed"))
    record(tmp_path / "2", ran("c", "failed"))
    record(tmp_path / "3", ran("a"), python="3.12.0")
    write_verdicts(tmp_path / "2", Verdicts(quarantined=(Excused(id="c", until="2999-01-01", reason="#1"),)))
    (tmp_path / "lint").mkdir()
    names = {"tests-3.11#1/2": "1", "tests-3.11#2/2": "2", "tests-3.12": "3", "lint": "lint"}
    run = run_of(tmp_path, *(result(name, output=tmp_path / folder) for name, folder in names.items()))
    suites = fromstring(junit_of(run))
    assert [{name: suite.get(name) for name in ("name", "tests", "failures", "skipped")} for suite in suites] == [
        {"name": "Python 3.11", "tests": "3", "failures": "1", "skipped": "1"},
        {"name": "Python 3.12", "tests": "1", "failures": "0", "skipped": "0"},
    ]
    RunDirectory(tmp_path).finish(run)
    assert (run.directory / "junit.xml").read_text(encoding="utf-8") == junit_of(run)


def test_a_run_without_tests_has_none(tmp_path: Path) -> None:
    (tmp_path / "lint").mkdir()
    run = run_of(tmp_path, result("lint", output=tmp_path / "lint"))
    assert junit_of(run) == ""
    RunDirectory(tmp_path).finish(run)
    assert not (run.directory / "junit.xml").exists()
