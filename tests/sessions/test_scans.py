"""The scanners of `security` with commands that only pretend."""

from __future__ import annotations

import datetime
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from noxline.model.finding import Severity
from noxline.sessions import scan_code, scan_secrets, security
from noxline.sessions.scan import could_not_work, did_work, not_applicable, severity_of
from noxline.sessions.scan_code import bandit_configuration, scan_with_bandit, scan_with_trivy, scan_with_zizmor
from noxline.sessions.scan_dependencies import age_note, scan_with_pip_audit, scan_with_safety
from noxline.sessions.scan_secrets import batches, new_secrets, scan_with_detect_secrets
from tests.sessions.samples import Answer, EndedError, FakeSession, facts

BANDIT_ROW = {
    "test_id": "B602",
    "issue_severity": "HIGH",
    "issue_text": "shell",
    "filename": "src/demo/__init__.py",
    "line_number": 3,
}


def bandit(output: Path, **changes: Any) -> Answer:
    report = {"errors": [], "results": [BANDIT_ROW], **changes}
    return Answer(files={output / "bandit.json": json.dumps(report)})


@pytest.mark.process
def test_bandit_counts_by_severity(root: Path, output: Path) -> None:
    session = FakeSession({"bandit": bandit(output)})
    scan = scan_with_bandit(session, facts(root), output)
    assert scan.line == "bandit: 1 finding (1 high)"
    assert session.ran[0][-1] == "src/demo/__init__.py"


@pytest.mark.process
def test_bandit_that_could_not_check_a_file_did_not_work(root: Path, output: Path) -> None:
    errors = [{"filename": "x.py", "reason": "syntax error"}]
    scan = scan_with_bandit(FakeSession({"bandit": bandit(output, errors=errors)}), facts(root), output)
    assert scan.report.status == "unavailable"
    assert "x.py: syntax error" in scan.report.reason


@pytest.mark.process
def test_bandit_without_a_report_did_not_work(root: Path, output: Path) -> None:
    scan = scan_with_bandit(FakeSession({"bandit": Answer(code=2, err="bad config\n")}), facts(root), output)
    assert scan.line == "bandit: unavailable: bad config"


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("pyproject.toml", "[tool.bandit]\nskips = ['B101']\n", ["-c", "pyproject.toml"]),
        ("pyproject.toml", "[project]\n", []),
        (".bandit", "[bandit]\n", ["--ini", ".bandit"]),
        ("bandit.yaml", "skips: []\n", ["-c", "bandit.yaml"]),
    ],
)
def test_the_projects_own_bandit_configuration(tmp_path: Path, name: str, text: str, options: list[str]) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert bandit_configuration(tmp_path) == options


def zizmor_row(**changes: Any) -> dict[str, Any]:
    place = {
        "symbolic": {"key": {"Local": {"verbatim_path": "./.github/workflows/ci.yml"}}, "kind": "Primary"},
        "concrete": {"location": {"start_point": {"row": 12}}},
    }
    return {
        "ident": "artipacked",
        "desc": "d",
        "determinations": {"severity": "Medium"},
        "locations": [place],
        **changes,
    }


def test_zizmor_findings(root: Path, output: Path) -> None:
    said = json.dumps([zizmor_row(), zizmor_row(ignored=True)])
    scan = scan_with_zizmor(FakeSession({"zizmor": Answer(code=13, out=said)}), facts(root, workflows=True), output)
    (found,) = scan.findings
    assert (found.file, found.line, found.severity) == (".github/workflows/ci.yml", 13, Severity.MEDIUM)
    assert (output / "zizmor.json").read_text() == said


def test_zizmor_that_fails_is_unavailable(root: Path, output: Path) -> None:
    scan = scan_with_zizmor(FakeSession({"zizmor": Answer(code=1, err="no\n")}), facts(root, workflows=True), output)
    assert scan.line == "zizmor: unavailable: no"
    assert not (output / "zizmor.json").exists()


def test_zizmor_without_workflows(root: Path, output: Path) -> None:
    assert scan_with_zizmor(FakeSession(), facts(root), output).line == "zizmor: not applicable: no GitHub workflows"


@pytest.mark.process
def test_trivy(root: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_code.shutil, "which", lambda _: None)
    assert scan_with_trivy(FakeSession(), facts(root), output).report.status == "not_applicable"
    monkeypatch.setattr(scan_code.shutil, "which", lambda _: "/bin/trivy")
    target = {
        "Target": "Dockerfile",
        "Misconfigurations": [
            {"ID": "DS002", "Severity": "HIGH", "Title": "root user", "CauseMetadata": {}},
        ],
        "Secrets": [{"RuleID": "aws", "Severity": "CRITICAL", "StartLine": 4}],
    }
    answer = Answer(files={output / "trivy.json": json.dumps({"Results": [target]})})
    session = FakeSession({"trivy": answer})
    scan = scan_with_trivy(session, facts(root), output)
    assert ("--skip-dirs", ".noxline") in itertools.pairwise(session.ran[0])
    assert [(f.rule, f.line, f.message) for f in scan.findings] == [("DS002", None, "root user"), ("aws", 4, "aws")]


def requirements(tmp_path: Path, text: str = "a==1\n") -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(text, encoding="utf-8")
    return path


def pip_audit(output: Path, *rows: dict[str, Any], code: int = 1) -> FakeSession:
    files = {output / "pip-audit.json": json.dumps({"dependencies": rows})}
    return FakeSession({"pip-audit": Answer(code=code, files=files)})


def test_pip_audit(tmp_path: Path, output: Path) -> None:
    row = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    scan = scan_with_pip_audit(pip_audit(output, row), requirements(tmp_path), output)
    assert [f.message for f in scan.findings] == ["a 1 has CVE-1: fixed in 2"]


def test_an_audit_that_skipped_a_dependency_is_not_zero_found(tmp_path: Path, output: Path) -> None:
    row = {"name": "a", "skip_reason": "not found"}
    scan = scan_with_pip_audit(pip_audit(output, row, code=0), requirements(tmp_path), output)
    assert scan.line == "pip-audit: unavailable: a was skipped: not found"
    assert not (output / "pip-audit.json").exists()


def test_an_audit_without_its_data_is_unavailable(tmp_path: Path, output: Path) -> None:
    session = FakeSession({"pip-audit": Answer(code=1, err="ERROR:pip_audit._cli:no data\n")})
    assert scan_with_pip_audit(session, requirements(tmp_path), output).line == "pip-audit: unavailable: no data"


def test_a_project_without_dependencies_has_nothing_to_audit(tmp_path: Path, output: Path) -> None:
    session = FakeSession()
    scan = scan_with_pip_audit(session, requirements(tmp_path, "# nothing\n"), output)
    assert scan.worked
    assert session.ran == []
    assert json.loads((output / "pip-audit.json").read_text())["dependencies"] == []


def test_dependencies_that_cannot_be_resolved(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOXLINE_SAFETY_DB", "/db")
    assert scan_with_pip_audit(FakeSession(), "no index", output).line == "pip-audit: unavailable: no index"
    assert scan_with_safety(FakeSession(), "no index", output).line == "safety: unavailable: no index"


def test_safety(tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeSession(bin=str(tmp_path / "env" / "bin"))
    monkeypatch.delenv("NOXLINE_SAFETY_DB", raising=False)
    assert scan_with_safety(session, requirements(tmp_path), output).report.status == "not_applicable"
    monkeypatch.setenv("NOXLINE_SAFETY_DB", str(tmp_path))
    assert "not installed" in scan_with_safety(session, requirements(tmp_path), output).line
    program = tmp_path / "env" / "safety" / "bin" / "safety"
    program.parent.mkdir(parents=True)
    program.touch()
    row = {"package_name": "a", "vulnerability_id": "7", "analyzed_version": "1", "fixed_versions": []}
    report = json.dumps({"vulnerabilities": [row, {**row, "ignored": True}]})
    session.answers["safety"] = Answer(code=64, files={output / "safety.json": report})
    scan = scan_with_safety(session, requirements(tmp_path), output)
    assert scan.line == "safety: 1 finding (0 high); the database does not say how old it is"


def test_age_of_a_database(tmp_path: Path) -> None:
    now = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
    path = tmp_path / "insecure_full.json"
    path.write_text(json.dumps({"meta": {"timestamp": (now - datetime.timedelta(days=45)).timestamp()}}))
    assert age_note(tmp_path, now) == "the database is 45 days old"
    path.write_text(json.dumps({"meta": {"timestamp": (now - datetime.timedelta(days=30)).timestamp()}}))
    assert age_note(tmp_path, now) == ""


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("a.py", "uv.lock", ".secrets.baseline")
    monkeypatch.setattr(scan_secrets, "listed_files", lambda _: names)


@pytest.mark.usefixtures("listed")
def test_secrets_that_the_baseline_knows_are_no_findings(root: Path, output: Path, tmp_path: Path) -> None:
    known, new = ({"type": "Key", "hashed_secret": name, "line_number": 2} for name in ("old", "new"))
    (root / ".secrets.baseline").write_text(json.dumps({"results": {"a.py": [known]}}))
    session = FakeSession(bin=str(tmp_path / "env" / "bin"))
    copy = tmp_path / "env" / "tmp" / "secrets.baseline"
    copy.parent.mkdir(parents=True)
    session.answers["detect-secrets"] = Answer(files={copy: json.dumps({"results": {"a.py": [known, new]}})})
    before = (root / ".secrets.baseline").read_text()
    scan = scan_with_detect_secrets(session, facts(root), output)
    assert [f.line for f in scan.findings] == [2]
    assert session.ran[0][-1] == "a.py"
    assert "uv.lock" not in session.ran[0]
    assert json.loads((output / "secrets.json").read_text())["results"] == {"a.py": [new]}
    assert (root / ".secrets.baseline").read_text() == before


@pytest.mark.usefixtures("listed")
def test_secrets_without_an_answer(root: Path, output: Path, tmp_path: Path) -> None:
    session = FakeSession({"detect-secrets": Answer(code=1, err="broken\n")}, bin=str(tmp_path / "bin"))
    assert scan_with_detect_secrets(session, facts(root), output).line == "detect-secrets: unavailable: broken"
    assert not (output / "secrets.json").exists()


def test_a_secret_that_the_baseline_calls_real_stays() -> None:
    row = {"hashed_secret": "h"}
    assert new_secrets({"a": [row]}, {"a": [{**row, "is_secret": True}]}) == {"a": [row]}
    assert new_secrets({"a": [row]}, {"a": [{**row, "is_secret": False}]}) == {}
    assert new_secrets({"a": [row]}, {"b": [row]}) == {"a": [row]}


def test_batches_lose_nothing_and_fit() -> None:
    names = [f"{'x' * 100}{n}" for n in range(1000)]
    groups = batches(names)
    assert [name for group in groups for name in group] == names
    assert len(groups) > 1
    assert all(sum(len(name) + 3 for name in group) <= 25_000 for group in groups)


def test_ratings() -> None:
    assert severity_of("HIGH") is Severity.HIGH
    assert severity_of("Informational") is Severity.LOW


@pytest.fixture
def scanners(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace all scanners by one answer that a test may change."""
    fate = {"scan": could_not_work("x", "no data")}
    for name in ("bandit", "detect_secrets", "zizmor", "pip_audit", "safety", "trivy"):
        monkeypatch.setattr(security, f"scan_with_{name}", lambda *_: fate["scan"])
    monkeypatch.setattr(security, "resolved_requirements", lambda *_: "none")
    return fate


def test_security_fails_only_when_no_scanner_worked(root: Path, output: Path, scanners: dict[str, Any]) -> None:
    with pytest.raises(EndedError, match="no scanner could work"):
        security.run_security(FakeSession(), facts(root))
    scanners["scan"] = not_applicable("x", "nothing")
    with pytest.raises(EndedError, match="no scanner could work"):
        security.run_security(FakeSession(), facts(root))
    scanners["scan"] = did_work("x", [])
    session = FakeSession()
    security.run_security(session, facts(root))
    assert session.lines == ["x: 0 findings (0 high)"] * 6
    assert json.loads((output / "tools.json").read_text())[0]["status"] == "worked"
