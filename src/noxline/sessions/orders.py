"""Variables by which a run tells its sessions which tests to run; light, for every run reads them."""

from __future__ import annotations

AGAIN = "NOXLINE_AGAIN"  # the folder with a stored result of which the flaky tests alone run
SELECT = "NOXLINE_SELECT"  # single tests are reused
ALL = "all"  # the value of it with which everything runs, and is traced
EVERY = "every:"  # what begins a value with which now and then everything runs
