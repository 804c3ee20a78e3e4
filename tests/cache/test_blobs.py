"""Blobs are verified as they are read; an output directory is replaced as a whole or stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from noxline.cache import blobs, placing
from tests.cache.entries import content

posix = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and pipes")
Row = tuple[str, int, str, bool]


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def row(path: str, data: bytes, *, executable: bool = False) -> Row:
    return (path, len(data), digest(data), executable)


class Place:
    def __init__(self, folder: Path) -> None:
        self.blobs = str(folder / "blobs")
        self.target = folder / "run" / "output"

    def put(self, data: bytes) -> Path:
        placing.put_bytes(self.blobs, data, digest(data))
        return Path(blobs.blob_path(self.blobs, digest(data)))

    def restore(self, *rows: Row) -> bool:
        return blobs.restore_files(self.blobs, rows, str(self.target))

    def left_beside(self) -> list[str]:
        return sorted(path.name for path in self.target.parent.iterdir()) if self.target.parent.is_dir() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_restores_files_and_nothing_beside_them(place: Place) -> None:
    place.put(b"one"), place.put(b"")
    assert place.restore(row("a.txt", b"one"), row("b/c/d.txt", b"one"), row("b/empty", b""))
    assert content(place.target) == {"a.txt": b"one", "b/c/d.txt": b"one", "b/empty": b""}
    assert place.left_beside() == ["output"]


@pytest.mark.parametrize("before", ["nothing", "empty", "full", "file"])
def test_the_new_output_takes_the_place_of_the_old(place: Place, before: str) -> None:
    place.put(b"new")
    place.target.parent.mkdir()
    if before == "file":
        place.target.write_bytes(b"old")
    elif before != "nothing":
        (place.target / "deep").mkdir(parents=True)
        (place.target / "deep" / "old").write_bytes(b"old")
    if before == "empty":
        blobs.remove(str(place.target / "deep"))
    assert place.restore(row("a", b"new"))
    assert content(place.target) == {"a": b"new"}
    assert place.left_beside() == ["output"]


def test_an_entry_without_files_gives_an_empty_output(place: Place) -> None:
    assert place.restore()
    assert content(place.target) == {}


def corrupt(file: Path) -> None:
    file.write_bytes(b"owt")


def lengthen(file: Path) -> None:
    file.write_bytes(b"two more")


def cut(file: Path) -> None:
    file.write_bytes(b"tw")


@pytest.mark.parametrize("harm", [corrupt, lengthen, cut, Path.unlink])
def test_with_one_bad_blob_nothing_is_touched(place: Place, harm: object) -> None:
    place.put(b"one")
    harm(place.put(b"two"))  # type: ignore[operator]
    place.target.mkdir(parents=True)
    (place.target / "old").write_bytes(b"old")
    assert not place.restore(row("a", b"one"), row("b", b"two"))
    assert content(place.target) == {"old": b"old"}
    assert place.left_beside() == ["output"]


@posix
@pytest.mark.parametrize("what", ["link", "folder", "pipe", "device"])
def test_a_blob_that_is_no_regular_file_is_none(place: Place, what: str, tmp_path: Path) -> None:
    blob = place.put(b"two")
    blob.unlink()
    (tmp_path / "two").write_bytes(b"two")
    if what == "link":
        blob.symlink_to(tmp_path / "two")
    elif what == "folder":
        blob.mkdir()
    elif what == "pipe":
        os.mkfifo(blob)  # opening it must not wait for somebody to write
    else:
        blob.symlink_to("/dev/zero")
    assert not place.restore(row("a", b"two"))
    assert not place.target.exists()
    assert not blobs.is_sound(str(blob))


@pytest.mark.parametrize(
    "paths",
    [
        ["../a"],
        ["/a"],
        ["b/../../a"],
        ["a", "a"],
        ["a", "a/b"],
        ["a/b", "a"],
        [""],
        ["a/"],
        ["x\0y"],
        ["\ud800"],
        ["n" * 300],
    ],
)
def test_hostile_paths_change_nothing(place: Place, paths: list[str], tmp_path: Path) -> None:
    place.put(b"x")
    before = content(tmp_path)
    assert not place.restore(*(row(path, b"x") for path in paths))
    assert content(tmp_path) == before
    assert place.left_beside() == []


def test_names_that_differ_by_case_never_mix(place: Place) -> None:
    place.put(b"x"), place.put(b"y")
    done = place.restore(row("a", b"x"), row("A", b"y"))
    assert done is (not Path(place.blobs.upper()).exists())  # refused where the file system knows no case
    if done:
        assert content(place.target) == {"a": b"x", "A": b"y"}


@pytest.mark.parametrize("size", [2**62, 0, 4, 10**9])
def test_a_wrong_size_reads_nothing(place: Place, size: int) -> None:
    blob = place.put(b"x")
    assert not place.restore(("a", size, digest(b"x"), False))
    assert blob.read_bytes() == b"x"


@posix
def test_only_two_modes_are_given(place: Place) -> None:
    blob = place.put(b"x")
    blob.chmod(0o4777)
    assert place.restore(row("plain", b"x"), row("run", b"x", executable=True))
    mask = os.umask(0o022)
    os.umask(mask)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in place.target.iterdir()}
    assert modes == {"plain": 0o644 & ~mask, "run": 0o755 & ~mask}


@posix
def test_links_in_the_old_output_are_not_followed(place: Place, tmp_path: Path) -> None:
    place.put(b"x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(b"precious")
    place.target.mkdir(parents=True)
    (place.target / "d").symlink_to(outside)
    (place.target / "a").symlink_to(outside / "a")
    assert place.restore(row("a", b"x"), row("d/a", b"x"))
    assert content(outside) == {"a": b"precious"}
    assert not (place.target / "a").is_symlink()
    assert not (place.target / "d").is_symlink()


@posix
def test_an_output_that_is_a_link_is_replaced_itself(place: Place, tmp_path: Path) -> None:
    place.put(b"x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b").write_bytes(b"precious")
    place.target.parent.mkdir()
    place.target.symlink_to(outside)
    assert place.restore(row("a", b"x"))
    assert content(outside) == {"b": b"precious"}
    assert not place.target.is_symlink()
    assert content(place.target) == {"a": b"x"}


def test_large_blobs_go_in_parts(place: Place) -> None:
    data = os.urandom(3 * blobs.CHUNK + 7)
    blob = place.put(data)
    assert place.restore(row("a", data), row("b", data))
    assert content(place.target) == {"a": data, "b": data}
    with blob.open("r+b") as file:
        file.seek(2 * blobs.CHUNK)
        file.write(bytes([data[2 * blobs.CHUNK] ^ 1]))
    assert not place.restore(row("c", data))
    assert sorted(content(place.target)) == ["a", "b"]


def test_reading_a_blob(place: Place) -> None:
    blob = place.put(b"text")
    assert blobs.read_blob(place.blobs, 4, digest(b"text")) == b"text"
    blob.write_bytes(b"tex!")
    with pytest.raises(blobs.UnsoundError, match="does not have its digest") as caught:
        blobs.read_blob(place.blobs, 4, digest(b"text"))
    assert caught.value.blob == str(blob)
    blob.unlink()
    with pytest.raises(blobs.GoneError):
        blobs.read_blob(place.blobs, 4, digest(b"text"))


def test_reading_a_file_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert blobs.read_file(str(file), 5) == b"12345"
    with pytest.raises(blobs.UnsoundError, match="larger than 4 bytes"):
        blobs.read_file(str(file), 4)


def test_use_moves_a_blob_to_the_end_of_the_queue(place: Place) -> None:
    blob = place.put(b"x")
    os.utime(blob, (1e9, 1e9))
    assert place.restore(row("a", b"x"))
    assert blob.stat().st_mtime > 1.7e9
    os.utime(blob, (1e9, 1e9))
    assert place.put(b"x").stat().st_mtime > 1.7e9


def test_entries_are_found_and_touched(tmp_path: Path) -> None:
    key = "ab" * 32
    assert not blobs.has_entry(str(tmp_path), key)
    file = Path(blobs.entry_path(str(tmp_path), key))
    file.parent.mkdir()
    file.write_bytes(b"")
    os.utime(file, (1e9, 1e9))
    assert blobs.has_entry(str(tmp_path), key)
    blobs.touch([str(tmp_path / "gone"), str(file)])
    assert file.stat().st_mtime > 1.7e9


@pytest.mark.process
def test_it_imports_next_to_nothing() -> None:
    code = (
        "import sys, hashlib, os, stat, time, errno, itertools, __future__; before = set(sys.modules); "
        "import noxline.cache.blobs; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=60, check=True, env=_environ()
    )
    assert set(done.stdout.split()) <= {"noxline", "noxline.cache", "noxline.cache.blobs"}


@pytest.mark.process
def test_the_store_imports_nothing_heavy() -> None:
    code = "import sys, noxline.cache.disk; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=60, check=True, env=_environ()
    )
    heavy = {"json", "dataclasses", "tempfile", "re", "pathlib", "typing", "enum", "shutil", "noxline.model.cache"}
    assert not heavy & set(done.stdout.split())


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(blobs.__file__).parents[2])}
