"""The section of the last screen on undeclared inputs and outputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from noxline.model.undeclared import Undeclared, Use
from noxline.reports.run_json import from_document, to_document
from noxline.reports.style import Style
from noxline.reports.summary import summary
from noxline.reports.undeclared_table import undeclared_lines
from tests.reports.sample import result, run_of

FILE = Undeclared(use=Use.READ, names=("data/a.json",), count=1, line='[stage.tests] inputs = [..., "data/a.json"]')
FOLDER = Undeclared(use=Use.WRITTEN, names=("out/",), count=3, line='[stage.tests] outputs = ["out"]')
MISSING = Undeclared(use=Use.MISSING, names=("a", "b"), count=5, line='[stage.tests] inputs = [..., "a", "b", ...]')
ROOT = Undeclared(use=Use.LISTED, names=("/",), count=1, line='[stage.tests] inputs = [..., "*"]')


def test_tasks_that_agree_share_a_line_and_clean_ones_are_named(tmp_path: Path) -> None:
    run = run_of(
        tmp_path,
        replace(result("tests-3.11"), undeclared=(FILE, FOLDER, MISSING, ROOT)),
        replace(result("tests-3.12"), undeclared=(FILE,)),
        replace(result("lint"), undeclared=()),
        result("types"),
    )
    assert undeclared_lines(run, Style(colour=False, unicode=True, width=100)) == [
        "  tests-3.11, tests-3.12 read data/a.json",
        '    [stage.tests] inputs = [..., "data/a.json"]',
        "  tests-3.11 wrote 3 files in out/",
        '    [stage.tests] outputs = ["out"]',
        "  tests-3.11 looked for what is not there: a, b and 3 more",
        '    [stage.tests] inputs = [..., "a", "b", ...]',
        "  tests-3.11 listed the project's root",
        '    [stage.tests] inputs = [..., "*"]',
        "  lint: nothing undeclared",
    ]


def test_a_run_without_checks_has_no_such_section(tmp_path: Path) -> None:
    style = Style(colour=False, unicode=True, width=100)
    assert "Inputs and outputs" not in summary(run_of(tmp_path, result("lint")), style)
    checked = run_of(tmp_path, replace(result("lint"), undeclared=(FILE,)))
    assert "Inputs and outputs\n  lint read data/a.json\n" in summary(checked, style)


def test_the_document_of_a_run_keeps_it(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, replace(result("tests"), undeclared=(FILE,)), replace(result("lint"), undeclared=()), result("x")
    )
    read = from_document(to_document(run), run.directory)
    assert [one.undeclared for one in read.tasks] == [(FILE,), (), None]
