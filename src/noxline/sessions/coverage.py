"""Combine the coverage of all tests into one report in the formats that other tools read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.sessions.command import installing_only, stream
from noxline.sessions.coverage_data import NAME, Sources, combine, find_data
from noxline.sessions.coverage_settings import report_options
from noxline.sessions.gate import pass_gate
from noxline.sessions.measure import INJECTED
from noxline.sessions.output import needed_outputs, output_directory
from noxline.settings.facts import ProjectFacts

if TYPE_CHECKING:
    from typing import NoReturn

    import nox

_UNAVAILABLE = "coverage.unavailable"
_REPORT = "coverage.json"


def run_coverage(session: nox.Session, facts: ProjectFacts) -> None:
    """Combine the data of the tests before this session; write XML, JSON, LCOV and HTML."""
    session.install("coverage")
    if installing_only(session):
        return
    pass_gate(session)
    output = output_directory(session)
    outputs = needed_outputs("tests")
    data = output / NAME
    combined = combine(find_data(outputs), data, Sources(facts))
    for note in combined.notes:
        print(f"noxline: {note}", flush=True)
    if not combined.files:
        _give_up(session, output, _why_none(outputs))
    code = stream(session, "python", str(INJECTED / "_noxline_report.py"), str(_order(facts, data, output)))
    if code or not (output / _REPORT).exists():
        _give_up(session, output, f"the report could not be written (exit code {code})")


def _order(facts: ProjectFacts, data: Path, output: Path) -> Path:
    order = output / "coverage.order.json"
    content = {"data": str(data), "output": str(output), "options": report_options(facts)}
    order.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return order


def _why_none(outputs: Sequence[Path]) -> str:
    """Return the reason why there is nothing to combine, as precisely as it is known."""
    if not outputs:
        return "no tests ran before"
    reasons = {
        line
        for output in outputs
        if (output / _UNAVAILABLE).exists()
        for line in (output / _UNAVAILABLE).read_text(encoding="utf-8").splitlines()
    }
    if reasons:
        return min(reasons)
    if not find_data(outputs):
        return "the tests left no coverage data"
    return (
        "the tests measured no file of the package's own source "
        '(processes that they start are measured with patch = ["subprocess"] in the settings of coverage)'
    )


def _give_up(session: nox.Session, output: Path, reason: str) -> NoReturn:
    """Leave the reason where the gates look for a figure, and fail."""
    (output / _REPORT).write_text(json.dumps({"noxline_missing": reason}), encoding="utf-8")
    session.error(f"no coverage: {reason}")
