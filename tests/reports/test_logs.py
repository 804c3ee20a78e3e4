from __future__ import annotations

from pathlib import Path

from noxline.reports.logs import read_log


def test_a_log_is_read_as_lines_whatever_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"one\r\ntwo \xff\n")
    assert read_log(path) == ["one", "two \ufffd"]


def test_of_a_long_log_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("start\n" + "x" * 100 + "\nend\n", encoding="utf-8")
    assert read_log(path, limit=8) == ["xxx", "end"]


def test_no_log_is_no_lines(tmp_path: Path) -> None:
    assert read_log(None) == []
    assert read_log(tmp_path / "none") == []
