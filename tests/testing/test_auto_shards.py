"""The number of shards that noxline chooses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.auto_shards import Suite, auto_count

SECONDS = st.floats(0.01, 1000)


@given(SECONDS, SECONDS, SECONDS, st.integers(1, 32), st.integers(1, 6))
def test_it_is_between_one_and_the_cores_and_stays(
    total: float, longest: float, startup: float, cores: int, sessions: int
) -> None:
    suite = Suite(total=total, longest=min(total, longest), startup=startup)
    count = auto_count(suite, cores=cores, sessions=sessions)
    assert 1 <= count <= cores
    assert auto_count(suite, cores=cores, sessions=sessions, last=count) == count


def test_a_suite_that_is_quicker_than_its_start_is_not_split() -> None:
    assert auto_count(Suite(total=0.2, longest=0.1, startup=3.0), cores=8, sessions=1) == 1


def test_one_long_test_sets_the_number() -> None:
    assert auto_count(Suite(total=20.0, longest=10.0, startup=0.0), cores=8, sessions=1) == 2


def test_pythons_that_fill_the_cores_need_no_shards() -> None:
    assert auto_count(Suite(total=100.0, longest=1.0, startup=2.0), cores=4, sessions=4) == 1
    assert auto_count(Suite(), cores=4, sessions=4) == 1


def test_without_knowledge_the_cores_are_filled() -> None:
    assert auto_count(Suite(), cores=4, sessions=1) == 4
    assert auto_count(Suite(), cores=4, sessions=3) == 2
    assert auto_count(Suite(), cores=4, sessions=1, last=3) == 3
