"""The store that settings and variables ask for, and the whole of it against real servers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from noxline.cache import fetch
from noxline.cache.disk import DiskStore
from noxline.cache.open import open_store, open_to_lend, secret_variables
from noxline.cache.signing import ANY_SCOPE, SCOPE, SIGNING_KEY, generate
from noxline.errors import ConfigError, MachineError
from noxline.ports import CacheStore
from noxline.settings.schema import CacheSettings
from tests.cache.remote_fakes import MemoryStore, make_kept, restored, tree
from tests.cache.remote_servers import Hostile, Nginx, reply
from tests.cache.test_http import MAIN_USER, PR_USER
from tests.cache.test_object_store import bucket, s3_environ

__all__ = ["bucket"]  # a fixture
PRIVATE, PUBLIC = generate()
PR_PRIVATE, PR_PUBLIC = generate()
KEYS = (PUBLIC, f"{PR_PUBLIC} {ANY_SCOPE}")
FILES = {"junit.xml": b"<x/>", "large": bytes(range(256)) * 40_000}


def opened(
    url: str,
    environ: Mapping[str, str],
    *,
    local: CacheStore | None = None,
    said: list[str] | None = None,
    **more: object,
) -> CacheStore:
    settings = CacheSettings(remote=url, keys=KEYS, **more)  # type: ignore[arg-type]
    warn = (said if said is not None else []).append
    return open_store(settings, environ, warn=warn, local=local or MemoryStore())


def travels(url: str, writer: Mapping[str, str], reader: Mapping[str, str], tmp_path: Path) -> None:
    """Keep a result through one store, and have another machine restore it and keep it on its disk."""
    said: list[str] = []
    kept = make_kept(tmp_path / "made", FILES)
    store = opened(url, writer, said=said)
    store.keep(kept)
    store.close()
    disk = DiskStore(str(tmp_path / "disk"), warn=said.append, limit=10**9)
    other = opened(url, reader, local=disk, said=said)
    key = kept.entry.fingerprint.digest
    assert restored(other, key, tmp_path / "run") == tree(tmp_path / "made")
    other.close()
    found = disk.find(key)
    assert found is not None
    assert disk.text(found, "inputs") == kept.inputs
    assert restored(disk, key, tmp_path / "again") == tree(tmp_path / "made")
    assert said == []


@pytest.mark.process
def test_through_nginx(dav: Nginx, tmp_path: Path) -> None:
    travels(dav.url, MAIN_USER | {SIGNING_KEY: PRIVATE}, {}, tmp_path)


@pytest.mark.process
def test_a_pull_request_through_nginx_reaches_no_other(dav: Nginx, tmp_path: Path) -> None:
    writer = PR_USER | {SIGNING_KEY: PR_PRIVATE, SCOPE: "pr-12"}
    travels(dav.url, writer, {SCOPE: "pr-12"}, tmp_path)
    (key,) = [path.name for path in dav.data.rglob("entries/*/*")]
    assert opened(dav.url, {}).find(key) is None
    assert opened(dav.url, {SCOPE: "pr-13"}).find(key) is None


@pytest.mark.process
def test_a_pull_request_that_writes_into_trusted_on_the_server_is_not_believed(dav: Nginx, tmp_path: Path) -> None:
    import shutil

    said: list[str] = []
    travels(dav.url, PR_USER | {SIGNING_KEY: PR_PRIVATE, SCOPE: "pr-12"}, {SCOPE: "pr-12"}, tmp_path)
    shutil.copytree(dav.data / "v1" / "scope" / "pr-12", dav.data / "v1" / "trusted")
    (key,) = [path.name for path in (dav.data / "v1" / "trusted").rglob("entries/*/*")]
    assert opened(dav.url, {}, said=said).find(key) is None
    assert len(said) == 1


@pytest.mark.process
def test_through_s3(s3_url: str, bucket: str, tmp_path: Path) -> None:
    environ = s3_environ(s3_url)
    travels(f"s3://{bucket}/noxline", environ | {SIGNING_KEY: PRIVATE}, environ, tmp_path)


def test_through_a_directory(tmp_path: Path) -> None:
    travels(f"file://{tmp_path}/shared", {SIGNING_KEY: PRIVATE}, {}, tmp_path)


def test_files_of_the_disk_store_are_not_fetched_again(tmp_path: Path) -> None:
    import shutil

    url, said = f"file://{tmp_path}/shared", list[str]()
    store = opened(url, {SIGNING_KEY: PRIVATE})
    kept = make_kept(tmp_path / "made", FILES)
    store.keep(kept)
    store.close()
    shutil.rmtree(tmp_path / "shared" / "v1" / "trusted" / "blobs")
    disk = DiskStore(str(tmp_path / "disk"), warn=said.append, limit=10**9)
    disk.keep(make_kept(tmp_path / "other", FILES, task="other"))
    assert restored(opened(url, {}, local=disk, said=said), kept.entry.fingerprint.digest, tmp_path / "run")
    assert said == []


def test_without_a_remote_there_is_the_local_store_alone() -> None:
    local = MemoryStore()
    assert open_store(CacheSettings(), {}, warn=pytest.fail, local=local) is local


def test_offline_leaves_the_remote_out() -> None:
    local = MemoryStore()
    settings = CacheSettings(remote="https://cache.example", keys=KEYS)
    assert open_store(settings, {}, warn=pytest.fail, local=local, offline=True) is local


def test_opening_asks_nobody() -> None:
    with Hostile(reply("200 OK")) as server:
        opened(server.url, {SIGNING_KEY: PRIVATE}).close()
        assert server.heads == []


def test_without_keys_nothing_can_be_believed() -> None:
    said: list[str] = []
    local = MemoryStore()
    settings = CacheSettings(remote="https://cache.example")
    assert open_store(settings, {}, warn=said.append, local=local) is local
    assert len(said) == 1
    assert "[cache] keys is empty" in said[0]


@pytest.mark.parametrize("more", [{"read_only": True}, {}])
def test_without_a_key_or_read_only_nothing_is_sent(tmp_path: Path, more: dict[str, bool]) -> None:
    environ = {SIGNING_KEY: PRIVATE} if more else {}
    store = opened(f"file://{tmp_path}/shared", environ, **more)
    store.keep(make_kept(tmp_path / "made", FILES))
    store.close()
    assert not (tmp_path / "shared").exists()


@pytest.mark.parametrize(
    ("settings", "environ"),
    [
        ({"remote": "nonsense"}, {}),
        ({"remote": "https://me:pw@host/"}, {}),  # pragma: allowlist secret - made up
        ({"remote": "https://host", "keys": ("nonsense",)}, {}),
        ({"remote": "https://host", "keys": KEYS}, {SIGNING_KEY: "nonsense"}),
        ({"remote": "https://host", "keys": KEYS}, {SCOPE: "../trusted"}),
    ],
)
def test_what_cannot_be_is_an_error_with_a_place_and_a_hint(
    settings: dict[str, object], environ: dict[str, str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(CacheSettings(**settings), environ, warn=pytest.fail, local=MemoryStore())  # type: ignore[arg-type]
    assert caught.value.place
    assert caught.value.hint


@pytest.mark.parametrize(("url", "package"), [("https://host", "zstandard"), ("s3://bucket", "obstore")])
def test_without_the_extra_the_command_is_named(monkeypatch: pytest.MonkeyPatch, url: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as good as not installed
    with pytest.raises(MachineError, match=package) as caught:
        opened(url, {})
    assert "pip install 'noxline[remote]'" in caught.value.hint


def test_obstore_is_not_asked_for_where_http_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    opened("https://host", {}).close()


def test_secrets_are_named_for_what_is_used() -> None:
    environ = {SIGNING_KEY: "x", "NOXLINE_CACHE_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "x"}
    own = ("NOXLINE_CACHE_SIGNING_KEY", "NOXLINE_CACHE_TOKEN")
    assert secret_variables(CacheSettings(), environ) == own
    assert secret_variables(CacheSettings(remote="https://host"), environ) == own
    assert secret_variables(CacheSettings(remote="s3://bucket"), environ) == (*own, "AWS_SECRET_ACCESS_KEY")


LIES = [
    reply("500 Internal Server Error", b"oops"),
    reply("200 OK", b"<html>Sign in</html>"),
    reply("200 OK", b"x" * 100, "Content-Length: 1000"),
    reply("200 OK", b"x", f"Content-Length: {10**18}"),
    reply("302 Found", b"", "Location: http://127.0.0.1:1/"),
    reply("401 Unauthorized"),
    reply("507 Insufficient Storage"),
    lambda connection, _head: connection.close(),
    lambda connection, _head: connection.recv(1) and None,
]


@pytest.mark.parametrize("answer", LIES)
def test_whatever_a_server_does_a_run_goes_on_and_says_it_once(tmp_path: Path, answer: object) -> None:
    said: list[str] = []
    with Hostile(answer) as server:  # type: ignore[arg-type]
        local = MemoryStore()
        store = opened(server.url, {SIGNING_KEY: PRIVATE}, local=local, said=said, timeout=0.5)
        for number in range(4):
            kept = make_kept(tmp_path / str(number), FILES, task=str(number))
            assert store.find(kept.entry.fingerprint.digest) is None
            store.keep(kept)
            store.read_record("durations", str(number))
            store.write_record("durations", str(number), {})
        store.close()
        assert len(server.heads) <= 4
    assert len(local.entries) == 4
    assert len(said) <= 2
    assert len([text for text in said if "left alone" in text]) == 1
    assert all(server.url in text for text in said)
    assert not any(PRIVATE in text for text in said)


@pytest.mark.parametrize(
    ("url", "environ", "lends"),
    [
        ("http://127.0.0.1:9/x", {SIGNING_KEY: PRIVATE}, True),
        ("http://127.0.0.1:9/x", {}, False),
        ("http://127.0.0.1:9/x", {SIGNING_KEY: PRIVATE, SCOPE: "pr-1"}, False),
        ("http://127.0.0.1:9/x", {SIGNING_KEY: PR_PRIVATE}, False),
        ("https://127.0.0.1:9/x", {SIGNING_KEY: PRIVATE}, False),
        ("file:///mnt/x", {SIGNING_KEY: PRIVATE}, False),
    ],
)
def test_only_who_signs_for_everybody_lends_and_only_where_a_clone_can_ask(
    url: str, environ: dict[str, str], lends: bool
) -> None:
    settings = CacheSettings(remote=url, keys=KEYS)
    store = open_to_lend(settings, environ, warn=pytest.fail)
    assert (store is not None) == lends
    if store is not None:
        store.close()


def test_an_outage_that_was_met_already_is_told_and_nothing_is_asked() -> None:
    said, local = list[str](), MemoryStore()
    fetch.OUTAGES.append("no answer within 10 s")
    fetch.REFUSALS.append("it is not signed")
    try:
        assert opened("http://127.0.0.1:9/x", {}, local=local, said=said) is local
    finally:
        fetch.OUTAGES.clear()
    assert fetch.REFUSALS == []
    assert "is not used: it is not signed" in said[0]
    assert "no answer within 10 s" in said[1]
