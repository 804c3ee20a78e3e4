from __future__ import annotations

import io
import random
import tarfile
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noxline.inputs.normal_archive import members

Files = Mapping[str, bytes]
files: st.SearchStrategy[Files] = st.dictionaries(st.sampled_from(["a/b.py", "c", "RECORD"]), st.binary(max_size=20))
slow = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def wheel(folder: Path, given: Files, noise: int, mode: int = 0o644) -> Path:
    path = folder / f"{uuid.uuid4().hex}.whl"
    with zipfile.ZipFile(path, "w", random.Random(noise).choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name in random.Random(noise).sample(sorted(given), len(given)):
            entry = zipfile.ZipInfo(name, (2026, 1, noise % 28 + 1, 0, 0, 0))
            entry.external_attr = mode << 16
            archive.writestr(entry, given[name])
    return path


def sdist(folder: Path, given: Files, noise: int, mode: int = 0o644) -> Path:
    path = folder / f"{uuid.uuid4().hex}.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=noise % 9 + 1) as archive:
        for name in random.Random(noise).sample(sorted(given), len(given)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.uid, entry.mode = len(given[name]), noise, noise, mode
            archive.addfile(entry, io.BytesIO(given[name]))
    return path


Packer = Callable[..., Path]
both = pytest.mark.parametrize("pack", [wheel, sdist])


@both
@slow
@given(given_files=files, first=st.integers(0, 99), second=st.integers(0, 99))
def test_how_and_when_it_was_packed_does_not_count(
    tmp_path: Path, pack: Packer, given_files: Files, first: int, second: int
) -> None:
    one, other = (members(str(pack(tmp_path, given_files, noise))) for noise in (first, second))
    assert one == other


@both
@slow
@given(first=files, second=files)
def test_names_and_contents_count(tmp_path: Path, pack: Packer, first: Files, second: Files) -> None:
    one, other = (members(str(pack(tmp_path, given, 1))) for given in (first, second))
    assert (one == other) == (first == second)


@both
def test_the_executable_bit_counts(tmp_path: Path, pack: Packer) -> None:
    one, other = (members(str(pack(tmp_path, {"run.sh": b"true"}, 1, mode))) for mode in (0o644, 0o755))
    assert one != other


def test_links_count_by_where_they_lead(tmp_path: Path) -> None:
    found = []
    for number, target in enumerate(("a", "b")):
        path = tmp_path / f"{number}.tar"
        with tarfile.open(path, "w") as archive:
            entry = tarfile.TarInfo("link")
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
        found.append(members(str(path)))
    assert found[0] != found[1]


@both
def test_a_torn_archive_is_refused(tmp_path: Path, pack: Packer) -> None:
    path = pack(tmp_path, {"a": bytes(range(256)) * 40}, 1)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"."):
        members(str(path))
