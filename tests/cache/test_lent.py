"""Entries and runs as a fresh clone takes them: by the same rules as everybody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from noxline.cache import codec, disk, frames, layout, lent, packing
from noxline.cache.envelope import ForeignError, seal
from noxline.cache.lent import Entry, Lender, UnfitError
from noxline.cache.signing import TRUSTED, Keyring, Signer, Statement
from tests.cache.remote_fakes import KEYS, MAIN, PULL_REQUEST, MemoryTransport, make_kept, remote_store

FILES = {"junit.xml": b"<x/>", "large.bin": bytes(range(256)) * 9000, "run.sh": b"#!/bin/sh\n", "empty": b""}


class Wire:
    """What a line does, over objects in memory."""

    def __init__(self, server: MemoryTransport) -> None:
        self.server = server

    def get(self, wanted: Iterable[tuple[str, int]]) -> Iterator[bytes | None]:
        return (self.server.get(name, limit) for name, limit in wanted)


def lender(server: MemoryTransport) -> Lender:
    return Lender(Wire(server), Keyring(KEYS))


def test_both_ways_know_the_same_bounds() -> None:
    assert lent.ENTRY_SCHEMA == codec.SCHEMA
    assert layout.LARGEST_ENTRY == codec.LARGEST
    assert disk.LARGEST_RECORD == layout.RECORD


def test_an_entry_says_the_same_in_both_ways(tmp_path: Path) -> None:
    server, said = MemoryTransport(), list[str]()
    kept = make_kept(tmp_path / "made", FILES)
    store = remote_store(server, said)
    store.keep(kept)
    found = store.signed_entry(kept.entry.fingerprint.digest, None)
    assert found is not None
    name, data = found
    entry = lender(server).entry(data, name)
    assert [row[:4] for row in entry.files] == [(f.path, f.size, f.sha256, f.executable) for f in kept.entry.files]
    assert entry.components == kept.entry.fingerprint.components
    blobs = tmp_path / "store"
    blobs.mkdir()
    assert lender(server).fill(str(blobs), [entry], {}) > 0
    for blob in packing.blobs(kept.entry).values():
        assert (blobs / blob.sha256[:2] / blob.sha256).stat().st_size == blob.size
    assert said == []


def test_what_is_at_hand_is_not_asked_for_and_verified_all_the_same(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", FILES)
    store = remote_store(server, [])
    store.keep(kept)
    found = store.signed_entry(kept.entry.fingerprint.digest, None)
    assert found is not None
    entry = lender(server).entry(found[1], found[0])
    large = next(file for file in kept.entry.files if file.path == "large.bin")
    content = FILES["large.bin"]
    for name in [name for name in server.objects if "/blobs/" in name]:
        del server.objects[name]
    (tmp_path / "store").mkdir()
    with pytest.raises(Exception, match="changed while it was stored"):
        lender(server).fill(str(tmp_path / "store"), [entry], {large.sha256: b"z" * len(content)})
    assert lender(server).fill(str(tmp_path / "store"), [entry], {large.sha256: content}) > 0
    assert (tmp_path / "store" / large.sha256[:2] / large.sha256).read_bytes() == content


def test_a_blob_that_is_not_what_its_entry_says_is_not_kept(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", FILES)
    store = remote_store(server, [])
    store.keep(kept)
    found = store.signed_entry(kept.entry.fingerprint.digest, None)
    assert found is not None
    part = next(name for name in server.objects if "/blobs/" in name)
    server.objects[part] = frames.compress(b"z" * len(frames.decompress_up_to(server.objects[part], layout.PART)))
    (tmp_path / "store").mkdir()
    with pytest.raises(Exception, match="changed while it was stored"):
        lender(server).fill(str(tmp_path / "store"), [lender(server).entry(found[1], found[0])], {})
    kept_blobs = [path.name for path in (tmp_path / "store").rglob("*") if path.is_file()]
    large = next(file.sha256 for file in kept.entry.files if file.path == "large.bin")
    assert large not in kept_blobs


def body(kept: Any, **changes: Any) -> bytes:
    row = {**json.loads(codec.encode(kept.entry)), **changes}
    order = packing.packed(kept.entry)
    pack = dict.fromkeys((blob.sha256 for blob in order), b"")
    return packing.body(json.dumps(row).encode(), pack, order)


def _outside(row: dict[str, Any]) -> dict[str, Any]:
    return {"files": [{**row, "path": "../x"}]}


WRONG: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another fingerprint": lambda _row: {"fingerprint": {"digest": "0" * 64, "components": {}}},
    "a fingerprint that is not of its parts": lambda _row: {
        "fingerprint": {"digest": "", "components": {"stage": "other"}}
    },
    "a machine": lambda _row: {"machine": "m"},
    "another schema": lambda _row: {"schema": 2},
    "a file outside": _outside,
    "a file of no size": lambda row: {"files": [{**row, "size": -1}]},
    "a file of a true size": lambda row: {"files": [{**row, "size": True}]},
    "a digest that is a path": lambda row: {"files": [{**row, "sha256": "../" + "a" * 61}]},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_entry_that_cannot_be_is_none(tmp_path: Path, wrong: str) -> None:
    kept = make_kept(tmp_path, {}, log=b"", inputs=b"")
    key = kept.entry.fingerprint.digest
    row = {"path": "a", "size": 0, "sha256": "a" * 64, "executable": False}
    assert Entry(body(kept), key).key == key
    with pytest.raises(UnfitError):
        Entry(body(kept, **WRONG[wrong](row)), key)


@pytest.mark.parametrize(("signer", "kind"), [(PULL_REQUEST, "run"), (MAIN, "entry"), (Signer(b"x" * 32), "run")])
def test_a_run_that_is_not_signed_as_one_for_everybody_is_refused(signer: Signer, kind: str) -> None:
    server, name = MemoryTransport(), "ab" * 32
    content = layout.LENGTH.pack(0)
    statement = Statement(namespace=TRUSTED, kind=kind, name=name, content=content)
    server.objects[f"v1/trusted/{layout.run_name(name)}"] = seal(statement, signer)
    with pytest.raises(ForeignError):
        lender(server).run([name])


def test_a_run_comes_back_with_its_entries_and_is_not_overwritten() -> None:
    server, name = MemoryTransport(), "ab" * 32
    head = frames.compress(json.dumps({"sizes": [3, 2], "told": 1}).encode())
    store = remote_store(server, [])
    store.put_run(name, layout.LENGTH.pack(len(head)) + head + b"abcde")
    store.put_run(name, b"other")
    assert lender(server).run(["cd" * 32, name]) == ({"sizes": [3, 2], "told": 1}, [b"abc", b"de"])
    assert lender(server).run(["cd" * 32]) is None


def test_a_record_of_another_key_is_refused() -> None:
    server = MemoryTransport()
    store = remote_store(server, [])
    store.write_record("runs", "one", {"files": []})
    assert lender(server).look("runs", "one") == {"files": []}
    assert lender(server).look("runs", "two") is None
    (place,) = server.objects
    statement_of_other = server.objects[place]
    server.objects[f"v1/trusted/{layout.record_name('runs', 'two')}"] = statement_of_other
    with pytest.raises(ForeignError):
        lender(server).look("runs", "two")
