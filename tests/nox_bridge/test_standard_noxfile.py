import os
from pathlib import Path

import pytest

from noxline.errors import MachineError
from noxline.nox_bridge.standard_noxfile import write_standard_noxfile


def test_it_is_written_once_and_again_when_it_differs(tmp_path: Path) -> None:
    noxfile = write_standard_noxfile(tmp_path)
    first = noxfile.read_text()
    before = noxfile.stat().st_mtime_ns
    os.utime(noxfile, ns=(1, 1))

    assert write_standard_noxfile(tmp_path) == tmp_path / ".noxline" / "noxfile.py"
    assert noxfile.stat().st_mtime_ns == 1 != before
    noxfile.write_text("broken")
    write_standard_noxfile(tmp_path)
    assert noxfile.read_text() == first
    assert "register()" in first
    assert (tmp_path / ".noxline" / ".gitignore").read_text() == "*\n"


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".noxline").write_text("a file, not a folder")

    with pytest.raises(MachineError, match="cannot write below the project"):
        write_standard_noxfile(tmp_path)
