"""Addresses of a remote cache."""

from __future__ import annotations

import pytest

from noxline.cache.addresses import parse_address
from noxline.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("https://cache.example.org/noxline", "https"),
        ("http://[::1]:8080", "http"),
        ("s3://bucket", "s3"),
        ("gs://bucket/a/b/", "gs"),
        ("az://container/x", "az"),
        ("file:///mnt/cache", "file"),
    ],
)
def test_sound_addresses(text: str, scheme: str) -> None:
    assert parse_address(text).scheme == scheme
    assert parse_address(text).text == text.rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "cache.example.org",
        "ftp://cache.example.org",
        "https://",
        "https:///path",
        "https://host:port/",
        "https://host:99999/",
        "https://[::1/",
        "https://host/?token=x",
        "https://host/#x",
        "s3://",
        "file://mnt/cache",
        "file:relative",
        "",
    ],
)
def test_others_are_refused_with_place_and_hint(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(text)
    assert caught.value.place == "[cache] remote"
    assert "https://cache.example.org" in caught.value.hint or "file:///" in caught.value.hint


def test_credentials_in_settings_are_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="credentials") as caught:
        parse_address("https://me:hunter2@cache.example.org/")  # pragma: allowlist secret - made up
    assert "hunter2" not in caught.value.message + caught.value.hint
