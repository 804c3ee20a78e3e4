"""Projects that nobody here wrote, unconfigured; the figures are those of pytest, coverage, bandit and radon alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(1500)]

MAY_FAIL = {"hooks", "lint", "types", "docs"}
PROJECTS: dict[str, dict[str, float]] = {
    "itsdangerous==2.2.0": {
        "tests.passed": 297,
        "coverage.line_percent": 95.89,
        "complexity.max": 14,
        "security.high": 1,
    },
    "cachetools==8.0.1": {
        "tests.passed": 465,
        "coverage.line_percent": 100.0,
        "complexity.max": 12,
        "security.high": 0,
    },
    "bottle==0.13.4": {"tests.passed": 359, "coverage.line_percent": 83.0, "complexity.max": 32, "security.high": 4},
}


def unpack(spec: str, folder: Path) -> Path:
    """Download the sdist of a project and make it a git repository of one commit."""
    name = spec.partition("==")[0]
    download = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        name,
        "-d",
        str(folder),
        spec,
    ]
    subprocess.run(download, check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "unpacked", filter="data")
    (root,) = (folder / "unpacked").iterdir()
    author = ["-c", "user.name=corpus", "-c", "user.email=corpus@localhost", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A", "-f"], [*author, "commit", "-q", "-m", spec]):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    return root


@pytest.mark.parametrize("spec", PROJECTS)
def test_project_unconfigured(spec: str, tmp_path: Path) -> None:
    root = unpack(spec, tmp_path)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    command = [sys.executable, "-m", "noxline", "ci", "--json", "--python", version]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("NOXLINE_")}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environ, stdin=subprocess.DEVNULL)
    run: dict[str, Any] = json.loads(done.stdout)
    assert run["exit_code"] == done.returncode, done.stderr
    failed = [t["name"] for t in run["tasks"] if t["status"] == "failed" and t["stage"] not in MAY_FAIL]
    assert not failed, done.stderr
    figures = {name: (run["metrics"].get(name) or {}).get("value") for name in PROJECTS[spec]}
    for name, want in PROJECTS[spec].items():
        assert figures[name] == pytest.approx(want, abs=1.5 if name == "coverage.line_percent" else 0), (name, figures)
    left = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True).stdout
    assert ".noxline" not in left
    assert "noxfile" not in left
