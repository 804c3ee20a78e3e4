"""What reuse has brought is added up, and a torn line costs that line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache.ledger import Tally, append, total

COUNTS = st.integers(0, 10**6)
TALLIES = st.builds(
    Tally,
    hits=COUNTS,
    misses=COUNTS,
    saved_seconds=st.integers(0, 10**6).map(lambda number: number / 4),
    verified=COUNTS,
    wrong=COUNTS,
)


@given(tallies=st.lists(TALLIES, max_size=5))
def test_runs_are_added_up(tmp_path_factory: pytest.TempPathFactory, tallies: list[Tally]) -> None:
    root = str(tmp_path_factory.mktemp("ledger") / "v1")
    assert total(root) == Tally()
    for tally in tallies:
        append(root, tally)
    assert total(root) == sum(tallies, Tally())


@pytest.mark.parametrize(
    "line",
    [b"", b"1 2 3\n", b"1 2 x 4 5\n", b"-1 2 3 4 5\n", b"1 2 nan 4 5\n", b"\xff\0\n", b"9" * 5000 + b" 1 1 1 1\n"],
)
def test_a_torn_line_is_passed_over(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "ledger").write_bytes(b"1 2 3.5 4 1\n" + line)
    assert total(str(tmp_path)) == Tally(hits=1, misses=2, saved_seconds=3.5, verified=4, wrong=1)


def test_a_long_ledger_becomes_one_line(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"1 0 1.000 0 0\n" * 20_000)
    append(str(tmp_path), Tally(hits=2, wrong=1, verified=3))
    assert (tmp_path / "ledger").read_text() == "20002 0 20000.000 3 1\n"


def test_a_place_that_cannot_be_written_costs_the_tally(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    append(str(tmp_path / "file"), Tally(hits=1))
    assert total(str(tmp_path / "file")) == Tally()


def test_the_rate_of_wrong_hits(tmp_path: Path) -> None:
    assert Tally(hits=9).wrong_rate is None
    assert Tally(hits=9, verified=4, wrong=1).wrong_rate == 0.25
