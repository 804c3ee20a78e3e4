"""A server that somebody else writes to: whatever they put there is refused, said once, and a miss."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from noxline.cache import codec, frames, layout, packing
from noxline.cache.envelope import seal
from noxline.cache.remote import RemoteStore
from noxline.cache.signing import TRUSTED, Signer, Statement
from noxline.cache.staging import created, staging
from noxline.model.cache import CacheEntry, StoredFile
from tests.cache.remote_fakes import (
    MAIN,
    PULL_REQUEST,
    STRANGER,
    MemoryTransport,
    make_kept,
    of_pull_request,
    remote_store,
    restored,
    stored,
    tree,
)

LARGE = os.urandom(200_000)
FILES = {"report.xml": b"<x/>", "data.bin": LARGE}


def entry_place(digest: str, namespace: str = TRUSTED) -> str:
    return f"v1/{namespace}/{layout.entry_name(digest)}"


def plant(server: MemoryTransport, entry: CacheEntry, *, signer: Signer = MAIN, pack: bytes | None = None) -> None:
    """Put an entry on a server as one who has the key could, without the checks of our own upload."""
    small = packing.packed(entry)
    known = {stored("", data).sha256: data for data in (*FILES.values(), b"a log\n", b"src/a.py 1\n")}
    rest = b"".join(known[blob.sha256] for blob in small) if pack is None else pack
    body = frames.compress(packing.body(codec.encode(entry), {}, ()) + rest)
    key = entry.fingerprint.digest
    server.objects[entry_place(key)] = seal(Statement(namespace=TRUSTED, kind="entry", name=key, content=body), signer)


def refused_twice(store: RemoteStore, said: list[str], digest: str, folder: Path) -> str:
    """Ask twice for what must be refused; return what was said, which must be one thing, naming no credentials."""
    before = tree(folder)
    assert restored(store, digest, folder) is None
    assert restored(store, digest, folder) is None
    assert tree(folder) == before
    assert len(said) == 1, said
    return said[0]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of a task that something was left in."""
    make_kept(tmp_path / "run", {"before": b"untouched"})
    return tmp_path / "run"


def test_the_planting_itself_works(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    plant(server, kept.entry)
    assert restored(remote_store(server, said), kept.entry.fingerprint.digest, run) == tree(tmp_path / "made")
    assert said == []


def test_an_unsigned_entry(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", FILES)
    key = kept.entry.fingerprint.digest
    content = frames.compress(packing.body(codec.encode(kept.entry), {}, ()))
    server.objects[entry_place(key)] = b"noxline-1 \n" + content
    assert "it is not signed" in refused_twice(remote_store(server, said), said, key, run)


def test_another_keys_entry(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    plant(server, kept.entry, signer=STRANGER)
    text = refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)
    assert STRANGER.public in text


def test_a_pull_requests_entry_that_is_copied_into_trusted(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", FILES)
    of_pull_request(server, said).keep(kept)
    for name in list(server.objects):
        server.objects[name.replace("scope/pr-12", TRUSTED)] = server.objects[name]
    key = kept.entry.fingerprint.digest
    assert "lists no such key for trusted" in refused_twice(remote_store(server, said), said, key, run)


def test_a_pull_request_that_signs_for_trusted(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    plant(server, kept.entry, signer=PULL_REQUEST)
    assert "for trusted" in refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)


def test_a_signature_that_is_moved_between_namespaces(tmp_path: Path, run: Path) -> None:
    """Even a key that may sign for both is not believed in the one for what it signed in the other."""
    said: list[str] = []
    keys = (f"{PULL_REQUEST.public} scope/*", PULL_REQUEST.public)
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", FILES)
    remote_store(server, said, namespace="scope/pr-12", signer=PULL_REQUEST, keys=keys).keep(kept)
    for name in list(server.objects):
        server.objects[name.replace("scope/pr-12", TRUSTED)] = server.objects[name]
    reader = remote_store(server, said, keys=keys)
    assert "does not hold" in refused_twice(reader, said, kept.entry.fingerprint.digest, run)


def test_a_replayed_entry_under_another_key(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", FILES)
    remote_store(server, said).keep(kept)
    other = "f" * 64
    server.objects[entry_place(other)] = server.objects[entry_place(kept.entry.fingerprint.digest)]
    assert "does not hold" in refused_twice(remote_store(server, said), said, other, run)


def test_an_entry_that_was_signed_under_another_key_than_its_own(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    false = replace(kept.entry, fingerprint=replace(kept.entry.fingerprint, digest="e" * 64))
    plant(server, false)
    assert "another fingerprint" in refused_twice(remote_store(server, said), said, "e" * 64, run)


def other_content(data: bytes) -> bytes:
    return frames.compress(os.urandom(len(LARGE)))


def other_size(data: bytes) -> bytes:
    return frames.compress(LARGE[:-1])


def cut_short(data: bytes) -> bytes:
    return data[: len(data) // 2]


def html(data: bytes) -> bytes:
    return b"<html>Sign in</html>"


def bomb(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(bytes(50_000_000))


def one_bit(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("change", [other_content, other_size, cut_short, html, bomb, one_bit])
def test_a_replaced_blob(tmp_path: Path, run: Path, change: Callable[[bytes], bytes]) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", FILES)
    remote_store(server, said).keep(kept)
    (blob,) = [name for name in server.objects if "/blobs/" in name]
    server.objects[blob] = change(server.objects[blob])
    refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)


@pytest.mark.parametrize("change", [cut_short, html, bomb, one_bit, lambda data: data + b"x", lambda data: b""])
def test_a_replaced_entry(tmp_path: Path, run: Path, change: Callable[[bytes], bytes]) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", FILES)
    remote_store(server, said).keep(kept)
    place = entry_place(kept.entry.fingerprint.digest)
    server.objects[place] = change(server.objects[place])
    refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)


@pytest.mark.parametrize(
    "path",
    ["../escaped", "/absolute", "a/../../escaped", "..", ".", "", "a//b", "C:\\x", "a\\..\\x", "a/./b", "nul\0l"],
)
def test_a_path_that_leads_out(tmp_path: Path, run: Path, path: str) -> None:
    """Signed by a listed key: a mistake or a stolen key must still not write outside."""
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    plant(server, replace(kept.entry, files=(stored(path, b"<x/>"),)))
    assert "outside its folder" in refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize(
    "files",
    [
        ("a", "a"),
        ("a", "a/b"),
        ("a/b", "a"),
    ],
)
def test_paths_that_cannot_be_together(tmp_path: Path, run: Path, files: tuple[str, str]) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    plant(server, replace(kept.entry, files=tuple(stored(name, b"<x/>") for name in files)))
    refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)


def test_small_files_with_other_content_than_the_entry_says(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    size = sum(blob.size for blob in packing.packed(kept.entry))
    plant(server, kept.entry, pack=b"!" * size)
    assert "not what its entry says" in refused_twice(
        remote_store(server, said), said, kept.entry.fingerprint.digest, run
    )


@pytest.mark.parametrize("pack", [b"", b"!" * 1000])
def test_small_files_that_are_missing_or_too_many(tmp_path: Path, run: Path, pack: bytes) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    plant(server, kept.entry, pack=pack)
    refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)


def test_a_bomb_in_a_signed_entry(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, key = MemoryTransport(), "d" * 64
    body = zstandard.ZstdCompressor().compress(bytes(50_000_000))
    server.objects[entry_place(key)] = seal(Statement(namespace=TRUSTED, kind="entry", name=key, content=body), MAIN)
    assert "unpack" in refused_twice(remote_store(server, said), said, key, run)


def test_a_file_that_claims_to_be_endless(tmp_path: Path, run: Path) -> None:
    said: list[str] = []
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    endless = StoredFile(path="endless", size=2**60, sha256="c" * 64)
    plant(server, replace(kept.entry, files=(endless,)))
    refused_twice(remote_store(server, said), said, kept.entry.fingerprint.digest, run)


@pytest.mark.parametrize("move", ["kind", "key", "namespace", "unsigned"])
def test_records_of_others_and_from_elsewhere(move: str) -> None:
    server, said = MemoryTransport(), list[str]()
    writer = of_pull_request(server, []) if move == "namespace" else remote_store(server, [])
    writer.write_record("durations", "one", {"a": 1})
    (name,) = server.objects
    data = server.objects.pop(name)
    asked = (
        ("resolutions", "one") if move == "kind" else ("durations", "two") if move == "key" else ("durations", "one")
    )
    remote_store(target := MemoryTransport(), []).write_record(*asked, {"a": 2})
    (place,) = target.objects
    server.objects[place] = b"noxline-1 \n" + data.partition(b"\n")[2] if move == "unsigned" else data
    store = remote_store(server, said)
    assert store.read_record(*asked) is None
    assert store.read_record(*asked) is None
    assert len(said) == 1


def test_a_link_in_the_place_of_the_output_is_replaced_not_followed(tmp_path: Path) -> None:
    server, kept = MemoryTransport(), make_kept(tmp_path / "made", {"report.xml": b"<x/>"})
    plant(server, kept.entry)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("data")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "output").symlink_to(outside)
    assert restored(remote_store(server, []), kept.entry.fingerprint.digest, tmp_path / "run") is not None
    assert tree(outside) == {"precious": b"data"}


def test_no_file_is_more_than_executable(tmp_path: Path) -> None:
    with staging(tmp_path / "output") as stage:
        path = stage.place(stored("tool", b""))
        with created(path, executable=True):
            pass
        assert path.stat().st_mode & 0o7022 == 0
    assert list(tmp_path.iterdir()) == []
