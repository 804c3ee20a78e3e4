"""Two stores as one: the nearer first, what comes from afar kept here, what is made here sent meanwhile."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from noxline.cache.layered import Layer, LayeredStore, Postbox
from noxline.model.cache import Kept
from noxline.model.records import Record, joined
from tests.cache.remote_fakes import MemoryStore, MemoryTransport, make_kept, remote_store, restored, tree

FILES = {"junit.xml": b"<x/>", "data": b"d" * 100_000}


def layered(local: MemoryStore, remote: Layer, said: list[str], **options: object) -> LayeredStore:
    return LayeredStore(local, remote, say=Postbox(said.append), **options)  # type: ignore[arg-type]


def test_what_is_kept_is_sent_before_the_end(tmp_path: Path) -> None:
    server, local, said = MemoryTransport(), MemoryStore(), list[str]()
    kept = make_kept(tmp_path / "made", FILES)
    store = layered(local, remote_store(server, said), said)
    store.keep(kept)
    store.close()
    assert local.closed
    assert server.closed
    key = kept.entry.fingerprint.digest
    assert restored(remote_store(server, said), key, tmp_path / "run") == tree(tmp_path / "made")
    assert said == []


def test_the_local_store_is_asked_first(tmp_path: Path) -> None:
    server, local = MemoryTransport(), MemoryStore()
    kept = make_kept(tmp_path / "made", FILES)
    local.keep(kept)
    store = layered(local, remote_store(server, []), [])
    found = store.find(kept.entry.fingerprint.digest)
    assert found is not None
    assert found.source == "local"
    assert store.restore(found, tmp_path / "run" / "output", tmp_path / "run" / "log.txt")
    assert store.text(found, "inputs") == b"src/a.py 1\n"
    assert server.asked == []


def test_what_comes_from_afar_is_kept_here(tmp_path: Path) -> None:
    server, local = MemoryTransport(), MemoryStore()
    kept = make_kept(tmp_path / "made", FILES)
    remote_store(server, []).keep(kept)
    before = dict(server.objects)
    store = layered(local, remote_store(server, []), [])
    found = store.find(kept.entry.fingerprint.digest)
    assert found is not None
    assert found.source == "remote"
    assert store.text(found, "log") == b"a log\n"
    assert store.restore(found, tmp_path / "run" / "output", tmp_path / "run" / "log.txt")
    store.close()
    assert restored(local, kept.entry.fingerprint.digest, tmp_path / "again") == tree(tmp_path / "made")
    assert local.blobs[kept.entry.inputs.sha256] == b"src/a.py 1\n"
    assert server.objects == before


def test_inputs_that_are_here_already_are_not_fetched(tmp_path: Path) -> None:
    server, local = MemoryTransport(), MemoryStore()
    inputs = b"i" * 200_000
    kept = make_kept(tmp_path / "made", {}, inputs=inputs)
    remote_store(server, []).keep(kept)
    local.blobs[kept.entry.inputs.sha256] = inputs
    server.asked.clear()
    store = layered(local, remote_store(server, []), [])
    found = store.find(kept.entry.fingerprint.digest)
    assert found is not None
    store.restore(found, tmp_path / "run" / "output", tmp_path / "run" / "log.txt")
    store.close()
    assert len(server.asked) == 1
    assert local.find(kept.entry.fingerprint.digest) is not None


def test_a_result_that_was_only_reused_is_not_sent(tmp_path: Path) -> None:
    server, local = MemoryTransport(), MemoryStore()
    kept = make_kept(tmp_path / "made", FILES)
    local.keep(kept)
    store = layered(local, remote_store(server, []), [])
    assert restored(store, kept.entry.fingerprint.digest, tmp_path / "run") is not None
    store.close()
    assert server.objects == {}


def test_read_only_sends_nothing(tmp_path: Path) -> None:
    server, local = MemoryTransport(), MemoryStore()
    store = layered(local, remote_store(server, []), [], read_only=True)
    store.keep(make_kept(tmp_path, FILES))
    store.write_record("durations", "k", {"a": 1})
    store.close()
    assert server.asked == []
    assert len(local.entries) == 1
    assert local.read_record("durations", "k") == {"a": 1}


def test_a_record_from_afar_is_kept_here_and_asked_for_once() -> None:
    server, local = MemoryTransport(), MemoryStore()
    remote_store(server, []).write_record("durations", "k", {"a": 1})
    store = layered(local, remote_store(server, []), [])
    assert store.read_record("durations", "k") == {"a": 1}
    server.asked.clear()
    assert store.read_record("durations", "k") == {"a": 1}
    assert server.asked == []
    store.write_record("durations", "k", {"a": 2})
    assert store.read_record("durations", "k") == {"a": 2}
    store.close()
    assert local.read_record("durations", "k") == {"a": 2}
    assert remote_store(server, []).read_record("durations", "k") == {"a": 2}


@pytest.mark.parametrize("newer", ["here", "there"])
def test_what_is_here_and_what_is_there_become_one_record(newer: str) -> None:
    server, local = MemoryTransport(), MemoryStore()
    here, there = (200.0, 100.0) if newer == "here" else (100.0, 200.0)
    local.put_record("durations", "k", Record(value={"both": "here", "a": 1}, at=here))
    remote_store(server, []).put_record("durations", "k", Record(value={"both": "there", "b": 2}, at=there))
    store = layered(local, remote_store(server, []), [])
    assert store.read_record("durations", "k", joined) == {"both": newer, "a": 1, "b": 2}
    store.close()
    assert local.records("durations", "k") == (Record(value={"both": newer, "a": 1, "b": 2}, at=200.0),)


def test_by_itself_the_newer_record_counts() -> None:
    server, local = MemoryTransport(), MemoryStore()
    local.put_record("resolutions", "k", Record(value={"set": "old"}, at=100.0))
    remote_store(server, []).put_record("resolutions", "k", Record(value={"set": "new"}, at=200.0))
    assert layered(local, remote_store(server, []), []).read_record("resolutions", "k") == {"set": "new"}


def test_a_result_that_is_too_old_here_gives_way_to_a_younger_one_from_afar(tmp_path: Path) -> None:
    server, local, said = MemoryTransport(), MemoryStore(), list[str]()
    day, now = 24 * 3600.0, time.time()
    local.keep(make_kept(tmp_path / "old", {"report": b"old"}, created=now - 1.5 * day, max_age=day))
    young = make_kept(tmp_path / "young", {"report": b"young"}, created=now - 60.0, max_age=day)
    remote_store(server, said).keep(young)
    store = layered(local, remote_store(server, said), said)
    found = store.find(young.entry.fingerprint.digest, day)
    assert found is not None
    assert found.source == "remote"
    assert store.restore(found, tmp_path / "run" / "output", tmp_path / "run" / "log.txt")
    store.close()
    here = local.find(young.entry.fingerprint.digest)
    assert here is not None
    assert here.entry == young.entry
    assert local.replaced == [young.entry.fingerprint.digest]


def test_of_results_that_are_all_too_old_the_one_here_is_told_of(tmp_path: Path) -> None:
    local, day = MemoryStore(), 24 * 3600.0
    old = make_kept(tmp_path, {}, created=time.time() - 2 * day, max_age=day)
    local.keep(old)
    found = layered(local, remote_store(MemoryTransport(), []), []).find(old.entry.fingerprint.digest, day)
    assert found is not None
    assert found.source == "local"


class Stuck(MemoryStore):
    """A remote store that never finishes anything."""

    def keep(self, kept: Kept) -> None:
        threading.Event().wait()


def test_what_is_not_sent_in_time_is_told_and_nobody_waits_for_it(tmp_path: Path) -> None:
    said: list[str] = []
    local = MemoryStore()
    store = layered(local, Stuck(), said, finish=0.05)
    for number in range(3):
        store.keep(make_kept(tmp_path / str(number), {}, task=str(number)))
    store.close()
    assert said == ["3 results were not sent to the remote cache within 0.05 s"]
    assert local.closed


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    said: list[str] = []
    store = layered(MemoryStore(), remote_store(MemoryTransport(), said), said)
    store.keep(make_kept(tmp_path, {}))
    store.close()
    store.close()
    assert said == []


def test_warnings_from_the_background_are_heard_in_the_runs_own_thread(tmp_path: Path) -> None:
    heard: list[int] = []
    box = Postbox(lambda _text: heard.append(threading.get_ident()))
    store = LayeredStore(MemoryStore(), remote_store(MemoryTransport(), []), say=box)
    other = threading.Thread(target=box, args=("from elsewhere",))
    other.start()
    other.join()
    assert heard == []
    store.close()
    assert heard == [threading.get_ident()]
