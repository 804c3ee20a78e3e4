from __future__ import annotations

import errno
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from noxline.model.finding import Finding, Severity
from noxline.model.gate import Result, Verdict
from noxline.model.run import Run
from noxline.reports import html
from noxline.reports.html import HtmlReport, page
from noxline.reports.html_timeline import tick_seconds, timeline
from tests.reports.sample import full_run, result, run_of

EVIL = "<script>alert('1')</script>\"&"
VOID = {"meta", "line", "rect", "br", "i"}


class Reader(HTMLParser):
    """Reads a page and notes what it refers to and whether its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def evil_run(root: Path) -> Run:
    run = full_run(root)
    bad = replace(run.tasks[1], task=replace(run.tasks[1].task, name=EVIL), reasons=(EVIL,))
    return replace(
        run,
        tasks=(bad, *run.tasks[2:]),
        findings=(Finding(tool=EVIL, rule=EVIL, severity=Severity.LOW, message=EVIL, file=EVIL),),
        verdicts=(Verdict(metric=EVIL, rule=EVIL, value=None, result=Result.FAIL, hint=EVIL, unit=EVIL),),
        warnings=(EVIL,),
        notes=(EVIL,),
    )


def test_everything_from_outside_is_escaped_and_the_tags_are_balanced(tmp_path: Path) -> None:
    text = page(evil_run(tmp_path))
    reader = Reader(text)
    assert reader.open == []
    assert "script" not in reader.tags
    assert EVIL in reader.text


def test_the_page_needs_nothing_from_anywhere(tmp_path: Path) -> None:
    text = page(full_run(tmp_path))
    reader = Reader(text)
    assert not reader.tags & {"script", "link", "img", "iframe"}
    assert "url(" not in text
    assert "@import" not in text
    assert not [link for link in reader.links if "//" in link]


def test_every_link_leads_to_a_file_beside_the_page(tmp_path: Path) -> None:
    run = full_run(tmp_path)
    (run.directory / "run.json").write_text("{}", encoding="utf-8")
    output = run.directory / "tasks" / "docs" / "output" / "html"
    output.mkdir()
    (output / "index.html").write_text("", encoding="utf-8")
    HtmlReport().finish(run)
    links = Reader((run.directory / "report.html").read_text(encoding="utf-8")).links
    assert {"run.json", "tasks/docs/output/html/index.html", "tasks/tests-3.11/log.txt"} <= set(links)
    assert [link for link in links if not (run.directory / unquote(link)).is_file()] == []


def test_it_says_verdict_causes_and_commands(tmp_path: Path) -> None:
    text = Reader(page(full_run(tmp_path))).text
    for part in (
        "failed (exit 1) in 12.3 s",
        "the same as tests-3.11: tests/test_a.py::test_bad: AssertionError: the message",
        "noxline run tests-3.12",
        "weak hash <md5>",
        "no hook configuration",
        "pip-audit could not reach its data",
    ):
        assert part in text


def test_very_many_findings_are_cut_the_worst_first(tmp_path: Path) -> None:
    low = tuple(Finding(tool="t", rule=f"R{k}", severity=Severity.LOW, message="m") for k in range(400))
    worst = Finding(tool="t", rule="WORST", severity=Severity.CRITICAL, message="m")
    text = Reader(page(run_of(tmp_path, findings=(*low, worst)))).text
    assert "WORST" in text
    assert "R399" not in text
    assert "the first 300 of 401; all are in run.json" in text


def test_an_empty_run_is_a_page_too(tmp_path: Path) -> None:
    reader = Reader(page(run_of(tmp_path)))
    assert reader.open == []
    assert "svg" not in reader.tags


def test_a_full_disk_gives_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(html, "write_atomic", full)
    told: list[str] = []
    HtmlReport(warn=told.append).finish(run_of(tmp_path))
    assert told == ["report.html cannot be written (No space left on device)"]


def test_the_timeline_has_a_row_for_each_task_that_ran(tmp_path: Path) -> None:
    tasks = (
        result("b", started=3.0, seconds=1.0),
        result("a", started=0.0, seconds=2.0, setup_seconds=1.0),
        result("c", decision="reused", seconds=5.0),
    )
    chart = timeline(run_of(tmp_path, *tasks))
    assert chart.index(">a</text>") < chart.index(">b</text>")
    assert ">c</text>" not in chart
    assert chart.count('class="setup"') == 1
    assert chart.count('class="passed"') == 2


def test_a_wait_for_a_cpu_is_a_gap_in_the_timeline(tmp_path: Path) -> None:
    chart = timeline(run_of(tmp_path, result("a", started=0.0, seconds=3.0, setup_seconds=1.0, waited_seconds=4.0)))
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="35" width="([\d.]+)"', chart)
    (kind, at, width), (other, left, setup) = sorted(bars)
    assert (kind, other, float(left)) == ("passed", "setup", 210.0)
    assert float(width) == pytest.approx(2 * float(setup), abs=0.2)
    assert float(at) == pytest.approx(float(left) + 5 * float(setup), abs=0.5)


@pytest.mark.parametrize("span", [0.05, 1, 9.99, 10, 61, 3600, 10**6])
def test_ticks_are_few_and_within_the_span(span: float) -> None:
    ticks = tick_seconds(span)
    assert ticks[0] == 0
    assert 1 <= len(ticks) <= 11
    assert ticks[-1] <= span + 1e-6
