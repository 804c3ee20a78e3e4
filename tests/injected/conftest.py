"""A fresh project folder for tests that start test runners."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.injected.processes import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project")
