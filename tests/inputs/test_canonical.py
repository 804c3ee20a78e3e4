"""No two values are ever written alike, and a value is always written alike."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from noxline.inputs.canonical import digest, encode

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
PLAIN: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def shape(value: object) -> object:
    """Return a value in which 1, 1.0 and True, and 0.0 and -0.0, are told apart by `==`."""
    if isinstance(value, dict):
        return ("dict", frozenset((key, shape(inner)) for key, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return ("list", tuple(map(shape, value)))
    return (type(value).__name__, repr(value))


@given(PLAIN, PLAIN)
@example("é", os.fsdecode(b"\xc3") + os.fsdecode(b"\xa9"))  # both are the bytes C3 A9 to a file system
@example([1], [1.0])
@example([1], [True])
@example(0.0, -0.0)
@example({"a": ["b"]}, {"a": "b"})
@example(["a", "b"], ["ab"])
@example([["a"], "b"], [["a", "b"]])
@example({}, [])
def test_different_values_are_written_differently(one: Any, other: Any) -> None:
    assert (encode(one) == encode(other)) == (shape(one) == shape(other))


@given(PLAIN, st.binary(min_size=1, max_size=3))
def test_nothing_can_be_added_behind_a_value(value: Any, more: bytes) -> None:
    assert encode([value]) + more != encode([value, value])
    assert len({encode([value]), encode([value, None]), encode([[value]]), encode(value)}) == 4


@given(st.dictionaries(TEXTS, LEAVES, max_size=6), st.randoms())
def test_the_order_of_a_mapping_does_not_count(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert encode(dict(items)) == encode(value)


def test_a_list_and_a_tuple_are_the_same() -> None:
    assert encode(("a", ("b",))) == encode(["a", ["b"]])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": [1, True], "a": "x", "c": None}, b"d3:s1:as1:xs1:bl2:i1:1b1:1s1:cn0:"),
        (["é", -3, 0.1], b"l3:s2:\xc3\xa9i2:-3f3:0.1"),
        ("\udc80", b"s3:\xed\xb2\x80"),
    ],
)
def test_the_form_is_settled(value: Any, expected: bytes) -> None:
    assert encode(value) == expected


def test_the_digest_is_settled() -> None:
    assert digest({"schema": 1}) == "d9d90fdad5ca23bde7ad02e8037c04855bbdfdd472a082aac48806c1aca14262"


@pytest.mark.parametrize("value", [b"x", {1}, object(), 1j, range(3), {"a": b"x"}])
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no plain data"):
        encode(value)


def test_keys_of_two_kinds_are_refused() -> None:
    with pytest.raises(TypeError):
        encode({1: "a", "b": "c"})
