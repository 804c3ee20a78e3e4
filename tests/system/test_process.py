"""Short commands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from noxline.errors import MachineError
from noxline.system.process import Completed, run

pytestmark = pytest.mark.process


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_code_and_both_outputs_come_back() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert run(python(code)) == Completed(3, "out\n", "err\n")


def test_what_is_not_utf8_is_replaced() -> None:
    assert run(python("import sys; sys.stdout.buffer.write(b'a\\xff')")).out == "a\ufffd"


def test_a_lot_of_errors_does_not_block() -> None:
    done = run(python("import sys; sys.stderr.write('x' * 1_000_000); print('end')"))
    assert (len(done.err), done.out) == (1_000_000, "end\n")


def test_the_input_is_closed_and_folder_and_environment_are_given(tmp_path: Path) -> None:
    code = "import os, sys; print(repr(sys.stdin.read()), os.getcwd(), os.environ['MARK'])"
    done = run(python(code), cwd=tmp_path, env={"MARK": "here"})
    assert done.out == f"'' {tmp_path.resolve()} here\n"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(MachineError) as caught:
        run(["no-such-program-of-noxline"])
    assert caught.value.message == "the program 'no-such-program-of-noxline' is not on this machine"
    assert caught.value.hint


def test_a_missing_folder_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"the folder .*gone is not there"):
        run(python(""), cwd=tmp_path / "gone")


def test_a_program_that_may_not_be_run_is_named(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo", encoding="utf-8")
    with pytest.raises(MachineError, match=r"cannot be started: Permission denied"):
        run([str(script)])


def test_no_end_in_time_is_an_error() -> None:
    with pytest.raises(MachineError, match=r"no end after 0\.2 s"):
        run(python("import time; time.sleep(60)"), timeout=0.2)
