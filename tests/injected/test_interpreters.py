"""What is injected runs in the projects' own interpreters, those included that noxline itself does not support."""

from __future__ import annotations

import os
import subprocess

import pytest

from noxline.nox_bridge.interpreters import find_interpreters
from noxline.sessions.measure import INJECTED

NAMES = sorted(path.stem for path in INJECTED.glob("_noxline_*.py"))
TRY = """
import sys, types
made = types.ModuleType("pytest")
made.hookimpl = lambda *given, **options: given[0] if given else (lambda function: function)
sys.modules.setdefault("pytest", made)
for name in sys.argv[1:]:
    __import__(name)
"""


@pytest.mark.process
@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_every_injected_module_can_be_imported(version: str) -> None:
    found = next((one.path for one in find_interpreters(os.environ, None) if one.version == version), None)
    if found is None:
        pytest.skip(f"Python {version} is not on this machine")
    done = subprocess.run(
        [str(found), "-S", "-c", TRY, *NAMES],
        env={**os.environ, "PYTHONPATH": str(INJECTED)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
