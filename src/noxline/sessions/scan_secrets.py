"""The scanner of secrets: detect-secrets over all files of the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.model.finding import Finding, Severity
from noxline.sessions.command import capture, scratch
from noxline.sessions.files import listed_files
from noxline.sessions.scan import Scan, could_not_work, did_work

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts

BASELINE = ".secrets.baseline"
# Lock files are full of digests, which look like secrets and are none.
_LOCKS = frozenset(
    {"uv.lock", "poetry.lock", "pdm.lock", "pixi.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
)
# How many names fit into one command line on every system (Windows takes 32,767 characters).
_BATCH = 25_000


def scan_with_detect_secrets(session: nox.Session, facts: ProjectFacts, output: Path) -> Scan:
    """Write `secrets.json`: what looks like a secret and is not in the project's `.secrets.baseline`."""
    files = [name for name in listed_files(facts.root) if Path(name).name not in {*_LOCKS, BASELINE}]
    baseline = _baseline(facts.root)
    document: dict[str, Any] = {"results": {}}
    for names in batches(files):
        scanned = _scan(session, facts.root, names)
        if isinstance(scanned, str):
            return could_not_work("detect-secrets", scanned)
        document = {**scanned, "results": {**document["results"], **new_secrets(scanned["results"], baseline)}}
    (output / "secrets.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return did_work(
        "detect-secrets", [_finding(name, row) for name, rows in document["results"].items() for row in rows]
    )


def _scan(session: nox.Session, root: Path, names: list[str]) -> dict[str, Any] | str:
    """Return detect-secrets' report on some files, or why there is none."""
    copy = scratch(session, "secrets.baseline")
    options = []
    if (root / BASELINE).is_file():
        # With a baseline, detect-secrets uses its plugins and filters, and writes the result into it: into our copy.
        copy.write_bytes((root / BASELINE).read_bytes())
        options = ["--baseline", str(copy)]
    done = capture(session, "detect-secrets", "scan", *options, *names)
    try:
        document: dict[str, Any] = json.loads(copy.read_text(encoding="utf-8") if options else done.out)
    except ValueError:
        return done.last_line
    return document if done.code == 0 else done.last_line


def _baseline(root: Path) -> dict[str, list[dict[str, Any]]]:
    path = root / BASELINE
    if not path.is_file():
        return {}
    try:
        known: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    except (ValueError, KeyError):
        return {}  # detect-secrets itself then says what is wrong with the file
    return known


def new_secrets(
    found: dict[str, list[dict[str, Any]]], baseline: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Return what was found without what the baseline knows and does not call a real secret."""
    known = {
        (Path(name).as_posix(), row["hashed_secret"])
        for name, rows in baseline.items()
        for row in rows
        if row.get("is_secret") is not True
    }
    kept = {n: [r for r in rows if (Path(n).as_posix(), r["hashed_secret"]) not in known] for n, rows in found.items()}
    return {name: rows for name, rows in kept.items() if rows}


def batches(names: list[str]) -> list[list[str]]:
    """Return the names in groups that fit into a command line.

    >>> batches(["a", "b"])
    [['a', 'b']]
    """
    groups: list[list[str]] = [[]]
    room = _BATCH
    for name in names:
        room -= len(name) + 3
        if room < 0:
            groups.append([])
            room = _BATCH - len(name) - 3
        groups[-1].append(name)
    return groups


def _finding(name: str, row: dict[str, Any]) -> Finding:
    return Finding(
        tool="detect-secrets",
        rule=row["type"],
        severity=Severity.HIGH,
        message="this looks like a secret",
        file=Path(name).as_posix(),
        line=row.get("line_number"),
    )
