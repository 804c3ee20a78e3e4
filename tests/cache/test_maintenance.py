"""The store as a whole: what it holds is counted, what is broken is named and removed, what is sound stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from noxline.cache import ledger, seals
from noxline.cache.blobs import blob_path, entry_path
from noxline.cache.ledger import Tally
from noxline.cache.maintenance import Broken, Checked, clear_all, holding, prune, verify
from tests.cache.entries import FILES, LOG, Desk, entry, fingerprint, kept

DAY = 86400.0
EXPECTED = {**FILES, "log.txt": LOG}
BLOBS = len(FILES) + 2
KEY = b"k" * 32


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "cache")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    store = desk.store()
    store.keep(kept(tmp_path))
    store.write_record("durations", "tests", {"a": 1})
    desk.store(mac_key=KEY).keep(kept(tmp_path))
    return desk


def test_what_is_held(desk: Desk, place: str) -> None:
    ledger.append(f"{place}/v1", Tally(hits=3))
    for number, path in enumerate(desk.files("blobs")):
        os.utime(path, (1e9 + number, 1e9 + number))
    held = holding(place)
    assert (held.entries, held.blobs, held.records) == (2, BLOBS, 1)
    assert held.size == 4096 * (BLOBS + 3 - 1)  # one of the blobs is empty
    assert (held.oldest, held.tally) == (1e9, Tally(hits=3))
    assert held.newest is not None
    assert held.newest > 1.7e9


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    held = holding(nowhere)
    assert (held.size, held.oldest, held.newest, held.tally) == (0, None, None, Tally())
    assert verify(nowhere) == Checked(entries=0, blobs=0, records=0, removed=())
    assert prune(nowhere, 0) == (0, 0, 0)
    assert clear_all(nowhere) == (0, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_what_is_sound_stays(desk: Desk, place: str) -> None:
    assert verify(place) == Checked(entries=2, blobs=BLOBS, records=1, removed=())
    assert desk.restored(desk.store()) == EXPECTED
    assert desk.restored(desk.store(mac_key=KEY)) == EXPECTED


def test_a_broken_blob_goes_with_its_entries(desk: Desk, place: str) -> None:
    log = entry().log.sha256
    Path(blob_path(f"{place}/v1/blobs", log)).write_bytes(b"x" * len(LOG))
    digest = fingerprint("tests-3.12").digest
    checked = verify(place)
    assert (checked.entries, checked.blobs) == (2, BLOBS)
    assert checked.removed[0] == Broken(file=f"blobs/{log[:2]}/{log}", reason="its content is not what its name says")
    assert {(broken.file, broken.reason) for broken in checked.removed[1:]} == {
        (f"entries/{scope}/{digest[:2]}/{digest}.json", "its file log.txt is gone") for scope in ("local", "trusted")
    }
    assert verify(place).removed == ()
    assert desk.store().find(digest) is None
    assert desk.warnings == []


@pytest.mark.parametrize("scope", ["local", "trusted"])
@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data.replace(b'"seconds":4.5', b'"seconds":9.5') if b"\nsha256:" in data else data[:30],
        lambda data: data.replace(b"tests-3.12", b"tests-3.13"),
    ],
)
def test_a_broken_entry_is_named_and_removed(
    desk: Desk, place: str, scope: str, harm: Callable[[bytes], bytes]
) -> None:
    path = Path(entry_path(f"{place}/v1/entries/{scope}", fingerprint("tests-3.12").digest))
    path.write_bytes(harm(path.read_bytes()))
    checked = verify(place)
    assert [broken.file for broken in checked.removed] == [path.relative_to(f"{place}/v1").as_posix()]
    assert checked.removed[0].reason
    assert not path.exists()


@pytest.mark.parametrize("body", [b"[]", b"", b"no", b"[" * 100_000])
def test_a_broken_record_is_named_and_removed(desk: Desk, place: str, body: bytes) -> None:
    path = desk.files("records")[0]
    about = path.relative_to(f"{place}/v1").as_posix()
    path.write_bytes(seals.seal(body, about, None))
    assert [broken.file for broken in verify(place).removed] == [about]
    assert not path.exists()


def test_pruning_by_size_and_by_age(desk: Desk, place: str, tmp_path: Path) -> None:
    old = time.time() - 40 * DAY
    for path in desk.files("blobs"):
        os.utime(path, (old, old))
    assert prune(place, 10**9).files == 0
    removed = prune(place, 10**9, older_than=30 * DAY)
    assert (removed.files, removed.left) == (BLOBS, 3 * 4096)
    for area in ("entries", "records"):
        for path in desk.files(area):
            os.utime(path, (old, old))
    assert prune(place, 2 * 4096).left == 2 * 4096
    assert prune(place, 0).left == 0
    assert desk.warnings == []


def test_clearing(desk: Desk, place: str, tmp_path: Path) -> None:
    assert clear_all(place).files == BLOBS + 3
    assert holding(place).size == 0
    desk.store().keep(kept(tmp_path))
    assert desk.restored(desk.store()) == EXPECTED
