"""Environments with other versions of pytest, and with the plug-ins that people use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from noxline.nox_bridge.interpreters import find_interpreters


def make_environment(folder: Path, python: str, *packages: str) -> Path:
    """Return the interpreter of a new environment; skip the test where the index or the Python is not to be had."""
    uv = find_uv_bin()
    found = next((one.path for one in find_interpreters(os.environ, None) if one.version == python), None)
    if found is None:
        pytest.skip(f"Python {python} is not on this machine")
    for command in (
        [uv, "venv", "-q", "--python", str(found), str(folder)],
        [uv, "pip", "install", "-q", "--python", str(folder), *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            if os.environ.get("NOXLINE_REQUIRE_COMPONENTS"):
                pytest.fail(f"{' '.join(packages)} cannot be installed: {done.stderr.strip()}")
            pytest.skip(f"{' '.join(packages)} for Python {python}: {done.stderr.strip().splitlines()[-1:]}")
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
