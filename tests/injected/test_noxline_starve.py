"""Tests that get little CPU time, in real processes."""

from __future__ import annotations

import sys

import pytest

from tests.injected.processes import Project, outcomes

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="no process can be stopped there"),
]

# What matters is the share of the time in which the process ran: it holds on a busy machine too.
SHARE = """
import time
def test_share():
    began, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.05:
        pass
    assert 0.05 / (time.monotonic() - began) > 0.4
def test_after(): pass
"""


def test_a_starved_test_runs_a_small_part_of_the_time_and_the_next_one_starts(project: Project) -> None:
    project.write("test_a.py", SHARE)
    code, process = project.pytest(NOXLINE_STARVED="1")
    assert outcomes(process) == {"test_a.py::test_share": "failed", "test_a.py::test_after": "passed"}
    assert code == 1
