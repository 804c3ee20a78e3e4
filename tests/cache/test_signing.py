"""Signatures: what they bind, and what no key may sign for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache.signing import (
    SCOPE,
    SIGNING_KEY,
    TRUSTED,
    Keyring,
    Statement,
    generate,
    namespace_of,
    signer_of,
)
from noxline.errors import ConfigError
from tests.cache.remote_fakes import KEYS, MAIN, PULL_REQUEST, STRANGER

PARTS: dict[str, Any] = {"namespace": TRUSTED, "kind": "entry", "name": "a" * 64, "content": b"content"}
STATEMENT = Statement(**PARTS)
CHANGES = (
    {"namespace": "scope/pr-1"},
    {"kind": "record"},
    {"name": "b" * 64},
    {"content": b"contenT"},
)


def test_a_listed_key_is_believed_and_a_strangers_is_not() -> None:
    keys = Keyring(KEYS)
    assert keys.verify(MAIN.public, MAIN.sign(STATEMENT), STATEMENT)
    assert not keys.verify(STRANGER.public, STRANGER.sign(STATEMENT), STATEMENT)
    assert not keys.verify(MAIN.public, STRANGER.sign(STATEMENT), STATEMENT)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_signature_holds_for_one_place_and_content_only(change: dict[str, object]) -> None:
    keys = Keyring((MAIN.public, f"{MAIN.public} scope/*"))
    signature = MAIN.sign(STATEMENT)
    assert not keys.verify(MAIN.public, signature, Statement(**{**PARTS, **change}))


@given(
    st.lists(st.tuples(st.text(), st.text(), st.text(), st.binary()), min_size=2, max_size=2, unique=True),
)
def test_no_two_statements_are_signed_alike(pair: list[tuple[str, str, str, bytes]]) -> None:
    one, other = (Statement(namespace=n, kind=k, name=m, content=c) for n, k, m, c in pair)
    assert one.message() != other.message()


@pytest.mark.parametrize(
    ("line", "namespace", "may"),
    [
        ("", "trusted", True),
        ("", "scope/pr-1", False),
        (" scope/*", "scope/pr-1", True),
        (" scope/*", "trusted", False),
        (" scope/pr-1", "scope/pr-1", True),
        (" scope/pr-1", "scope/pr-12", False),
        (" scope/pr-1", "trusted", False),
        (" trusted", "trusted", True),
    ],
)
def test_a_key_signs_for_its_namespaces_only(line: str, namespace: str, may: bool) -> None:
    assert Keyring((MAIN.public + line,)).may_sign(MAIN.public, namespace) is may


def test_a_generated_key_signs_what_its_public_half_verifies() -> None:
    private, public = generate()
    signer = signer_of({SIGNING_KEY: f" {private}\n"})
    assert signer is not None
    assert signer.public == public
    assert Keyring((public,)).verify(public, signer.sign(STATEMENT), STATEMENT)


def test_without_a_key_nothing_signs() -> None:
    assert signer_of({}) is None
    assert signer_of({SIGNING_KEY: ""}) is None


@pytest.mark.parametrize("text", ["secret-text", "ed25519-private:c2VjcmV0", "ed25519-private:%%secret", MAIN.public])
def test_a_bad_private_key_is_named_by_its_variable_and_never_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        signer_of({SIGNING_KEY: text})
    assert caught.value.place == SIGNING_KEY
    assert "keygen" in caught.value.hint
    assert text not in caught.value.message
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ed25519:",
        "ed25519:AAAA",
        "rsa:AAAA",
        MAIN.public + " main",
        MAIN.public + " scope/",
        MAIN.public + " scope/../x",
    ],
)
def test_a_bad_public_key_is_refused(line: str) -> None:
    with pytest.raises(ConfigError, match="public key") as caught:
        Keyring((line,))
    assert caught.value.place == "[cache] keys"


def test_a_private_key_in_the_settings_is_not_repeated() -> None:
    private, _ = generate()
    with pytest.raises(ConfigError) as caught:
        Keyring((private,))
    assert private not in caught.value.message
    assert "a private key" in caught.value.message


@pytest.mark.parametrize(("scope", "namespace"), [("", "trusted"), ("trusted", "trusted"), ("pr-12", "scope/pr-12")])
def test_the_scope_names_the_namespace(scope: str, namespace: str) -> None:
    assert namespace_of({SCOPE: scope}) == namespace


@pytest.mark.parametrize("scope", ["../trusted", "a/b", ".", "..", "*", "pr 12", "x" * 101])
def test_a_scope_cannot_lead_out_of_its_folder(scope: str) -> None:
    with pytest.raises(ConfigError) as caught:
        namespace_of({SCOPE: scope})
    assert caught.value.place == SCOPE


def test_keys_of_other_people_are_listed_apart() -> None:
    assert not Keyring(KEYS).may_sign(PULL_REQUEST.public, TRUSTED)
