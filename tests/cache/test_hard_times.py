"""Kills, crowds and full disks: never a wrong or half-written result, and the next run works."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from noxline.cache.disk import DiskStore
from tests.cache import busy
from tests.cache.entries import FILES, LOG, Desk, content, kept

KILLS = int(os.environ.get("NOXLINE_KILLS", "30"))
CROWD, ROUNDS = 8, 25
ROOT = Path(__file__).parents[2]


def start(place: Path, scratch: Path, seed: int, rounds: int) -> subprocess.Popen[str]:
    arguments = [str(place), str(scratch), str(seed), str(rounds)]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.cache.busy", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def look(place: Path, scratch: Path) -> list[str]:
    """Return the results that are there and right; fail when one is neither right nor a plain miss."""
    desk = Desk(scratch)
    store = DiskStore(str(place), warn=desk.warnings.append, limit=busy.LIMIT)
    there = [name for name in busy.NAMES if busy.check(desk, store, name)]
    for name in busy.NAMES:
        busy.check_record(store, name)
    assert desk.warnings == []
    return there


@pytest.mark.process
@pytest.mark.timeout(60 + 10 * KILLS)
def test_kills_at_random_moments(tmp_path: Path) -> None:
    place, chance = tmp_path / "cache", random.Random(0)
    seen = 0
    for number in range(KILLS):
        with start(place, tmp_path / "work", number, 10**6) as child:
            time.sleep(chance.uniform(0, 0.3))
            child.kill()
        assert child.returncode != 1, child.stderr
        seen += len(look(place, tmp_path / "look"))
    assert seen > 0
    with start(place, tmp_path / "work", KILLS, 20) as child:
        assert child.communicate(timeout=120)[1] == ""
    assert child.returncode == 0
    assert look(place, tmp_path / "look")


@pytest.mark.process
def test_a_crowd_shares_a_store(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    crowd = [start(place, tmp_path / str(number), number, ROUNDS) for number in range(CROWD)]
    ends = [(child.communicate(timeout=200)[1], child.returncode) for child in crowd]
    assert ends == [("", 0)] * CROWD
    assert look(place, tmp_path / "look")
    assert not list(place.rglob("*.tmp"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


class FullDisk:
    """A disk with room for so many bytes; like a real one, it takes the part that still fits and then refuses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room, self._write = room, os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, number: int, data: bytes) -> int:
        if data and self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(number, data[: self.room])
        self.room -= written
        return written


ROOM = [*range(0, 3000, 97), 10**6]


@pytest.mark.parametrize("room", ROOM)
def test_a_full_disk_keeps_a_whole_result_or_none(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    made = kept(tmp_path)
    with monkeypatch.context() as patched:
        disk = FullDisk(patched, room)
        store = desk.store()
        store.keep(made)
        store.write_record("durations", "tests", {"a": 1})
        store.close()
    full = disk.room <= 0
    assert all("No space left on device" in warning for warning in desk.warnings)
    assert bool(desk.warnings) is full
    assert not list(tmp_path.rglob("*.tmp"))
    desk.warnings.clear()
    restored = desk.restored(desk.store())
    assert restored == {**FILES, "log.txt": LOG} or (full and restored is None)
    desk.store().keep(made)
    assert desk.restored(desk.store()) == {**FILES, "log.txt": LOG}
    assert desk.warnings == []


@pytest.mark.parametrize("room", range(0, sum(map(len, FILES.values())) + len(LOG), 5))
def test_a_full_disk_restores_nothing_and_leaves_the_old(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    desk.store().keep(kept(tmp_path))
    output = tmp_path / "run" / "tests-3.12" / "output"
    output.mkdir(parents=True)
    (output / "old").write_bytes(b"old")
    (output.parent / "log.txt").write_bytes(b"old log")
    before = content(tmp_path)
    with monkeypatch.context() as patched:
        FullDisk(patched, room)
        assert desk.restored(desk.store()) is None
    assert content(tmp_path) == before
    assert desk.warnings == ["the result of tests-3.12 could not be restored: No space left on device"]
    assert desk.restored(desk.store()) == {**FILES, "log.txt": LOG}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a real file system of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, timeout=20).returncode:
        pytest.skip("this machine does not let root mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, timeout=20)


@pytest.mark.process
def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    store = DiskStore(str(small_disk / "cache"), warn=desk.warnings.append, limit=10**9)
    names = [f"tests-{number}" for number in range(40)]
    for name in names:
        store.keep(kept(tmp_path, name, {"data": random.Random(name).randbytes(20_000)}))
    store.close()
    assert [warning for warning in desk.warnings if "No space left on device" in warning]
    assert len(desk.warnings) <= 2
    warned = len(desk.warnings)
    there = [name for name in names if desk.restored(store, name)]
    assert 3 < len(there) < 13
    assert all(
        desk.restored(store, name) == {"data": random.Random(name).randbytes(20_000), "log.txt": LOG} for name in there
    )
    assert len(desk.warnings) == warned
    assert not list(small_disk.rglob("*.tmp"))
