"""The clock that leaves out the time in which the machine was busy with something else."""

from __future__ import annotations

import os
import time

from noxline.injected._noxline_records import Clock


def test_it_counts_waiting_and_never_more_than_passed() -> None:
    clock = Clock()
    before, began = clock.now(), time.perf_counter()
    time.sleep(0.02)
    spent = clock.now() - before
    assert 0 < spent <= time.perf_counter() - began + 1e-4


def test_it_goes_on_when_its_file_was_closed_by_a_test() -> None:
    clock = Clock()
    if clock._file >= 0:
        os.close(clock._file)
    assert clock.now() > 0
    assert clock._file == -1
