"""An entry comes back as it was; anything else is refused with a reason, and with nothing but that."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache.codec import LARGEST, NotAnEntryError, decode, encode, is_inside
from noxline.inputs.canonical import digest
from noxline.model.cache import CacheEntry, Fingerprint, StoredFile
from tests.cache.entries import entry
from tests.inputs.test_canonical import PLAIN

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(is_inside)
SECONDS = st.floats(min_value=0, allow_infinity=False, allow_nan=False)
FILES = st.builds(
    StoredFile,
    path=NAMES,
    size=st.integers(0, 2**62),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    executable=st.booleans(),
)
COMPONENTS = st.dictionaries(st.text(max_size=5), PLAIN, max_size=4)
ENTRIES = st.builds(
    CacheEntry,
    fingerprint=COMPONENTS.map(lambda components: Fingerprint(digest=digest(components), components=components)),
    task=st.text(max_size=9),
    seconds=SECONDS,
    cpu_seconds=SECONDS,
    setup_seconds=SECONDS,
    warnings=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    output_digest=st.text(max_size=9),
    files=st.lists(FILES, max_size=4, unique_by=lambda file: file.path).map(tuple),
    log=FILES,
    inputs=FILES,
    created=SECONDS,
    machine=st.text(max_size=9),
    writer=st.text(max_size=9),
)
GOOD = entry()
KEY = GOOD.fingerprint.digest


def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(encode(GOOD))
    return made


def refused(made: object, key: str = KEY) -> str:
    data = made if isinstance(made, bytes) else json.dumps(made).encode()
    with pytest.raises(NotAnEntryError) as caught:
        decode(data, key)
    return str(caught.value)


@given(ENTRIES)
def test_comes_back_as_it_was(made: CacheEntry) -> None:
    again = decode(encode(made), made.fingerprint.digest)
    assert again == made
    assert encode(again) == encode(made)


def test_is_one_line() -> None:
    assert b"\n" not in encode(entry(warnings=("two\nlines",)))


@given(st.data())
def test_a_changed_byte_is_another_entry_or_none(data: st.DataObject) -> None:
    good = encode(GOOD)
    index = data.draw(st.integers(0, len(good) - 1))
    broken = good[:index] + bytes([good[index] ^ data.draw(st.integers(1, 255))]) + good[index + 1 :]
    with suppress(NotAnEntryError):  # the usual case; what still reads as an entry is caught by the seal around it
        assert decode(broken, KEY) != GOOD or json.loads(broken) == json.loads(good)


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_whatever_comes_is_refused_and_nothing_else_happens(data: bytes) -> None:
    refused(data)


@given(st.sampled_from(sorted(document())), PLAIN)
def test_a_field_of_another_kind_is_refused_or_read_as_what_it_says(name: str, value: Any) -> None:
    made = document()
    made[name] = value
    try:
        again = decode(json.dumps(made).encode(), KEY)
    except NotAnEntryError:
        return
    assert json.loads(encode(again)) == json.loads(encode(GOOD)) | {name: value}


def test_under_another_key_it_is_nothing() -> None:
    assert refused(document(), "0" * 64) == "it belongs to another fingerprint"
    forged = document()
    forged["fingerprint"]["components"]["inputs"] = {}
    assert refused(forged) == "it belongs to another fingerprint"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "it was written by another version of noxline"),
        ({"more": 1}, "it has unknown parts: more"),
        ({"warnings": "abc"}, "it has 'abc' where a list belongs"),
        ({"warnings": [1]}, "it has 1 where text belongs"),
        ({"task": None}, "it has None where text belongs"),
        ({"seconds": True}, "it has True where a number from 0 up belongs"),
        ({"seconds": "4.5"}, "it has '4.5' where a number from 0 up belongs"),
        ({"seconds": -1}, "it has -1 where a number from 0 up belongs"),
        ({"seconds": float("inf")}, "it has Infinity where a number belongs"),
        ({"created": float("nan")}, "it has NaN where a number belongs"),
        ({"files": {}}, "it has {} where a list belongs"),
        ({"fingerprint": {"digest": KEY, "components": []}}, "it has a fingerprint without components"),
    ],
)
def test_says_what_is_wrong(change: dict[str, Any], message: str) -> None:
    assert refused(document() | change) == message


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "",
        ".",
        "a//b",
        "a/./b",
        "a/",
        "C:x",
        "a\\b",
        "a\0b",
        "a\nb",
        "a/..",
        "\ud800",
    ],
)
def test_no_file_leads_out_of_its_folder(path: str) -> None:
    made = document()
    made["files"][0]["path"] = path
    refused(made)
    made = document()
    made["log"]["path"] = path
    refused(made)


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1},
        {"size": 1.0},
        {"size": True},
        {"size": 2**70},
        {"sha256": "0" * 63},
        {"sha256": "A" * 64},
        {"sha256": "../" + "0" * 61},
        {"sha256": None},
        {"executable": 1},
        {"executable": 0o4755},
        {"mode": 0o4755},
        {"path": 7},
    ],
)
def test_a_file_has_a_proper_size_digest_and_mode(change: dict[str, Any]) -> None:
    made = document()
    made["files"][0] |= change
    refused(made)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["a", "b", "a"], "it has two files of one name"),
        (["a/b", "a"], "it has a file and a folder of one name"),
        (["a/b", "a/b/c/d"], "it has a file and a folder of one name"),
    ],
)
def test_no_two_files_lie_at_one_place(paths: list[str], message: str) -> None:
    made = document()
    made["files"] = [made["files"][0] | {"path": path} for path in paths]
    assert refused(made) == message


def test_what_is_too_large_or_too_deep_is_refused() -> None:
    assert refused(b" " * (LARGEST + 1)) == f"it is larger than {LARGEST} bytes"
    assert refused(b"[" * 100_000).startswith("it cannot be read")
    deep = encode(GOOD).replace(b'"components":{', b'"components":{"x":' + b"[" * 800 + b"]" * 800 + b",")
    assert refused(deep)
    assert refused(b'{"schema":' + b"9" * 5000 + b"}")
