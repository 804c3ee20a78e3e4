"""Sealed objects: what is opened, and what is not even looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache.envelope import HEADER, ForeignError, seal, unseal
from noxline.cache.failures import GarbageError
from noxline.cache.signing import TRUSTED, Keyring, Statement
from tests.cache.remote_fakes import KEYS, MAIN, STRANGER

RING = Keyring(KEYS)


def sealed(content: bytes = b"content", signer: object = MAIN) -> bytes:
    return seal(Statement(namespace=TRUSTED, kind="entry", name="n", content=content), signer)  # type: ignore[arg-type]


def opened(data: bytes) -> bytes:
    return unseal(data, RING, namespace=TRUSTED, kind="entry", name="n")


@given(st.binary())
def test_content_comes_back(content: bytes) -> None:
    data = sealed(content)
    assert opened(data) == content
    assert len(data) <= len(content) + HEADER


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    original = sealed(b"some content")
    position = data.draw(st.integers(0, len(original) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(original)
    changed[position] ^= flip
    with pytest.raises((ForeignError, GarbageError)):
        opened(bytes(changed))


@given(st.binary())
def test_anything_else_is_garbage(data: bytes) -> None:
    with pytest.raises((ForeignError, GarbageError)):
        opened(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"noxline-1 " + MAIN.public.encode() + b"\ncontent", "not signed"),
        (b"noxline-1 \ncontent", "not signed"),
        (sealed(signer=STRANGER), "lists no such key"),
        (sealed() + b"x", "does not hold"),
        (sealed()[:-1], "does not hold"),
        (sealed(signer=STRANGER).replace(STRANGER.public.encode(), MAIN.public.encode()), "does not hold"),
    ],
)
def test_what_is_not_believed_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(ForeignError, match=reason):
        opened(data)


@pytest.mark.parametrize("data", [b"", b"<html><body>Sign in</body></html>\n", b"noxline-1 " + b"x" * 1000])
def test_what_noxline_never_wrote_is_garbage(data: bytes) -> None:
    with pytest.raises(GarbageError):
        opened(data)
