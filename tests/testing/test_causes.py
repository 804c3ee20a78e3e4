"""What an error shows of why a test is flaky, and what it does not."""

from __future__ import annotations

import errno

import pytest

from noxline.testing.causes import shown_by

TRACE = "def test_x():\n>       act()\n\ntest_x.py:3:\n"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (f"E   OSError: [Errno {errno.EADDRINUSE}] Address already in use", "resource-dependent"),
        (f"E   PermissionError: [Errno {errno.EACCES}] Permission denied: 'a'", "flaky"),
        ("E   MemoryError", "resource-dependent"),
        (f"E   ConnectionRefusedError: [Errno {errno.ECONNREFUSED}] Connection refused", "resource-dependent"),
        ("E   TimeoutError: nothing came", "timing-dependent"),
        ("E           TimeoutError: nothing came", "timing-dependent"),
        ("E   subprocess.TimeoutExpired: Command 'x' timed out after 1 seconds", "timing-dependent"),
        ("E   Failed: Timeout (>1.0s) from pytest-timeout.", "timing-dependent"),
        ("E   Failed: DID NOT RAISE <class 'TimeoutError'>", "flaky"),
        ("E   AssertionError: first\nE   TimeoutError: a second line", "flaky"),
        ("E   assert 'TimeoutError: x' == ''\nE     \nE     + TimeoutError: x", "flaky"),
        ("E   TimeoutError: caught\n\nDuring handling:\n\nE   ValueError: and then", "flaky"),
        ("E   ValueError: first\n\nthe direct cause:\n\nE   TimeoutError: at last", "timing-dependent"),
        ("no error at all", "flaky"),
    ],
)
def test_only_the_error_that_the_test_met_counts(error: str, kind: str) -> None:
    assert shown_by(f"{TRACE}{error}\n\ntest_x.py:9: Error") == kind
