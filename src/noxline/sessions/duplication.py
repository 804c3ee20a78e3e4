"""The standard stage `duplication`: code that stands in the package's own source more than once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.sessions.command import capture
from noxline.sessions.files import source_files
from noxline.sessions.requirements import JSCPD
from noxline.sessions.tools import give_up, prepared, worked

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts


def run_duplication(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `jscpd.json`, jscpd's own report with paths relative to the root."""
    session.install(JSCPD)
    output = prepared(session)
    if output is None:
        return
    files = source_files(facts)
    if not files:
        session.skip("no Python source of the project's own was found")
    options = ["--format", "python", "--reporters", "json", "--silent", "--absolute", "--report-name", "jscpd"]
    done = capture(session, "jscpd", *files, *options, "--output", str(output))
    path = output / "jscpd.json"
    if not path.exists():
        give_up(session, output, "jscpd", done.last_line)
    report = relative_names(json.loads(path.read_text(encoding="utf-8")), facts.root)
    path.write_text(json.dumps(report), encoding="utf-8")
    worked(output, "jscpd")
    for line in summary(report):
        session.log(line)


def relative_names(report: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the report with file names relative to the root."""
    resolved = root.resolve()
    for clone in report["duplicates"]:
        for part in (clone["firstFile"], clone["secondFile"]):
            name = Path(part["name"])
            if name.is_absolute() and name.resolve().is_relative_to(resolved):
                part["name"] = name.resolve().relative_to(resolved).as_posix()
    return report


def summary(report: dict[str, Any]) -> list[str]:
    """Return one line for each pair, the longest first, and the total."""
    clones = sorted(report["duplicates"], key=lambda clone: -clone["lines"])
    pairs = [f"{c['lines']:>4} lines  {_place(c['firstFile'])}  =  {_place(c['secondFile'])}" for c in clones]
    total = report["statistics"]["total"]
    return [*pairs, f"{total['duplicatedLines']} of {total['lines']} lines stand more than once"]


def _place(part: dict[str, Any]) -> str:
    return f"{part['name']}:{part['start']}-{part['end']}"
