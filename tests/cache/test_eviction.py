"""The least recently used goes first, nothing in use goes at all, and looking is rare."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache import eviction
from noxline.cache.eviction import GRACE, Item, account, clear, evict, items, tidy, total, victims
from tests.cache.entries import FILES, LOG, Desk, kept

NOW = time.time()
DAY = 86400.0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "cache" / "v1")


def blob(root: str, name: int, *, age: float, size: int = 4096) -> Path:
    path = Path(root, "blobs", f"{name:02x}", f"{name:064x}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (NOW - age, NOW - age))
    return path


def age(desk: Desk, days: float) -> None:
    for area in eviction.AREAS:
        for path in desk.files(area):
            os.utime(path, (NOW - days * DAY, NOW - days * DAY))


def test_the_least_recently_used_goes_first(root: str) -> None:
    files = [blob(root, number, age=DAY * (1 + number % 5)) for number in range(5)]
    removed = evict(items(root), 3 * 4096, now=NOW)
    assert (removed.files, removed.size, removed.left) == (2, 8192, 3 * 4096)
    assert [path.exists() for path in files] == [True, True, True, False, False]


def test_what_was_used_lately_stays_even_over_the_limit(root: str) -> None:
    files = [blob(root, number, age=GRACE - 30) for number in range(3)]
    assert evict(items(root), 0, now=NOW).files == 0
    assert all(path.exists() for path in files)


def test_a_time_in_the_future_is_no_use(root: str) -> None:
    strange, used = blob(root, 1, age=-10 * DAY), blob(root, 2, age=DAY)
    evict(items(root), 4096, now=NOW)
    assert (strange.exists(), used.exists()) == (False, True)


def test_what_another_run_takes_into_use_meanwhile_stays(root: str) -> None:
    path = blob(root, 1, age=DAY)
    listed = list(items(root))
    os.utime(path)
    assert evict(listed, 0, now=NOW).files == 0
    assert path.exists()
    path.unlink()
    assert evict(listed, 0, now=NOW).files == 0


def test_by_age(root: str) -> None:
    old, new = blob(root, 1, age=31 * DAY), blob(root, 2, age=29 * DAY)
    assert evict(items(root), 10**9, now=NOW, older_than=30 * DAY).files == 1
    assert (old.exists(), new.exists()) == (False, True)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.floats(-1e5, 1e6)), max_size=12),
    st.integers(0, 60),
    st.none() | st.floats(GRACE, 1e6),
)
def test_what_has_to_go_and_no_more(files: list[tuple[int, float]], limit: int, older_than: float | None) -> None:
    held = [Item(area="blobs", path=str(n), size=size, used=NOW - old) for n, (size, old) in enumerate(files)]
    chosen = victims(held, limit, now=NOW, older_than=older_than)
    stays = [item for item in held if item not in chosen]
    outdated = {item for item in held if older_than is not None and NOW - item.used > older_than}
    free = [item for item in stays if abs(NOW - item.used) >= GRACE]
    assert all(abs(NOW - item.used) >= GRACE for item in chosen)
    assert total(stays) <= limit or not free
    assert not outdated & set(free)
    needless = [item for item in chosen if item not in outdated]
    if needless:  # without the last of them it would not have been enough
        after = [item for item in chosen if item in outdated and chosen.index(item) > chosen.index(needless[-1])]
        assert total(stays) + total(after) + needless[-1].size > limit
        newest = max(item.used if item.used <= NOW + GRACE else 0 for item in needless)
        assert all(newest <= item.used for item in free)


def test_entries_blobs_and_records_are_counted_and_strangers_are_not(desk: Desk, root: str, tmp_path: Path) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    store.write_record("durations", "tests", {"a": 1})
    for name in ("README", "blobs/aa/notes.txt", "entries/local/x.json", "blobs/" + "a" * 64 + ".json"):
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    if sys.platform != "win32":
        Path(root, "blobs", "ff").symlink_to(tmp_path)
        Path(root, "blobs", "a" * 64).symlink_to(tmp_path / "precious")
    found = sorted(item.area for item in items(root))
    assert found == ["blobs"] * (len(FILES) + 2) + ["entries", "records"]


def test_a_run_that_stored_nothing_looks_at_nothing(desk: Desk, root: str) -> None:
    blob(root, 1, age=DAY)
    desk.store(limit=1).close()
    assert not Path(root, "usage").exists()


def test_eviction_at_the_end_of_a_run(desk: Desk, tmp_path: Path) -> None:
    for name in ("one", "two"):
        store = desk.store()
        store.keep(kept(tmp_path, name, files={name: name.encode() * 5000}))
        store.close()
    age(desk, 2)
    store = desk.store(limit=40_000)
    assert desk.restored(store, "two") is not None  # used just now
    store.keep(kept(tmp_path, "three", files={"three": b"3" * 5000}))
    store.close()
    again = desk.store()
    assert [name for name in ("one", "two", "three") if desk.restored(again, name)] == ["two", "three"]
    assert desk.warnings == []


def test_records_go_too(desk: Desk, root: str) -> None:
    desk.store().write_record("durations", "tests", {"a": 1})
    age(desk, 9)
    assert tidy(root, 0, now=NOW).files == 1
    assert desk.store().read_record("durations", "tests") is None


def test_the_store_is_looked_at_only_when_it_may_be_too_large(root: str) -> None:
    old = blob(root, 1, age=9 * DAY)
    assert account(root, 4096, 100_000) is not None  # the first run writes the size down
    assert account(root, 4096, 100_000) is None
    for _ in range(4):
        assert account(root, 20_000, 100_000) is None
    seen = account(root, 20_000, 100_000)
    assert seen is not None  # by their own words the runs stored more than the limit
    assert seen.left == 4096
    assert old.exists()
    assert account(root, 4096, 100_000) is None


@pytest.mark.parametrize(
    "text", [b"", b"gibberish\n", b"1 2 3\n", b"\xff\n", b"nan 5\n", b"0 5\n", b"9e99 5\n", b"1\n" * 40_000]
)
def test_an_estimate_that_says_nothing_is_made_anew(root: str, text: bytes) -> None:
    blob(root, 1, age=DAY)
    Path(root, "usage").write_bytes(text)
    assert account(root, 1, 10**9) is not None
    assert Path(root, "usage").read_text().split()[1:] == ["4096"]


def test_room_is_made_for_some_runs_at_once(root: str) -> None:
    for number in range(20):
        blob(root, number, age=DAY + number)
    assert tidy(root, 19 * 4096, now=NOW).left == 17 * 4096
    assert tidy(root, 17 * 4096, now=NOW).files == 0


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_of_two_runs_one_tidies(root: str) -> None:
    import fcntl

    old = blob(root, 1, age=DAY)
    with Path(root, "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert account(root, 1, 0) is None
        assert old.exists()
    assert account(root, 1, 0) is not None
    assert not old.exists()


def test_what_kills_left_behind_is_swept(root: str) -> None:
    old, new = Path(root, "blobs", "aa", "x.1.tmp"), Path(root, "blobs", "aa", "y.1.tmp")
    empty = Path(root, "entries", "local", "bb")
    for folder in (old.parent, empty):
        folder.mkdir(parents=True)
    for path in (old, new):
        path.write_bytes(b"half")
    for path in (old, empty):
        os.utime(path, (NOW - DAY, NOW - DAY))
    tidy(root, 10**9, now=NOW)
    assert (old.exists(), new.exists(), empty.exists()) == (False, True, False)


def test_clear_takes_what_is_noxlines_and_no_more(desk: Desk, root: str, tmp_path: Path) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    store.close()
    mine = tmp_path / "cache" / "v1" / "blobs" / "mine.txt"
    mine.write_bytes(b"precious")
    removed = clear(root)
    assert (removed.files, removed.left) == (len(FILES) + 3, 0)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [mine]
    mine.unlink()
    clear(root)
    assert not Path(root).exists()
    assert clear(root) == (0, 0, 0)
    store.keep(kept(tmp_path))
    restored = desk.restored(store)
    assert restored is not None
    assert restored["log.txt"] == LOG
