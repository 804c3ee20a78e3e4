"""The standard sessions for real: plain nox, real tools, a small project of its own noxfile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytestmark = pytest.mark.process

FILES = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "demo"
        version = "1.0"
        description = "A demonstration."
        readme = "README.md"
        requires-python = ">=3.10"

        [tool.hatch.build.targets.wheel]
        packages = ["src/demo"]

        [tool.ruff.lint]
        select = ["F"]

        [tool.ruff.format]

        [tool.release]
        replace = "{now:%Y-%m-%d}"
        """,
    "README.md": "# demo\n",
    "src/demo/__init__.py": '''
        """A demonstration."""

        import subprocess


        def run(command: str, retry: bool = False) -> int:
            """Run a command."""
            if retry and run(command):
                return subprocess.call(command, shell=True)
            return subprocess.call(command, shell=True)
        ''',
    "src/demo/long.py": "value = { 'unformatted' : 1 }\n",
    "noxfile.py": """
        from noxline.sessions.register import register

        register()
        """,
    ".pre-commit-config.yaml": """
        repos:
        - repo: local
          hooks:
          - id: rename
            name: rename
            language: system
            entry: sed -i.bak -e s/value/renamed/
            files: long\\.py$
          - id: no-todo
            name: no todo
            language: system
            entry: sh -c 'echo README.md is poor; exit 3'
            pass_filenames: false
        """,
    ".gitignore": ".noxline\n.nox\n*.bak\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project after one run of plain nox over its sessions."""
    root = tmp_path_factory.mktemp("real") / "demo"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    for args in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "one")):
        identity = ("-c", "user.name=a", "-c", "user.email=a@localhost")
        subprocess.run(["git", "-C", str(root), *identity, *args], check=True)
    nox(root, "-s", "hooks", "lint", "complexity", "duplication", "security", "sbom")
    return root


def nox(root: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("NOXLINE_")}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    argv = [sys.executable, "-m", "nox", "--nocolor", *args]
    done = subprocess.run(
        argv, cwd=root, env={**env, "NOXLINE_PYTHONS": version}, capture_output=True, text=True, check=False
    )
    (root / ".noxline" / "nox.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    return done


def report(root: Path, session: str, name: str) -> dict[str, object]:
    document: dict[str, object] = json.loads((root / ".noxline" / "out" / session / name).read_text(encoding="utf-8"))
    return document


def log(root: Path) -> str:
    return (root / ".noxline" / "nox.log").read_text(encoding="utf-8")


def rules(root: Path, session: str) -> list[str]:
    runs = report(root, session, f"{session}.sarif")["runs"]
    return [result["ruleId"] for run in runs for result in run["results"]]  # type: ignore[attr-defined]


def test_the_work_tree_is_left_alone(project: Path) -> None:
    status = subprocess.run(
        ["git", "-C", str(project), "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    # Importing a noxfile leaves its bytecode beside it, as plain nox does, unless the environment forbids bytecode.
    assert status.stdout in ("", "?? __pycache__/\n")


def test_hooks_are_findings_with_a_diff(project: Path) -> None:
    assert rules(project, "hooks") == ["rename", "no-todo"]
    diff = (project / ".noxline" / "out" / "hooks" / "hooks.diff").read_text()
    assert "-value = { 'unformatted' : 1 }\n+renamed = { 'unformatted' : 1 }\n" in diff
    assert "hooks failed: rename, no-todo; `--fix` applies" in log(project)


def test_lint_reports_what_the_project_does_not_format(project: Path) -> None:
    assert rules(project, "lint") == ["format"]


def test_security_tells_the_fate_of_every_scanner(project: Path) -> None:
    fates = {row["tool"]: row["status"] for row in report(project, "security", "tools.json")}  # type: ignore[index]
    assert fates["bandit"] == fates["detect-secrets"] == fates["pip-audit"] == "worked"
    assert fates["zizmor"] == fates["safety"] == "not_applicable"
    assert "bandit: 3 findings (2 high)" in log(project)


def test_complexity_and_duplication(project: Path) -> None:
    cc = report(project, "complexity", "radon.json")["cc"]
    assert [block["complexity"] for block in cc["src/demo/__init__.py"]] == [3]  # type: ignore[index]
    assert report(project, "duplication", "jscpd.json")["duplicates"] == []


def test_build_is_reproducible_and_its_bill_names_it(project: Path) -> None:
    built = report(project, "build", "build.json")
    assert (built["reproducible"], built["wheel"]) == (True, "demo-1.0-py3-none-any.whl")
    bill = report(project, "sbom", "sbom.cdx.json")
    assert bill["metadata"]["component"]["name"] == "demo"  # type: ignore[index]
    assert str(project) not in json.dumps(bill)


def test_fix_applies_what_hooks_change(project: Path) -> None:
    done = nox(project, "-s", "hooks", "--", "--fix")
    assert (project / "src" / "demo" / "long.py").read_text() == "renamed = { 'unformatted' : 1 }\n"
    assert "changed src/demo/long.py" in done.stderr
    assert done.returncode == 1, "the other hook still says no"
