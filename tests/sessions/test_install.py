"""Installing from the first source that can be satisfied."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import nox
import pytest
from nox.command import CommandFailed

from noxline.sessions.install import Wanted, install_first, project_forms
from noxline.settings.facts import Install, Origin
from tests.sessions.samples import EndedError


class Installer:
    """A session whose installer refuses what contains one of the given words."""

    def __init__(self, bin_folder: Path, **refused: str) -> None:
        self.bin = str(bin_folder)
        self.refused = refused
        self.asked: list[str] = []

    def install(self, *args: str, **streams: Any) -> None:
        self._answer(" ".join(args), streams["stdout"])

    def run_install(self, *args: str, **streams: Any) -> None:
        self._answer(" ".join(args), streams["stdout"])

    def _answer(self, line: str, stdout: Any) -> None:
        self.asked.append(line)
        for word, message in self.refused.items():
            if word in line.replace("-e", "editable"):
                stdout.write(message)
                raise CommandFailed("Returned code 1", return_code=1)

    def error(self, reason: str) -> None:
        raise EndedError(reason)


def step(*args: str, file: str = "tox.ini", kind: Any = "args") -> Install:
    return Install(kind=kind, args=args, origin=Origin(file=file, line=3))


def install(session: Installer, *sources: tuple[Install, ...], **wanted: Any) -> None:
    install_first(cast("nox.Session", session), sources, wanted=Wanted(**wanted))


def test_project_and_dependencies_are_one_resolution(tmp_path: Path) -> None:
    session = Installer(tmp_path / "bin")
    install(session, (step("pytest"), step("-r", "x.txt")), project=project_forms(("a", "b")), also=("coverage>=5",))
    assert session.asked == ["-e .[a,b] pytest -r x.txt coverage>=5"]


def test_of_a_chain_of_causes_the_first_and_the_last_are_told(tmp_path: Path) -> None:
    message = (
        "error: Failed to install: foo.whl\n  cause: Failed to copy\n  cause: x to y\n  cause: No space left\nhint: z\n"
    )
    with pytest.raises(EndedError, match=r"^tox.ini:3 cannot be installed: Failed to copy: No space left$"):
        install(Installer(tmp_path / "bin", foo=message), (step("foo"),))


def test_the_next_source_is_taken_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pins = tmp_path / "tests.txt"
    pins.write_text("# pins\nfoo==1.2\n", encoding="utf-8")
    message = "  \u00d7 No solution found:\n  ╰─▶ Because there is no version of foo==1.2 you lose.\n"
    session = Installer(tmp_path / "bin", **{"tests.txt": message})
    install(session, (step("-r", str(pins)),), (step("foo", file="setup.cfg"),))
    assert session.asked[-1] == "foo"
    assert capsys.readouterr().out == (
        "noxline: tox.ini:3 (tests.txt:2 foo==1.2) cannot be satisfied: "
        "Because there is no version of foo==1.2 you lose.; taking setup.cfg:3\n"
    )


@pytest.mark.process
def test_a_backend_without_editable_installs_gets_a_copy(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    session = Installer(tmp_path / "env" / "bin", editable="error: no build_editable")
    install_first(
        cast("nox.Session", session), [(step("pytest"),)], wanted=Wanted(project=project_forms()), root=tmp_path
    )
    assert session.asked == ["-e . pytest", ". pytest"]


def test_the_same_place_without_its_versions_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Installer(tmp_path / "bin", **{"foo==": "error: no such version"})
    install(session, (step("foo==1"),), (step("foo"),))
    assert capsys.readouterr().out.endswith("no such version; taking the same names without their versions\n")


@pytest.mark.process
def test_the_problem_that_is_left_without_editable_installs_is_the_one_told(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    session = Installer(tmp_path / "env" / "bin", editable="error: no build_editable", foo="error: no foo here")
    wanted = Wanted(project=project_forms())
    with pytest.raises(EndedError, match="no foo here"):
        install_first(cast("nox.Session", session), [(step("foo"),)], wanted=wanted, root=tmp_path)


def test_the_session_fails_when_nothing_is_left(tmp_path: Path) -> None:
    session = Installer(tmp_path / "bin", foo="error: no foo here", bar="error: no bar here")
    with pytest.raises(EndedError, match=r"setup\.cfg:3 cannot be installed: no bar here"):
        install(session, (step("foo"),), (step("bar", file="setup.cfg"),))


def test_a_lock_is_exported_and_installed(tmp_path: Path) -> None:
    session = Installer(tmp_path / "bin")
    install(session, (step("--group", "tests", kind="uv-lock", file="uv.lock"),))
    exported, installed = session.asked
    assert exported.startswith("uv export --frozen --no-emit-project")
    assert exported.endswith("--group tests")
    assert installed.split()[-1] in exported


def test_pins_become_a_requirements_file(tmp_path: Path) -> None:
    session = Installer(tmp_path / "bin")
    install(session, (step("a==1", "b==2", kind="pins", file="poetry.lock"),))
    file = Path(session.asked[0].removeprefix("-r "))
    assert file.read_text(encoding="utf-8") == "a==1\nb==2\n"


def test_nothing_to_install_is_fine(tmp_path: Path) -> None:
    session = Installer(tmp_path / "bin")
    install(session)
    assert session.asked == []
