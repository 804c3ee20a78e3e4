"""The remote store: what goes out comes back, nothing is overwritten, and trouble is a miss."""

from __future__ import annotations

import math
import os
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noxline.cache import frames, layout
from noxline.cache.envelope import seal
from noxline.cache.failures import RefusedError, TransportError
from noxline.cache.signing import TRUSTED, Statement
from noxline.model.cache import Found
from noxline.model.records import Record, joined
from tests.cache.remote_fakes import (
    MAIN,
    PULL_REQUEST,
    MemoryTransport,
    make_kept,
    of_pull_request,
    remote_store,
    restored,
    tree,
)

LARGE = os.urandom(layout.PART + 12_345)
FILES = {
    "junit.xml": b"<x/>",
    "deep/er/data": b"d" * 100_000,
    "large.bin": LARGE,
    "run.sh": b"#!/bin/sh\n",
    "empty": b"",
}


def test_what_goes_out_comes_back(tmp_path: Path) -> None:
    said: list[str] = []
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", FILES)
    remote_store(server, said).keep(kept)
    found = remote_store(server, said).find(kept.entry.fingerprint.digest)
    assert found is not None
    assert (found.entry, found.source) == (kept.entry, "remote")
    reader = remote_store(server, said)
    assert reader.restore(found, tmp_path / "run" / "output", tmp_path / "run" / "log.txt")
    assert tree(tmp_path / "run") == tree(tmp_path / "made")
    assert os.access(tmp_path / "run" / "output" / "run.sh", os.X_OK)
    assert not os.access(tmp_path / "run" / "output" / "junit.xml", os.X_OK)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["log.txt", "output"]
    assert reader.text(found, "log") == b"a log\n"
    assert reader.text(found, "inputs") == b"src/a.py 1\n"
    assert said == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.from_regex(r"([A-Z]{1,3}/){0,2}[a-z]{1,3}", fullmatch=True), st.binary(max_size=300), max_size=9)
)
def test_any_set_of_files_comes_back(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    folder, server, said = tmp_path_factory.mktemp("any"), MemoryTransport(), list[str]()
    kept = make_kept(folder / "made", files)
    remote_store(server, said).keep(kept)
    assert restored(remote_store(server, said), kept.entry.fingerprint.digest, folder / "run") == tree(folder / "made")
    assert said == []


def test_what_is_there_is_replaced_as_a_whole(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", {"a": b"new"})
    remote_store(server, []).keep(kept)
    old = make_kept(tmp_path / "run", {"a": b"old", "b/leftover": b"old"})
    assert restored(remote_store(server, []), old.entry.fingerprint.digest, tmp_path / "run") == {
        "output/a": b"new",
        "log.txt": b"a log\n",
    }


def test_small_files_need_one_request_and_large_ones_one_a_part(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", {f"{n}.xml": b"%d" % n for n in range(20)} | {"large": LARGE})
    remote_store(server, []).keep(kept)
    server.asked.clear()
    assert restored(remote_store(server, []), kept.entry.fingerprint.digest, tmp_path / "run") is not None
    assert len(server.asked) == 1 + 2


def test_files_of_the_local_store_are_not_fetched(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", {"large": LARGE})
    remote_store(server, []).keep(kept)
    server.asked.clear()
    store = remote_store(server, [], local=lambda _blob, file: bool(file.write(LARGE)))
    assert restored(store, kept.entry.fingerprint.digest, tmp_path / "run") == tree(tmp_path / "made")
    assert len(server.asked) == 1


def test_an_entry_that_was_handed_on_without_its_pack_is_restored(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", FILES)
    remote_store(server, []).keep(kept)
    bare = Found(entry=kept.entry, source="remote")
    store = remote_store(server, [])
    assert store.text(bare, "log") == b"a log\n"
    assert store.restore(bare, tmp_path / "run" / "output", tmp_path / "run" / "log.txt")


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    server = MemoryTransport()
    remote_store(server, []).keep(make_kept(tmp_path / "one", {"a": b"1" * 100_000}))
    before = dict(server.objects)
    remote_store(server, []).keep(make_kept(tmp_path / "two", {"a": b"2" * 100_000}))
    assert {name: server.objects[name] for name in before} == before
    assert server.verbs("replace") == []


def test_the_entry_goes_last(tmp_path: Path) -> None:
    server = MemoryTransport()
    remote_store(server, []).keep(make_kept(tmp_path, FILES))
    puts = server.verbs("put")
    assert "/entries/" in puts[-1]
    assert len(puts) == 4
    assert all("/blobs/" in name for name in puts[:-1])


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_an_upload_that_fails_half_way_leaves_no_entry(tmp_path: Path, failing: int) -> None:
    said: list[str] = []
    puts: list[str] = []

    def fails(verb: str, name: str) -> TransportError | None:
        puts.extend([name] if verb == "put" else [])
        return TransportError("gone") if verb == "put" and len(puts) == failing else None

    server = MemoryTransport(fails)
    kept = make_kept(tmp_path, FILES)
    remote_store(server, said).keep(kept)
    assert not any("/entries/" in name for name in server.objects)
    again: list[str] = []
    retry = MemoryTransport()
    retry.objects = server.objects
    remote_store(retry, again).keep(kept)
    assert restored(remote_store(retry, again), kept.entry.fingerprint.digest, tmp_path / "run") is not None
    assert len(said) == 1
    assert again == []


@pytest.mark.parametrize("name", ["junit.xml", "large.bin"])
def test_a_file_that_changed_since_is_not_uploaded(tmp_path: Path, name: str) -> None:
    said: list[str] = []
    server = MemoryTransport()
    kept = make_kept(tmp_path, FILES)
    Path(kept.output, name).write_bytes(b"y" * len(FILES[name]))
    remote_store(server, said).keep(kept)
    assert not any("/entries/" in written for written in server.objects)
    assert said == [f"the result of tests was not uploaded: {name} changed after the task had ended"]


def test_a_file_that_is_gone_is_not_uploaded(tmp_path: Path) -> None:
    said: list[str] = []
    kept = make_kept(tmp_path, FILES)
    Path(kept.log).unlink()
    server = MemoryTransport()
    remote_store(server, said).keep(kept)
    assert server.verbs("put") == []
    assert len(said) == 1


def test_without_a_key_nothing_is_sent(tmp_path: Path) -> None:
    server, said = MemoryTransport(), list[str]()
    store = remote_store(server, said, signer=None)
    store.keep(make_kept(tmp_path, FILES))
    store.write_record("durations", "k", {})
    assert server.asked == []
    assert said == []


def test_a_key_that_nobody_would_believe_signs_nothing(tmp_path: Path) -> None:
    server, said = MemoryTransport(), list[str]()
    store = remote_store(server, said, signer=PULL_REQUEST)
    store.keep(make_kept(tmp_path, FILES))
    store.write_record("durations", "k", {})
    assert server.asked == []
    assert said == ["nothing is uploaded: [cache] keys does not list this run's key for trusted"]


def test_what_holds_for_one_machine_stays_there(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path, {})
    remote_store(server, []).keep(replace(kept, entry=replace(kept.entry, machine="this one")))
    assert server.asked == []


def test_a_server_that_is_full_is_still_read(tmp_path: Path) -> None:
    said: list[str] = []
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", FILES)
    remote_store(server, []).keep(kept)
    full = MemoryTransport(lambda verb, _: RefusedError("it answers 507") if verb == "put" else None)
    full.objects = server.objects
    store = remote_store(full, said)
    for number in range(5):
        store.keep(make_kept(tmp_path / str(number), {"a": b"x"}, task=f"other-{number}"))
    assert len(full.verbs("put")) == 1
    assert len(said) == 1
    assert restored(store, kept.entry.fingerprint.digest, tmp_path / "run") == tree(tmp_path / "made")


def test_files_that_were_thrown_away_are_a_miss_and_nothing_is_touched(tmp_path: Path) -> None:
    said: list[str] = []
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", FILES)
    remote_store(server, said).keep(kept)
    for name in [name for name in server.objects if "/blobs/" in name]:
        del server.objects[name]
    make_kept(tmp_path / "run", {"here": b"before"})
    before = tree(tmp_path / "run")
    store = remote_store(server, said)
    assert restored(store, kept.entry.fingerprint.digest, tmp_path / "run") is None
    assert restored(store, kept.entry.fingerprint.digest, tmp_path / "run") is None
    assert tree(tmp_path / "run") == before
    assert said == ["files of a result are not on the remote cache any more; its task runs"]


def test_a_disk_that_takes_nothing_is_a_miss(tmp_path: Path) -> None:
    said: list[str] = []
    server = MemoryTransport()
    kept = make_kept(tmp_path / "made", FILES)
    remote_store(server, said).keep(kept)
    (tmp_path / "run").write_text("a file where the folder should be")
    assert restored(remote_store(server, said), kept.entry.fingerprint.digest, tmp_path / "run") is None
    assert len(said) == 1


@pytest.mark.parametrize("error", [TransportError("gone"), RefusedError("403")])
def test_a_remote_that_is_gone_is_asked_twice_and_named_once(tmp_path: Path, error: TransportError) -> None:
    said: list[str] = []
    server = MemoryTransport(lambda _verb, _name: error)
    store = remote_store(server, said)
    kept = make_kept(tmp_path, FILES)
    for _ in range(4):
        assert store.find(kept.entry.fingerprint.digest) is None
        assert store.read_record("durations", "k") is None
        assert store.text(Found(entry=kept.entry, source="remote"), "log") is None
        store.keep(kept)
        store.write_record("durations", "k", {})
    store.close()
    assert len(server.asked) == 2
    assert len(said) == 1


def test_records_come_back_and_the_last_writer_wins() -> None:
    server, said = MemoryTransport(), list[str]()
    store = remote_store(server, said)
    assert store.read_record("durations", "tests") is None
    store.write_record("durations", "tests", {"a": 1})
    store.write_record("durations", "tests", {"a": 2})
    assert remote_store(server, said).read_record("durations", "tests") == {"a": 2}
    assert store.read_record("durations", "lint") is None
    assert said == []


def test_a_pull_request_reads_its_own_records_before_those_of_main() -> None:
    server = MemoryTransport()
    main, pull_request = remote_store(server, []), of_pull_request(server, [])
    main.write_record("durations", "tests", {"of": "main"})
    assert pull_request.read_record("durations", "tests") == {"of": "main"}
    pull_request.write_record("durations", "tests", {"of": "pr"})
    assert pull_request.read_record("durations", "tests") == {"of": "pr"}
    assert main.read_record("durations", "tests") == {"of": "main"}


def test_records_of_main_and_of_a_pull_request_are_merged() -> None:
    server = MemoryTransport()
    main, pull_request = remote_store(server, []), of_pull_request(server, [])
    pull_request.put_record("durations", "tests", Record(value={"a": "pr", "new": 1}, at=100.0))
    main.put_record("durations", "tests", Record(value={"a": "main", "b": 2}, at=200.0))
    assert pull_request.read_record("durations", "tests", joined) == {"a": "main", "b": 2, "new": 1}
    assert pull_request.read_record("durations", "tests") == {"a": "main", "b": 2}
    assert main.read_record("durations", "tests", joined) == {"a": "main", "b": 2}


def test_the_times_of_sixty_thousand_tests_are_one_record() -> None:
    server, said = MemoryTransport(), list[str]()
    times = {
        f"tests/unit/test_module_{n // 50}.py::TestCase::test_case_{n}[parameter-{n % 7}]": n / 1e4
        for n in range(60_000)
    }
    remote_store(server, said).write_record("durations", "tests", times)
    assert remote_store(server, said).read_record("durations", "tests") == times
    assert said == []


def test_a_record_that_is_too_large_is_not_sent() -> None:
    server, said = MemoryTransport(), list[str]()
    remote_store(server, said).write_record("durations", "tests", {"a": "x" * layout.RECORD})
    remote_store(server, said).write_record("durations", "tests", {"a": secrets.token_hex(layout.RECORD_SENT)})
    assert server.asked == []
    assert ["too large" in text for text in said] == [True, True]


def test_a_record_that_would_unpack_to_more_than_one_may_hold_is_not_unpacked() -> None:
    server, said = MemoryTransport(), list[str]()
    name = layout.record_name("durations", "tests")
    bomb = frames.compress(b" " * (layout.RECORD + 1))
    statement = Statement(namespace=TRUSTED, kind="record", name=name, content=bomb)
    server.objects[f"v1/trusted/{name}"] = seal(statement, MAIN)
    store = remote_store(server, said)
    assert store.read_record("durations", "tests") is None
    assert store.read_record("durations", "tests") is None
    assert any("unpack" in text for text in said)


DAY = 24 * 3600.0
NOON = 1_000_000 * DAY + DAY / 2


def test_a_result_of_limited_age_is_shared_on_the_second_day_too(tmp_path: Path) -> None:
    server, said = MemoryTransport(), list[str]()
    today = make_kept(tmp_path / "1", {"report": b"today"}, created=NOON, max_age=DAY)
    key = today.entry.fingerprint.digest
    remote_store(server, said, clock=lambda: NOON).keep(today)
    for moment in (NOON, NOON + DAY / 2 - 1, NOON + DAY / 2 + 1, NOON + DAY):  # midnight changes nothing
        found = remote_store(server, said, clock=iter([moment]).__next__).find(key, DAY)
        assert found is not None
        assert found.entry == today.entry
    assert remote_store(server, said, clock=lambda: NOON + 25 * 3600.0).find(key, DAY) is None
    tomorrow = make_kept(tmp_path / "2", {"report": b"tomorrow"}, created=NOON + 25 * 3600.0, max_age=DAY)
    remote_store(server, said).keep(tomorrow)
    found = remote_store(server, said, clock=lambda: NOON + 26 * 3600.0).find(key, DAY)
    assert found is not None
    assert found.entry == tomorrow.entry
    assert said == []


@given(age=st.floats(min_value=0.01, max_value=1e7), made=st.floats(0, 2e9), late=st.floats(0, 3))
def test_a_young_entry_is_always_found_and_an_old_one_never_in_the_way(age: float, made: float, late: float) -> None:
    now = made + late * age
    name = layout.slots("d", age, made)[0]
    if now - made <= age:
        assert name in layout.slots("d", age, now)
    elif now - made > math.ceil(age):
        assert layout.slots("d", age, now)[0] != name


def test_an_entry_of_one_slot_is_none_of_another(tmp_path: Path) -> None:
    server, said = MemoryTransport(), list[str]()
    kept = make_kept(tmp_path, {}, created=NOON, max_age=DAY)
    remote_store(server, said).keep(kept)
    (name,) = server.objects
    server.objects = {name.rpartition("-")[0] + f"-{int(NOON // DAY) + 1}": server.objects[name]}
    store = remote_store(server, said, clock=lambda: NOON + DAY)
    assert store.find(kept.entry.fingerprint.digest, DAY) is None
    assert "signature" in said[0]


def test_what_is_never_young_is_not_shared(tmp_path: Path) -> None:
    server = MemoryTransport()
    kept = make_kept(tmp_path, {}, max_age=0.0)
    store = remote_store(server, [])
    store.keep(kept)
    assert store.find(kept.entry.fingerprint.digest, 0.0) is None
    assert server.asked == []


def test_a_pull_request_reads_main_and_itself_and_main_reads_main_only(tmp_path: Path) -> None:
    server = MemoryTransport()
    of_main = make_kept(tmp_path / "main", {"a": b"m"}, task="main")
    of_pr = make_kept(tmp_path / "pr", {"a": b"p"}, task="pr")
    remote_store(server, [], signer=MAIN).keep(of_main)
    of_pull_request(server, []).keep(of_pr)
    main_key, pr_key = of_main.entry.fingerprint.digest, of_pr.entry.fingerprint.digest
    assert of_pull_request(server, []).find(main_key) is not None
    assert of_pull_request(server, []).find(pr_key) is not None
    assert of_pull_request(server, [], "pr-13").find(pr_key) is None
    assert remote_store(server, []).find(pr_key) is None
    assert remote_store(server, []).find(main_key) is not None
