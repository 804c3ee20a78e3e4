"""The standard stage `build`: sdist and wheel, built twice in two clean copies and compared."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.model.finding import Finding, Severity
from noxline.sessions.archives import differences
from noxline.sessions.command import capture, scratch, show
from noxline.sessions.files import git
from noxline.sessions.requirements import TWINE
from noxline.sessions.sarif import write_sarif
from noxline.sessions.tools import give_up, prepared, worked
from noxline.sessions.workcopy import copy_project

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts

# The first moment that a zip archive can hold, 1980-01-01, in seconds since 1970.
EPOCH = 315532800
DIST = "dist"


def run_build(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `dist/` and `build.json`: names, sizes, whether both builds are the same, and the members that differ."""
    session.install(TWINE)
    output = prepared(session)
    if output is None:
        return
    epoch = str(commit_time(facts.root))
    dist = output / DIST
    again = scratch(session, "second")
    # Different folders, on purpose: a path that gets into an artifact shows as a difference.
    for copy, out in ((scratch(session, "first-copy"), dist), (scratch(session, "second-copy"), again)):
        if not _build(session, copy_project(facts.root, copy), out, epoch):
            give_up(session, output, "build", "the build backend failed")
        shutil.rmtree(copy)
    report = compare(dist, again)
    (output / "build.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    worked(output, "build")
    for name, size in report["sizes"].items():
        session.log(f"{name}: {size:,} bytes")
    session.log("both builds are the same" if report["reproducible"] else _difference(report["differs"]))
    _check(session, [dist / name for name in report["sizes"]], output)


def _check(session: nox.Session, artifacts: list[Path], output: Path) -> None:
    """Have twine check the metadata: what the index would refuse fails the session, a warning is a finding."""
    # twine wraps its warnings at the width of the terminal.
    checked = capture(session, "twine", "check", *map(str, artifacts), env={"COLUMNS": "400"})
    show(checked.out, checked.err)
    write_sarif(output / "build.sarif", ["twine"], twine_findings(checked.out))
    if checked.code:
        session.error("twine check: the index would refuse these artifacts")


def twine_findings(printed: str) -> list[Finding]:
    """Return what `twine check` warns of, once.

    >>> [f.message for f in twine_findings("Checking a.whl: PASSED with warnings\\nWARNING  no description.\\n")]
    ['no description.']
    """
    rows = (re.match(r"\s*(WARNING|ERROR)\s+(.*\S)", line) for line in printed.splitlines())
    said = dict.fromkeys((row[1], row[2]) for row in rows if row)
    return [
        Finding(
            tool="twine",
            rule="metadata",
            severity=Severity.MEDIUM if level == "ERROR" else Severity.LOW,
            message=message,
        )
        for level, message in said
    ]


def _build(session: nox.Session, source: Path, out: Path, epoch: str) -> bool:
    """Build in a copy of the project: backends write into the tree, and the output must not be packed by the next."""
    shutil.rmtree(out, ignore_errors=True)
    env = {"SOURCE_DATE_EPOCH": epoch}
    done = capture(session, "uv", "build", "--out-dir", str(out), str(source), env=env)
    (out / ".gitignore").unlink(missing_ok=True)
    if done.code != 0:
        show(done.out, done.err)
    return done.code == 0


def commit_time(root: Path) -> int:
    """Return the time of the newest commit in seconds since 1970; without one, the first moment a zip can hold."""
    done = git(root, "log", "-1", "--format=%ct")
    if done is None or done.returncode != 0 or not done.stdout.strip():
        return EPOCH
    return int(done.stdout)


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Return what two folders of artifacts hold and where they differ, byte by byte."""
    names, others = _names(first), _names(second)
    differs = [f"{name}: built only once" for name in sorted(set(names) ^ set(others))]
    for name in sorted(set(names) & set(others)):
        differs += [f"{name}: {member}" for member in differences(first / name, second / name)]
    return {
        "wheel": next((name for name in names if name.endswith(".whl")), None),
        "sdist": next((name for name in names if name.endswith(".tar.gz")), None),
        "reproducible": not differs,
        "differs": differs,
        "sizes": {name: (first / name).stat().st_size for name in names},
    }


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _difference(differs: list[str]) -> str:
    shown = ", ".join(differs[:5])
    return f"the two builds differ: {shown}" + (f" and {len(differs) - 5} more" if len(differs) > 5 else "")
