"""The store on this disk gives back what it was given, or nothing and one warning."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from noxline.cache import seals
from noxline.cache.blobs import blob_path, entry_path
from noxline.cache.codec import encode
from noxline.cache.disk import LARGEST_RECORD, DiskStore
from noxline.model.cache import Found
from tests.cache.entries import FILES, INPUTS, LOG, Desk, entry, fingerprint, kept

DIGEST = fingerprint("tests-3.12").digest
EXPECTED = {**FILES, "log.txt": LOG}
KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def entry_file(store: DiskStore, name: str = "tests-3.12") -> Path:
    return Path(entry_path(store.entries, fingerprint(name).digest))


def test_gives_back_what_it_was_given(desk: Desk, tmp_path: Path) -> None:
    desk.store().keep(kept(tmp_path, files={**FILES, "run.sh": b"true"}))
    store = desk.store()
    found = store.find(DIGEST)
    assert found == Found(entry=entry(files={**FILES, "run.sh": b"true"}), source="local")
    assert desk.restored(store) == {**EXPECTED, "run.sh": b"true"}
    assert store.text(found, "log") == LOG
    assert store.text(found, "inputs") == INPUTS
    assert desk.warnings == []


def test_nothing_is_there_yet(desk: Desk) -> None:
    store = desk.store()
    assert store.find(DIGEST) is None
    assert store.read_record("durations", "tests") is None
    store.close()
    assert not (desk.folder / "cache").exists()
    assert desk.warnings == []


@pytest.mark.parametrize("digest", ["", "..", "../" * 21 + "a", "A" * 64, "g" * 64, DIGEST[:63], DIGEST + "/"])
def test_what_is_no_digest_is_a_miss(desk: Desk, tmp_path: Path, digest: str) -> None:
    desk.store().keep(kept(tmp_path))
    assert desk.store().find(digest) is None
    assert desk.warnings == []


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_a_new_store_is_for_its_user_alone_and_an_old_one_keeps_its_rights(desk: Desk, tmp_path: Path) -> None:
    desk.store().keep(kept(tmp_path))
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    (tmp_path / "cache").chmod(0o755)
    desk.store().keep(kept(tmp_path, "types"))
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o755


def test_entries_share_their_blobs(desk: Desk, tmp_path: Path) -> None:
    desk.store().keep(kept(tmp_path, "tests-3.11"))
    before = desk.files("blobs")
    desk.store().keep(kept(tmp_path, "tests-3.12"))
    assert desk.files("blobs") == before
    assert len(desk.files("entries")) == 2


def test_an_entry_is_never_overwritten(desk: Desk, tmp_path: Path) -> None:
    desk.store().keep(kept(tmp_path))
    desk.store().keep(kept(tmp_path, files={"other": b"other"}))
    assert desk.restored(desk.store()) == EXPECTED


def flipped(file: Path, index: int) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:index] + bytes([data[index] ^ 0x20]) + data[index + 1 :])


def test_every_byte_of_every_file_counts(desk: Desk, tmp_path: Path) -> None:
    """One changed byte anywhere: a miss and one warning, and the result can be stored anew."""
    store = desk.store()
    store.keep(kept(tmp_path))
    own = entry_file(store)
    files = [own, *(Path(blob_path(store.blobs, file.sha256)) for file in (*entry().files, entry().log))]
    sound = {file: file.read_bytes() for file in files}
    for file, index in [(path, index) for path in files for index in range(len(sound[path]))]:
        flipped(file, index)
        desk.warnings.clear()
        again = desk.store()
        found = again.find(DIGEST)
        assert found is None or (file != own and not again.restore(found, tmp_path / "output", tmp_path / "log"))
        assert len(desk.warnings) == 1, (file, index)
        assert not own.exists()
        assert file == own or not file.exists()
        own.write_bytes(sound[own])
        file.write_bytes(sound[file])
    assert not (tmp_path / "output").exists()
    desk.warnings.clear()
    assert desk.restored(desk.store()) == EXPECTED
    assert desk.warnings == []


def test_a_changed_list_of_inputs_is_not_given(desk: Desk, tmp_path: Path) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    found = store.find(DIGEST)
    assert found is not None
    flipped(Path(blob_path(store.blobs, entry().inputs.sha256)), 0)
    assert store.text(found, "inputs") is None
    assert len(desk.warnings) == 1


def test_a_blob_that_was_evicted_is_a_plain_miss(desk: Desk, tmp_path: Path) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    Path(blob_path(store.blobs, entry().log.sha256)).unlink()
    assert desk.restored(desk.store()) is None
    assert desk.warnings == []
    changed = {**FILES, "junit.xml": b"<testsuite time='2'/>"}
    store.keep(kept(tmp_path, files=changed))  # the entry that cannot be restored is not in the way
    assert desk.restored(desk.store()) == {**EXPECTED, **changed}


def planted(data: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(data)


HARMS: dict[str, Callable[[Path], object]] = {
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-40]),
    "empty": planted(b""),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "strange": planted(b"\x7fELF"),
    "huge": planted(b"[" * 9_000_000),
    "folder": lambda file: (file.unlink(), (file / "x").mkdir(parents=True)),
}
if sys.platform != "win32":
    HARMS["pipe"] = lambda file: (file.unlink(), os.mkfifo(file))
    HARMS["device"] = lambda file: (file.unlink(), file.symlink_to("/dev/zero"))
    HARMS["dead link"] = lambda file: (file.unlink(), file.symlink_to("nowhere"))


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_an_entry_that_cannot_be_read_is_removed(desk: Desk, tmp_path: Path, harm: Callable[[Path], object]) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    harm(entry_file(store))
    assert desk.store().find(DIGEST) is None
    assert len(desk.warnings) == 1
    assert "a stored entry cannot be used and was removed" in desk.warnings[0]
    assert desk.store().find(DIGEST) is None
    assert len(desk.warnings) == 1
    store.keep(kept(tmp_path))
    assert desk.restored(desk.store()) == EXPECTED


def test_an_entry_under_another_key_is_refused(desk: Desk, tmp_path: Path) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    other = entry_file(store, "types")
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(entry_file(store).read_bytes())
    assert desk.store().find(fingerprint("types").digest) is None
    body = encode(entry())  # sealed for that place, and yet another's
    about = other.relative_to(store.root).as_posix()
    other.write_bytes(seals.seal(body, about, None))
    assert desk.store().find(fingerprint("types").digest) is None
    assert len(desk.warnings) == 2
    assert desk.restored(desk.store()) == EXPECTED


@pytest.mark.parametrize("path", ["../../evil", "/evil", "a/../../../evil", "C:\\evil"])
def test_a_hostile_entry_writes_nothing_outside(desk: Desk, tmp_path: Path, path: str) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    hostile = replace(entry(), files=(replace(entry().files[0], path=path),))
    about = entry_file(store).relative_to(store.root).as_posix()
    entry_file(store).write_bytes(seals.seal(encode(hostile), about, None))
    assert desk.restored(desk.store()) is None
    found = Found(entry=hostile, source="local")  # and should one ever come this far
    assert not store.restore(found, tmp_path / "run" / "output", tmp_path / "run" / "log.txt")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "run" / "output").exists()
    assert not (tmp_path / "run" / "log.txt").exists()


def test_an_entry_that_lies_about_a_size_harms_no_blob(desk: Desk, tmp_path: Path) -> None:
    store = desk.store()
    store.keep(kept(tmp_path))
    lie = replace(entry(), files=(replace(entry().files[0], size=10**15),))
    assert not store.restore(Found(entry=lie, source="local"), tmp_path / "o", tmp_path / "l")
    assert Path(blob_path(store.blobs, entry().files[0].sha256)).exists()
    assert not (tmp_path / "o").exists()


def test_kept_files_are_those_that_were_digested(desk: Desk, tmp_path: Path) -> None:
    made = kept(tmp_path)
    Path(made.output, "junit.xml").write_bytes(b"<testsuit3/>")
    desk.store().keep(made)
    assert desk.store().find(DIGEST) is None
    assert desk.warnings == ["the result of tests-3.12 was not kept: it changed while it was stored"]


@pytest.mark.parametrize("path", ["../log.txt", "a\nb", "c:d"])
def test_what_could_not_be_restored_is_not_kept(desk: Desk, tmp_path: Path, path: str) -> None:
    made = kept(tmp_path)
    desk.store().keep(replace(made, entry=replace(made.entry, files=(replace(made.entry.files[0], path=path),))))
    assert desk.store().find(DIGEST) is None
    assert desk.warnings == [
        f"the result of tests-3.12 was not kept: it has a file that would lie outside its folder: {path!r}"
    ]


def test_an_output_that_is_gone_is_told(desk: Desk, tmp_path: Path) -> None:
    made = kept(tmp_path)
    Path(made.log).unlink()
    desk.store().keep(made)
    assert desk.store().find(DIGEST) is None
    assert len(desk.warnings) == 1


def test_a_place_that_is_no_folder_costs_one_warning(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    store = desk.store()
    assert store.find(DIGEST) is None
    store.keep(kept(tmp_path))
    store.keep(kept(tmp_path, "types"))
    store.write_record("durations", "tests", {})
    assert store.read_record("durations", "tests") is None
    store.close()
    assert any("results are not kept in" in warning for warning in desk.warnings)
    assert len(desk.warnings) <= 2


# Scopes and trust


def test_scopes_read_their_own_and_nothing_else(desk: Desk, tmp_path: Path) -> None:
    scopes = ("local", "scope/pr-1", "scope/pr-2", "scope/PR-1", "scope")
    for scope in scopes:
        desk.store(scope=scope).keep(kept(tmp_path, scope))
        desk.store(scope=scope).write_record("durations", "tests", {"by": scope})
    for scope in scopes:
        store = desk.store(scope=scope)
        assert [other for other in scopes if store.find(fingerprint(other).digest)] == [scope]
        assert store.read_record("durations", "tests") == {"by": scope}
    assert desk.warnings == []


@pytest.mark.parametrize("planter", ["local", "scope/pr-1"])
def test_an_entry_carried_into_another_scope_is_refused(desk: Desk, tmp_path: Path, planter: str) -> None:
    own = desk.store(scope=planter)
    own.keep(kept(tmp_path))
    victim = desk.store(scope="scope/pr-2")
    entry_file(victim).parent.mkdir(parents=True)
    entry_file(victim).write_bytes(entry_file(own).read_bytes())
    assert victim.find(DIGEST) is None
    assert len(desk.warnings) == 1


def test_a_trusted_run_reads_what_trusted_runs_made(desk: Desk, tmp_path: Path) -> None:
    desk.store(mac_key=KEY).keep(kept(tmp_path))
    store = desk.store(mac_key=KEY)
    assert store.scope == "trusted"
    assert desk.restored(store) == EXPECTED
    store.write_record("durations", "tests", {"a": 1})
    assert desk.store(mac_key=KEY).read_record("durations", "tests") == {"a": 1}
    assert desk.store().find(DIGEST) is None
    assert desk.warnings == []
    with pytest.raises(ValueError, match="needs a key"):
        desk.store(scope="trusted")


@pytest.mark.parametrize("forger", [None, OTHER_KEY])
def test_a_planted_entry_or_record_is_refused_once_and_the_task_runs(
    desk: Desk, tmp_path: Path, forger: bytes | None
) -> None:
    """What somebody without the key writes into the trusted folders is worth nothing, however well it is made."""
    trusted = desk.store(mac_key=KEY)
    target = entry_file(trusted)
    about = target.relative_to(trusted.root).as_posix()
    target.parent.mkdir(parents=True)
    target.write_bytes(seals.seal(encode(entry()), about, forger))
    assert trusted.find(DIGEST) is None
    target.write_bytes(seals.seal(encode(entry()), about, forger))
    assert trusted.find(DIGEST) is None
    assert len(desk.warnings) == 1
    trusted.write_record("resolutions", "recipe", {"set": []})
    record = desk.files("records")[0]
    record.write_bytes(seals.seal(b'{"set":["evil"]}', record.relative_to(trusted.root).as_posix(), forger))
    assert trusted.read_record("resolutions", "recipe") is None
    assert len(desk.warnings) == 2
    trusted.keep(kept(tmp_path))
    assert desk.restored(desk.store(mac_key=KEY)) == EXPECTED


def test_a_pull_requests_entry_is_not_read_by_a_trusted_run(desk: Desk, tmp_path: Path) -> None:
    pull_request = desk.store(scope="scope/pr-1")
    pull_request.keep(kept(tmp_path))
    trusted = desk.store(mac_key=KEY)
    assert trusted.find(DIGEST) is None
    entry_file(trusted).parent.mkdir(parents=True)
    entry_file(trusted).write_bytes(entry_file(pull_request).read_bytes())
    assert trusted.find(DIGEST) is None
    assert len(desk.warnings) == 1
    assert "no trusted run wrote it" in desk.warnings[0]


def test_a_trusted_entry_replayed_under_another_key_is_refused(desk: Desk, tmp_path: Path) -> None:
    trusted = desk.store(mac_key=KEY)
    trusted.keep(kept(tmp_path))
    other = entry_file(trusted, "types")
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(entry_file(trusted).read_bytes())
    assert trusted.find(fingerprint("types").digest) is None
    assert len(desk.warnings) == 1


def test_a_blob_that_a_task_changed_is_not_given_to_a_trusted_run(desk: Desk, tmp_path: Path) -> None:
    trusted = desk.store(mac_key=KEY)
    trusted.keep(kept(tmp_path))
    for blob in desk.files("blobs"):
        blob.write_bytes(bytes(blob.stat().st_size))
    assert desk.restored(desk.store(mac_key=KEY)) is None
    assert len(desk.warnings) == 1


# Records


def test_the_last_writer_of_a_record_wins(desk: Desk) -> None:
    desk.store().write_record("durations", "a/b:c \udc80", {"a": [1, 2.5, None, "é"]})
    desk.store().write_record("durations", "a/b:c \udc80", {"b": True})
    assert desk.store().read_record("durations", "a/b:c \udc80") == {"b": True}
    assert desk.store().read_record("durations", "a/b:c") is None
    assert desk.store().read_record("flaky", "a/b:c \udc80") is None
    assert len(desk.files("records")) == 1


@pytest.mark.parametrize("kind", ["durations", "../..", "a/b", "Durations", ""])
def test_a_record_lies_among_the_records(desk: Desk, kind: str) -> None:
    desk.store().write_record(kind, "key", {"kind": kind})
    assert desk.store().read_record(kind, "key") == {"kind": kind}
    assert len(desk.files("records/local")) == 1


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_a_broken_record_is_none(desk: Desk, harm: Callable[[Path], object]) -> None:
    desk.store().write_record("durations", "tests", {"a": list(range(30))})
    harm(desk.files("records")[0])
    assert desk.store().read_record("durations", "tests") is None
    desk.store().write_record("durations", "tests", {"b": 1})
    assert desk.store().read_record("durations", "tests") == {"b": 1}
    assert len(desk.warnings) == 1


def test_every_byte_of_a_record_counts(desk: Desk) -> None:
    desk.store().write_record("durations", "tests", {"a": 1})
    (file,) = desk.files("records")
    sound = file.read_bytes()
    for index in range(len(sound)):
        flipped(file, index)
        desk.warnings.clear()
        assert desk.store().read_record("durations", "tests") is None
        assert len(desk.warnings) == 1, index
        assert not file.exists()
        file.write_bytes(sound)
    assert desk.store().read_record("durations", "tests") == {"a": 1}


@pytest.mark.parametrize("body", [b"[1]", b"no", b"[" * 100_000, b""])
def test_a_sealed_record_that_is_none_of_ours_is_none(desk: Desk, body: bytes) -> None:
    store = desk.store()
    store.write_record("durations", "tests", {})
    file = desk.files("records")[0]
    file.write_bytes(seals.seal(body, file.relative_to(store.root).as_posix(), None))
    assert store.read_record("durations", "tests") is None
    assert len(desk.warnings) == 1


def test_a_record_is_bounded(desk: Desk) -> None:
    store = desk.store()
    store.write_record("durations", "tests", {"small": 1})
    store.write_record("durations", "tests", {"large": "x" * LARGEST_RECORD})
    assert store.read_record("durations", "tests") == {"small": 1}
    assert desk.warnings == [f"a record of durations is larger than {LARGEST_RECORD} bytes and was not kept"]
