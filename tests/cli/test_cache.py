"""`noxline cache`: one screen for people, one document for programs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from noxline.cache import ledger
from noxline.cache.blobs import blob_path
from noxline.cache.ledger import Tally
from tests.cache.entries import Desk, entry, kept
from tests.cli.conftest import Ended, Noxline

pytestmark = pytest.mark.process


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "desk")
    store = desk.store()
    store.keep(kept(desk.folder))
    store.write_record("durations", "tests", {"a": 1})
    store.close()
    return desk


class Cache:
    def __init__(self, noxline: Noxline, desk: Desk) -> None:
        self._noxline, self.place = noxline, desk.folder / "cache"

    def __call__(self, *arguments: str) -> Ended:
        return self._noxline("cache", *arguments, NOXLINE_CACHE_DIR=str(self.place), TZ="UTC")


@pytest.fixture
def cache(noxline: Noxline, desk: Desk) -> Cache:
    return Cache(noxline, desk)


def test_stats(cache: Cache, desk: Desk, project: Path) -> None:
    tally = Tally(hits=1500, misses=500, saved_seconds=3725.0, verified=40, wrong=1)
    ledger.append(str(cache.place / "v1"), tally)
    for area in ("blobs", "entries", "records"):
        for path in desk.files(area):
            os.utime(path, (1e9, 1e9))
    os.utime(desk.files("entries")[0], (1.1e9, 1.1e9))
    (project / "config").mkdir(exist_ok=True)
    (project / "config" / "pipeline.toml").write_text("[cache]\nsize_gb = 0.5\n", encoding="utf-8")
    ended = cache("stats")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "place       PROJECT/desk/cache\n"
        "size        25 kB of 500.0 MB\n"
        "holds       1 result, 5 files, 1 record\n"
        "used        least recently 2001-09-09 01:46, last 2004-11-09 11:33\n"
        "hits        1,500 of 2,000 tasks (75 %), 1h2m5s saved\n"
        "wrong hits  1 of 40 that ran all the same (2.50 %)\n"
    )
    assert json.loads(cache("stats", "--json").out) == {
        "schema": 1,
        "place": "PROJECT/desk/cache",
        "size": 6 * 4096,
        "limit": 500_000_000,
        "entries": 1,
        "blobs": 5,
        "records": 1,
        "oldest": 1e9,
        "newest": 1.1e9,
        "hits": 1500,
        "misses": 500,
        "saved_seconds": 3725.0,
        "verified": 40,
        "wrong": 1,
        "wrong_rate": 0.025,
    }


def test_stats_outside_a_project(cache: Cache, project: Path) -> None:
    (project / "pyproject.toml").unlink()
    assert "of 5.0 GB\n" in cache("stats").out


def test_verify(cache: Cache, desk: Desk) -> None:
    assert cache("verify").out == "1 result, 5 files, 1 record: all sound\n"
    log = entry().log.sha256
    Path(blob_path(str(cache.place / "v1" / "blobs"), log)).write_bytes(b"x")
    ended = cache("verify")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"✗ blobs/{log[:2]}/{log}  its content is not what its name says"
    assert lines[1].endswith(".json  its file log.txt is gone")
    assert lines[2:] == ["1 result, 5 files, 1 record: 2 broken and removed"]
    document = json.loads(cache("verify", "--json").out)
    assert document == {
        "schema": 1,
        "place": "PROJECT/desk/cache",
        "entries": 0,
        "blobs": 4,
        "records": 1,
        "removed": [],
    }


def test_prune(cache: Cache, desk: Desk) -> None:
    old = time.time() - 31 * 86400
    for path in desk.files("blobs"):
        os.utime(path, (old, old))
    assert cache("prune").out == "removed 0 files (0 kB); 25 kB left\n"
    assert cache("prune", "--older-than", "30d").out == "removed 5 files (16 kB); 8 kB left\n"
    assert json.loads(cache("prune", "--size-gb", "0", "--json").out) == {
        "schema": 1,
        "place": "PROJECT/desk/cache",
        "files": 0,  # the rest was used just now
        "size": 0,
        "left": 8192,
    }
    wrong = cache("prune", "--older-than", "a while")
    assert (wrong.code, wrong.out) == (2, "")
    assert '"a while" is not a length of time' in wrong.err


def test_clear_asks(cache: Cache, desk: Desk) -> None:
    ended = cache("clear")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "noxline: error: nothing was removed: there is nobody to ask\n  hint: noxline cache clear --yes\n"
    )
    assert cache("clear", "--json").code == 2
    assert desk.files("entries")
    assert cache("clear", "--yes").out == "removed 7 files (25 kB); 0 kB left\n"
    assert json.loads(cache("clear", "--yes", "--json").out)["files"] == 0
    assert list(cache.place.iterdir()) == []


def test_a_place_that_cannot_be_used(noxline: Noxline, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = str(tmp_path / "file" / "cache")
    ended = noxline("cache", "stats", NOXLINE_CACHE_DIR=place)
    assert (ended.code, ended.err) == (0, "")
    assert "place       PROJECT/file/cache\n" in ended.out


def test_without_a_command_it_says_which_there_are(cache: Cache) -> None:
    ended = cache()
    assert (ended.code, ended.err) == (0, "")
    assert "  prune " in ended.out
    wrong = cache("stat")
    assert (wrong.code, wrong.err) == (
        2,
        "noxline: error: there is no command called 'cache stat'\n  hint: did you mean 'stats'?\n",
    )
