"""A project folder that tasks can write their reports from."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project, the current folder, with its output directory set."""
    folder = tmp_path / "project"
    (folder / "src" / "demo").mkdir(parents=True)
    (folder / "src" / "demo" / "__init__.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NOXLINE_ROOT", str(folder))
    monkeypatch.setenv("NOXLINE_OUTPUT", str(tmp_path / "output"))
    for name in ("NOXLINE_FIX", "NOXLINE_SAFETY_DB", "NOXLINE_NEWEST", "NOXLINE_PYTHONS", "NOXLINE_NEEDS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return the output directory of the task."""
    folder = tmp_path / "output"
    folder.mkdir(exist_ok=True)
    return folder
