"""A task must not read noxline's environment out of /proc."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_its_owner_is_root_from_then_on() -> None:
    """As root every process can still read; what changes for others is whose the files are."""
    owner = "import os; from noxline.system.own_environment import hide_own_environment as hide; "
    told = subprocess.run(
        [sys.executable, "-c", owner + "before = os.stat('/proc/self/environ').st_uid; assert hide(); "
         "import ctypes; print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), os.stat('/proc/self/environ').st_uid)"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    _before, dumpable, after = told.stdout.split()
    assert (dumpable, after) == ("0", "0")
