"""A seal notices every change, and with a key every stranger."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache.seals import SealError, derived_key, is_keyed, seal, unchecked, unseal

KEYS = st.none() | st.binary(min_size=1, max_size=8)
BODIES = st.binary(max_size=20).filter(lambda body: b"\n" not in body)
PLACE = "entries/local/ab/cd.json"


def breaks(data: bytes, place: str = PLACE, key: bytes | None = None) -> str:
    with pytest.raises(SealError) as caught:
        unseal(data, place, key)
    return str(caught.value)


@given(BODIES, KEYS)
def test_a_body_comes_back(body: bytes, key: bytes | None) -> None:
    data = seal(body, PLACE, key)
    assert unseal(data, PLACE, key) == unchecked(data) == body
    assert is_keyed(data) is (key is not None)


@given(BODIES, KEYS, st.data())
def test_any_changed_or_missing_byte_breaks_it(body: bytes, key: bytes | None, data: st.DataObject) -> None:
    good = seal(body, PLACE, key)
    index = data.draw(st.integers(0, len(good) - 1))
    breaks(good[:index] + bytes([good[index] ^ data.draw(st.integers(1, 255))]) + good[index + 1 :], key=key)
    breaks(good[:index], key=key)
    breaks(good + b"\n", key=key)


@given(BODIES, KEYS)
def test_it_fits_no_other_place(body: bytes, key: bytes | None) -> None:
    breaks(seal(body, PLACE, key), "entries/trusted/ab/cd.json", key)


@given(BODIES, st.binary(min_size=1, max_size=8), st.data())
def test_a_torn_file_is_noticed_without_the_key(body: bytes, key: bytes, data: st.DataObject) -> None:
    good = seal(body, PLACE, key)
    with pytest.raises(SealError, match="it is torn"):
        unchecked(good[: data.draw(st.integers(len(body) + 2, len(good) - 1))])


@given(st.binary(max_size=8), st.binary(max_size=8))
def test_a_derived_key_is_of_full_length_and_of_its_secret_alone(secret: bytes, other: bytes) -> None:
    assert len(derived_key(secret)) == 32
    assert derived_key(secret) == derived_key(secret)
    # Of two secrets that differ by zeros at their ends, HMAC makes one key; a signing key has a fixed length.
    assert (derived_key(secret) == derived_key(other)) == (secret.rstrip(b"\0") == other.rstrip(b"\0"))


def test_with_a_key_only_that_key_is_taken() -> None:
    assert breaks(seal(b"x", PLACE, None), key=b"k") == "no trusted run wrote it"
    assert breaks(seal(b"x", PLACE, b"other"), key=b"k") == "it was changed, or was not written by a run like this one"
    assert breaks(seal(b"x", PLACE, b"k")) == "it was changed"
    assert breaks(b"") == "it is torn"
