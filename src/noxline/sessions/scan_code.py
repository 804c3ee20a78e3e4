"""The scanners of files: bandit for code, zizmor for workflows, trivy where it is installed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.model.finding import Finding
from noxline.sessions.command import capture
from noxline.sessions.files import ignored_paths, source_files
from noxline.sessions.scan import Scan, could_not_work, did_work, not_applicable, severity_of

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts


_TOOLS = (".noxline/", ".nox/", ".venv/", ".tox/")


def scan_with_bandit(session: nox.Session, facts: ProjectFacts, output: Path) -> Scan:
    """Write `bandit.json`: problems in the package's own source, with the project's own configuration."""
    files = source_files(facts)
    if not files:
        return not_applicable("bandit", "no Python source of the project's own was found")
    report = output / "bandit.json"
    config = bandit_configuration(facts.root)
    done = capture(session, "bandit", "-q", *config, "-f", "json", "-o", str(report), "--exit-zero", *files)
    document = _read(report)
    if done.code != 0 or document is None:
        return could_not_work("bandit", done.last_line)
    if document["errors"]:
        first = document["errors"][0]
        return could_not_work("bandit", f"it could not check {first['filename']}: {first['reason']}")
    return did_work("bandit", [_bandit_finding(row) for row in document["results"]])


def bandit_configuration(root: Path) -> list[str]:
    """Return the options that make bandit read the project's configuration; by itself it reads none of files."""
    pyproject = root / "pyproject.toml"
    if (root / ".bandit").is_file():
        return ["--ini", ".bandit"]
    if pyproject.is_file() and re.search(r"^\[tool\.bandit\b", pyproject.read_text("utf-8"), re.MULTILINE):
        return ["-c", "pyproject.toml"]
    found = next((name for name in ("bandit.yaml", "bandit.yml", ".bandit.yml") if (root / name).is_file()), "")
    return ["-c", found] if found else []


def _bandit_finding(row: dict[str, Any]) -> Finding:
    return Finding(
        tool="bandit",
        rule=row["test_id"],
        severity=severity_of(row["issue_severity"]),
        message=row["issue_text"],
        file=Path(row["filename"]).as_posix(),
        line=row["line_number"],
    )


def scan_with_zizmor(session: nox.Session, facts: ProjectFacts, output: Path) -> Scan:
    """Write `zizmor.json`: problems in GitHub workflows, found without the network."""
    if not facts.workflows:
        return not_applicable("zizmor", "no GitHub workflows")
    done = capture(session, "zizmor", "--offline", "--no-progress", "--format", "json", ".")
    # 0: nothing found, 11 to 14: the highest severity that was.
    if done.code not in {0, 11, 12, 13, 14}:
        return could_not_work("zizmor", done.last_line)
    (output / "zizmor.json").write_text(done.out, encoding="utf-8")
    return did_work("zizmor", [_zizmor_finding(row) for row in json.loads(done.out) if not row.get("ignored")])


def _zizmor_finding(row: dict[str, Any]) -> Finding:
    places = row["locations"]
    place = next((p for p in places if p["symbolic"].get("kind") == "Primary"), places[0])
    local = place["symbolic"]["key"].get("Local", {})
    return Finding(
        tool="zizmor",
        rule=row["ident"],
        severity=severity_of(row["determinations"]["severity"]),
        message=row["desc"],
        file=Path(local.get("verbatim_path") or local.get("given_path", "")).as_posix(),
        line=place["concrete"]["location"]["start_point"]["row"] + 1,
    )


def scan_with_trivy(session: nox.Session, facts: ProjectFacts, output: Path) -> Scan:
    """Write `trivy.json`: secrets and misconfigurations, with the rules that are built into trivy."""
    if shutil.which("trivy") is None:
        return not_applicable("trivy", "it is not installed")
    report = output / "trivy.json"
    options = ("--scanners", "secret,misconfig", "--offline-scan", "--skip-check-update", "--quiet")
    skipped = [part for name in (*_TOOLS, *ignored_paths(facts.root)) for part in _skipping(name)]
    done = capture(session, "trivy", "fs", *options, *skipped, "--format", "json", "-o", str(report), str(facts.root))
    document = _read(report)
    if done.code != 0 or document is None:
        report.unlink(missing_ok=True)
        return could_not_work("trivy", done.last_line)
    return did_work("trivy", _trivy_findings(document))


def _skipping(name: str) -> tuple[str, str]:
    return ("--skip-dirs", name.rstrip("/")) if name.endswith("/") else ("--skip-files", name)


def _trivy_findings(document: dict[str, Any]) -> list[Finding]:
    found = []
    for target in document.get("Results", ()):
        for row in target.get("Misconfigurations", ()):
            line = row.get("CauseMetadata", {}).get("StartLine")
            found.append(_trivy_finding(row, target, rule=row["ID"], line=line))
        for row in target.get("Secrets", ()):
            found.append(_trivy_finding(row, target, rule=row["RuleID"], line=row.get("StartLine")))
    return found


def _trivy_finding(row: dict[str, Any], target: dict[str, Any], *, rule: str, line: int | None) -> Finding:
    return Finding(
        tool="trivy",
        rule=rule,
        severity=severity_of(row["Severity"]),
        message=row.get("Title", rule),
        file=target["Target"],
        line=line or None,
    )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document
