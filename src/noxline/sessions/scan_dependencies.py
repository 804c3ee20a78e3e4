"""The audits of dependencies: pip-audit, and safety with a database that the user gives."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.model.finding import Finding, Severity
from noxline.sessions.command import capture, installing_only, scratch
from noxline.sessions.requirements import SAFETY
from noxline.sessions.scan import Scan, could_not_work, did_work, not_applicable
from noxline.sessions.workcopy import copy_project

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts

SAFETY_DATABASE = "NOXLINE_SAFETY_DB"
OLD_DAYS = 30
_DECLARING = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")


def resolved_requirements(session: nox.Session, facts: ProjectFacts) -> Path | str:
    """Return a file with the project's run-time dependencies, all pinned, or why they cannot be resolved."""
    path = scratch(session, "requirements.txt")
    path.unlink(missing_ok=True)
    quiet = ("--quiet", "--no-header", "--output-file", str(path))
    if (facts.root / "uv.lock").is_file():
        selection = ("--no-default-groups", "--no-emit-project", "--no-emit-workspace", "--no-hashes", "--no-annotate")
        done = capture(session, "uv", "export", "--frozen", *selection, *quiet)
    else:
        declaring = next((name for name in _DECLARING if (facts.root / name).is_file()), None)
        if declaring is None:
            return "the project declares no dependencies"
        # Old build backends write into the tree when they are asked for metadata.
        copy = copy_project(facts.root, scratch(session, "dependencies"))
        done = capture(session, "uv", "pip", "compile", "--no-annotate", declaring, *quiet, directory=copy)
    if done.code != 0 or not path.is_file():
        return f"the dependencies cannot be resolved: {done.last_line}"
    return path


def scan_with_pip_audit(session: nox.Session, requirements: Path | str, output: Path) -> Scan:
    """Write `pip-audit.json`; an audit that skipped a dependency or did not reach its data gives no report at all."""
    if isinstance(requirements, str):
        return could_not_work("pip-audit", requirements)
    report = output / "pip-audit.json"
    if not pinned(requirements):
        report.write_text('{"dependencies": [], "fixes": []}', encoding="utf-8")
        return did_work("pip-audit", [], note="the project has no dependencies")
    options = ("--strict", "--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json", "-o", str(report))
    done = capture(session, "pip-audit", *options, "-r", str(requirements))
    try:
        rows = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError):
        return _no_audit(report, done.last_line.removeprefix("ERROR:pip_audit._cli:"))
    skipped = next((row for row in rows if row.get("skip_reason")), None)
    if skipped:
        return _no_audit(report, f"{skipped['name']} was skipped: {skipped['skip_reason']}")
    return did_work("pip-audit", [_audited(row, found) for row in rows for found in row["vulns"]])


def _no_audit(report: Path, reason: str) -> Scan:
    report.unlink(missing_ok=True)
    return could_not_work("pip-audit", reason)


def pinned(requirements: Path) -> list[str]:
    """Return the lines of a requirements file that name a distribution."""
    lines = (line.strip() for line in requirements.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def _audited(row: dict[str, Any], found: dict[str, Any]) -> Finding:
    fixed = ", ".join(found.get("fix_versions", ()))
    remedy = f"fixed in {fixed}" if fixed else "no fixed version is known"
    message = f"{row['name']} {row['version']} has {found['id']}: {remedy}"
    return Finding(tool="pip-audit", rule=found["id"], severity=Severity.MEDIUM, message=message)


def install_safety(session: nox.Session) -> None:
    """Make safety's own environment: it pins packages that would spoil any other; only where it has a database."""
    if not os.environ.get(SAFETY_DATABASE):
        return
    place = _safety_environment(session)
    if not place.exists():
        python = str(Path(session.bin) / "python")
        session.run_install("uv", "venv", "-q", "--python", python, str(place), silent=True)
    session.run_install("uv", "pip", "install", "-q", "--python", str(place), *SAFETY, silent=True)


def scan_with_safety(session: nox.Session, requirements: Path | str, output: Path) -> Scan:
    """Write `safety.json` from the database in NOXLINE_SAFETY_DB; say how old it is when it is old."""
    database = os.environ.get(SAFETY_DATABASE)
    if not database:
        return not_applicable("safety", f"{SAFETY_DATABASE} names no database")
    if isinstance(requirements, str):
        return could_not_work("safety", requirements)
    if installing_only(session):
        return could_not_work("safety", "nothing was run")
    note = age_note(Path(database), datetime.datetime.now(datetime.timezone.utc))
    program = next(_safety_environment(session).glob("*/safety*"), None)
    if program is None:
        return could_not_work("safety", "it is not installed")
    report = output / "safety.json"
    done = capture(
        session, str(program), "check", "-r", str(requirements), "--db", database, "--save-json", str(report)
    )
    # 0: nothing found, 64: vulnerabilities found.
    if done.code not in {0, 64} or not report.is_file():
        report.unlink(missing_ok=True)
        return could_not_work("safety", done.last_line)
    rows = json.loads(report.read_text(encoding="utf-8"))["vulnerabilities"]
    return did_work("safety", [_known(row) for row in rows if not row.get("ignored")], note=note)


def age_note(database: Path, now: datetime.datetime) -> str:
    """Return how old a database is when that is more than 30 days, or that it does not say so."""
    try:
        document = json.loads((database / "insecure_full.json").read_text(encoding="utf-8"))
        made = datetime.datetime.fromtimestamp(float(document["meta"]["timestamp"]), now.tzinfo)
    except (OSError, ValueError, KeyError, TypeError):
        return "the database does not say how old it is"
    days = (now - made).days
    return f"the database is {days} days old" if days > OLD_DAYS else ""


def _safety_environment(session: nox.Session) -> Path:
    return Path(session.bin).resolve().parent / "safety"


def _known(row: dict[str, Any]) -> Finding:
    fixed = ", ".join(row.get("fixed_versions") or ())
    remedy = f"fixed in {fixed}" if fixed else "no fixed version is known"
    message = f"{row['package_name']} {row.get('analyzed_version') or ''} has {row['vulnerability_id']}: {remedy}"
    return Finding(tool="safety", rule=row["vulnerability_id"], severity=Severity.MEDIUM, message=message)
