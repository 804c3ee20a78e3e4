from __future__ import annotations

from pathlib import Path

import pytest

from noxline.sessions.command import Completed, capture, installing_only, plain, scratch, show
from tests.sessions.samples import Answer, FakeSession


def test_any_exit_code_comes_back_with_what_was_said() -> None:
    session = FakeSession({"tool": Answer(code=14, out="\x1b[31mred\x1b[0m\n", err="oh\n")})
    assert capture(session, "tool", "x") == Completed(code=14, out="red\n", err="oh\n")


def test_a_program_that_cannot_be_started_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(8, "Exec format error")

    session = FakeSession()
    monkeypatch.setattr(session, "run", refuse)
    done = capture(session, "tool")
    assert (done.code, done.last_line) == (127, "tool cannot be started: [Errno 8] Exec format error")


def test_a_long_command_line_is_logged_in_short() -> None:
    session = FakeSession()
    capture(session, "tool", *map(str, range(100)))
    assert session.ran[0][-1] == "99"
    assert session.lines[0].endswith("more arguments)")


@pytest.mark.parametrize(
    ("completed", "line"),
    [
        (Completed(code=1, out="a\nb\n", err=""), "b"),
        (Completed(code=1, out="a\n", err="c\n\n"), "c"),
        (Completed(code=3, out="", err=" \n"), "exit code 3"),
    ],
)
def test_last_line(completed: Completed, line: str) -> None:
    assert completed.last_line == line


def test_installing_only() -> None:
    assert installing_only(FakeSession(install_only=True))
    assert not installing_only(FakeSession())


def test_scratch_lies_in_the_environment(tmp_path: Path) -> None:
    place = scratch(FakeSession(bin=str(tmp_path / "env" / "bin")), "copy")
    assert place == tmp_path / "env" / "tmp" / "copy"
    assert place.parent.is_dir()


def test_show_ends_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    show("a  \nb", "", "c\n")
    assert capsys.readouterr().out == "a\nb\nc\n"


def test_plain_keeps_everything_but_colours() -> None:
    assert plain("\x1b[1;31mx\x1b[0m [1m") == "x [1m"
