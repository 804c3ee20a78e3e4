"""CPU tokens."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.engine import limits
from noxline.engine.limits import Tokens


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(limits).failed == 0


@given(st.integers(1, 16), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=20))
def test_nobody_gets_more_than_is_free_or_asked_for(total: int, wishes: list[tuple[int, int]]) -> None:
    pool = Tokens(total)
    for most, contenders in wishes:
        free = pool.free
        if not free:
            break
        taken = pool.take(most, contenders=contenders)
        assert 1 <= taken <= min(free, max(most, 1))
        assert pool.free == free - taken


def test_every_contender_finds_a_token_while_there_are_enough() -> None:
    pool = Tokens(4)
    assert [pool.take(9, contenders=left) for left in (4, 3, 2, 1)] == [1, 1, 1, 1]


def test_an_empty_pool_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one CPU token"):
        Tokens(0)
    pool = Tokens(1)
    pool.take(1, contenders=1)
    with pytest.raises(ValueError, match="no token is free"):
        pool.take(1, contenders=1)
