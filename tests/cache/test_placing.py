"""A file is there as a whole or not at all, and none that is there is overwritten."""

from __future__ import annotations

import errno
import os
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from noxline.cache import placing
from noxline.cache.blobs import UnsoundError, blob_path
from tests.cache.entries import content


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def put(folder: Path, data: bytes, source: bytes | None = None) -> int:
    file = folder / "source"
    file.write_bytes(data if source is None else source)
    return placing.put_file(str(folder / "blobs"), str(file), len(data), digest(data))


def blob(folder: Path, data: bytes) -> Path:
    return Path(blob_path(str(folder / "blobs"), digest(data)))


def test_a_content_is_stored_once(tmp_path: Path) -> None:
    assert put(tmp_path, b"x" * 5000) == 8192
    assert put(tmp_path, b"x" * 5000) == 0
    assert placing.put_bytes(str(tmp_path / "blobs"), b"x" * 5000, digest(b"x" * 5000)) == 0
    assert list(content(tmp_path / "blobs").values()) == [b"x" * 5000]


def test_a_blob_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    put(tmp_path, b"x")
    number = blob(tmp_path, b"x").stat().st_ino
    put(tmp_path, b"x")
    assert blob(tmp_path, b"x").stat().st_ino == number


@pytest.mark.parametrize("source", [b"other", b"dat", b"data and more", b""])
def test_a_file_that_changed_meanwhile_is_not_stored(tmp_path: Path, source: bytes) -> None:
    with pytest.raises(UnsoundError, match="changed while it was stored"):
        put(tmp_path, b"datum", source)
    with pytest.raises(UnsoundError, match="changed while it was stored"):
        placing.put_bytes(str(tmp_path / "blobs"), b"other", digest(b"datum"))
    assert content(tmp_path / "blobs") == {}


def test_a_corrupt_blob_is_replaced(tmp_path: Path) -> None:
    put(tmp_path, b"data")
    blob(tmp_path, b"data").write_bytes(b"torn ...")
    assert put(tmp_path, b"data") == 4096
    assert blob(tmp_path, b"data").read_bytes() == b"data"


def test_a_folder_in_the_place_of_a_blob_is_replaced(tmp_path: Path) -> None:
    (blob(tmp_path, b"data") / "x").mkdir(parents=True)
    assert put(tmp_path, b"data") == 4096
    assert blob(tmp_path, b"data").read_bytes() == b"data"


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_links_are_neither_read_nor_written_through(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(UnsoundError, match="no regular file"):
        placing.put_file(str(tmp_path / "blobs"), str(tmp_path / "link"), 6, digest(b"secret"))
    place = blob(tmp_path, b"data")
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "secret")
    put(tmp_path, b"data")
    assert not place.is_symlink()
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_a_new_file_stands_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    assert placing.write_new(str(path), b"one")
    assert not placing.write_new(str(path), b"two")
    assert path.read_bytes() == b"one"
    assert placing.write_new(str(path), b"two", replace=True)
    assert content(tmp_path) == {"deep/file": b"two"}


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    assert put(tmp_path, b"data") == 4096
    assert put(tmp_path, b"data") == 0
    path = tmp_path / "entry"
    assert placing.write_new(str(path), b"one")
    assert not placing.write_new(str(path), b"two")
    assert path.read_bytes() == b"one"
    assert not list(tmp_path.rglob("*.tmp"))


def test_another_refusal_of_a_link_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="No space"):
        put(tmp_path, b"data")
    assert content(tmp_path / "blobs") == {}


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (1, 4096), (4096, 4096), (4097, 8192)])
def test_space(size: int, expected: int) -> None:
    assert placing.space(size) == expected


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "geteuid"), reason="modes")
def test_what_refuses_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_bytes(b"a file where a folder belongs")
    with pytest.raises(OSError, match=r"Not a directory|exists"):
        put(tmp_path, b"data")
    assert sorted(content(tmp_path)) == ["blobs", "source"]
