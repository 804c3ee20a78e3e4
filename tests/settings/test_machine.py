"""The probe of the real machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from noxline.settings.machine import MachineProbe


def probe() -> MachineProbe:
    return MachineProbe(find_interpreters=lambda: ("3.11",), timeout=20)


@pytest.mark.process
@pytest.mark.parametrize(
    ("code", "printed"),
    [("print(' 1.2 ')", "1.2"), ("import sys; print('x', file=sys.stderr)", "x"), ("raise SystemExit(3)", None)],
)
def test_what_a_command_prints(code: str, printed: str | None) -> None:
    assert probe().run((sys.executable, "-c", code)) == printed


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    assert probe().which(str(tmp_path / "none")) is None
    assert probe().which(sys.executable) == sys.executable


@pytest.mark.process
def test_running_a_program_that_is_not_there(tmp_path: Path) -> None:
    assert probe().run((str(tmp_path / "none"),)) is None


def test_a_folder_that_does_not_exist_yet_is_judged_by_the_one_above(tmp_path: Path) -> None:
    assert probe().writable(tmp_path / "a/b")
    assert probe().free_bytes(tmp_path / "a/b") > 0


def test_a_file_is_no_folder_to_write_into(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not probe().writable(tmp_path / "file/state")


def test_variables_and_interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOXLINE_PROBED", "yes")
    assert probe().variable("NOXLINE_PROBED") == "yes"
    assert list(probe().interpreters()) == ["3.11"]
