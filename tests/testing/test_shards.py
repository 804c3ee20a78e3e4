"""Shards: disjoint, complete, balanced, never empty without need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.shards import assign_shards

NAMES = st.lists(st.text("abc/:", min_size=1, max_size=6), unique=True, max_size=40)
SECONDS = st.floats(min_value=0, max_value=1000, allow_nan=False)


@given(NAMES, st.dictionaries(st.text("abc/:", min_size=1, max_size=6), SECONDS), st.integers(1, 9))
def test_every_test_is_in_exactly_one_block_and_blocks_follow_the_sorted_order(
    names: list[str], durations: dict[str, float], count: int
) -> None:
    blocks = assign_shards(names, durations, count)
    assert len(blocks) == count
    assert [name for block in blocks for name in block] == sorted(names)


@given(NAMES, st.dictionaries(st.text("abc/:", min_size=1, max_size=6), SECONDS), st.integers(1, 9))
def test_no_block_is_empty_when_there_are_enough_tests(
    names: list[str], durations: dict[str, float], count: int
) -> None:
    filled = sum(bool(block) for block in assign_shards(names, durations, count))
    assert filled == min(count, len(names))


@given(st.lists(SECONDS, min_size=1, max_size=40), st.integers(1, 6))
def test_no_block_is_longer_than_its_share_by_more_than_one_test(seconds: list[float], count: int) -> None:
    durations = {f"t{n:03}": max(value, 0.001) for n, value in enumerate(seconds)}
    blocks = assign_shards(list(durations), durations, count)
    share = sum(durations.values()) / count
    assert max(sum(durations[name] for name in block) for block in blocks) <= share + max(durations.values()) * 1.001


@given(NAMES, st.integers(1, 5), st.randoms())
def test_a_group_is_never_torn(names: list[str], count: int, random: object) -> None:
    groups = {name: name[0] for name in names}
    blocks = assign_shards(names, {}, count, groups=groups)
    for letter in "abc/:":
        assert sum(any(groups[name] == letter for name in block) for block in blocks) <= 1
    assert sorted(name for block in blocks for name in block) == sorted(names)


@given(NAMES, st.integers(1, 5))
def test_the_order_of_collection_does_not_matter(names: list[str], count: int) -> None:
    assert assign_shards(names, {}, count) == assign_shards(names[::-1], {}, count)


def test_unknown_tests_weigh_the_median() -> None:
    durations = {"a": 1.0, "b": 1.0, "c": 100.0}
    assert assign_shards(["a", "b", "c", "new"], durations, 2) == (("a", "b"), ("c", "new"))


def test_few_tests_fill_the_first_shards() -> None:
    assert assign_shards(["a"], {}, 3) == (("a",), (), ())
