"""The run as one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from noxline.model.event import Event
from noxline.model.run import Run
from noxline.reports import html_sections as sections
from noxline.reports.outlet import warn_on_stderr
from noxline.reports.style import Style
from noxline.reports.summary import last_line, task_reports
from noxline.system.files import write_atomic

_STYLE_SHEET = Path(__file__).with_name("report.css")


class HtmlReport:
    """Reporter that writes `report.html` into the run directory once the run is over."""

    def __init__(self, *, warn: Callable[[str], None] = warn_on_stderr) -> None:
        self._warn = warn

    def handle(self, event: Event) -> None:
        """Wait: the page is about the run as a whole."""

    def finish(self, run: Run) -> None:
        """Write the page; a disk that cannot be written to gives a warning, for the run itself is over."""
        try:
            write_atomic(run.directory / "report.html", page(run))
        except OSError as error:
            self._warn(f"report.html cannot be written ({error.strerror})")


def page(run: Run) -> str:
    """Return the whole page."""
    verdict = last_line(run, Style())
    parts = (
        sections.header(run, verdict),
        sections.failure_section(run),
        sections.gate_section(run),
        sections.timeline_section(run),
        sections.task_section(run),
        sections.finding_section(run),
        sections.remark_section(run),
        sections.link_section(run, task_reports(run)),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(run.root.name)}: {escape(verdict)}</title>"
        f"<style>{_STYLE_SHEET.read_text(encoding='utf-8')}</style></head>\n<body><main>\n"
        + "\n".join(part for part in parts if part)
        + "\n<footer>written by noxline</footer></main></body></html>\n"
    )
