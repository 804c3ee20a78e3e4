from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

from noxline.sessions.archives import differences
from noxline.sessions.build import compare


def wheel(path: Path, entries: dict[str, str], year: int = 2020) -> Path:
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        for name, text in entries.items():
            file.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), text)
    return path


def sdist(path: Path, entries: dict[str, str], time: int = 0, mode: int = 0o644) -> Path:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as file:
        for name, text in entries.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(text), time, mode
            file.addfile(info, io.BytesIO(text.encode()))
    return path


def test_the_same_bytes_do_not_differ(tmp_path: Path) -> None:
    first = wheel(tmp_path / "1.whl", {"a": "x"})
    second = wheel(tmp_path / "2.whl", {"a": "x"})
    assert differences(first, second) == []


def test_content_is_named_and_the_rest_counted(tmp_path: Path) -> None:
    first = sdist(tmp_path / "1.tar.gz", {"a": "x", "b": "y", "c": ""}, time=1)
    second = sdist(tmp_path / "2.tar.gz", {"a": "x", "b": "z", "d": ""}, time=2, mode=0o600)
    assert differences(first, second) == ["c", "d", "b", "times of 2 members", "modes of 2 members"]


def test_times_in_a_wheel(tmp_path: Path) -> None:
    first = wheel(tmp_path / "1.whl", {"a": "x"})
    assert differences(first, wheel(tmp_path / "2.whl", {"a": "x"}, 2021)) == ["times of 1 members"]


def test_order_alone(tmp_path: Path) -> None:
    first = wheel(tmp_path / "1.whl", {"a": "x", "b": "y"})
    second = wheel(tmp_path / "2.whl", {"b": "y", "a": "x"})
    assert differences(first, second) == ["order or compression of the members"]


def test_two_folders_are_compared(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder, text in ((first, "x"), (second, "y")):
        wheel(folder / "demo-1.0-py3-none-any.whl", {"demo.py": "same"})
        sdist(folder / "demo-1.0.tar.gz", {"demo.py": text})
    wheel(second / "other.whl", {})
    report = compare(first, second)
    assert report["reproducible"] is False
    assert report["differs"] == ["other.whl: built only once", "demo-1.0.tar.gz: demo.py"]
    assert (report["wheel"], report["sdist"]) == ("demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz")
    assert compare(first, first)["reproducible"] is True
    assert set(report["sizes"]) == {"demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"}
