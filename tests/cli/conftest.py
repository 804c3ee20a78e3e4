from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

LAUNCH = Path(__file__).with_name("launch.py")
# The last one is dropped so that the many processes of these tests compile noxline once.
OURS = ("CI", "GITHUB_ACTIONS", "NO_COLOR", "TERM", "FAKE", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said; the project's folder is shown as PROJECT."""

    code: int
    out: str
    err: str


Noxline = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "1"\n', encoding="utf-8")
    return tmp_path


@pytest.fixture
def noxline(project: Path) -> Noxline:
    """Return a function that runs a command in the project and gives its code and whole output."""

    def run(*arguments: str, **variables: str) -> Ended:
        environ = {name: value for name, value in os.environ.items() if name not in OURS}
        done = subprocess.run(
            [sys.executable, str(LAUNCH), *arguments],
            cwd=project,
            env={**environ, "PYTHONUTF8": "1", **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, *(text.replace(str(project), "PROJECT") for text in (done.stdout, done.stderr)))

    return run
