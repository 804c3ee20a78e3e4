import os
import sys
from pathlib import Path

import pytest

from noxline.inputs import sealed
from noxline.nox_bridge.interpreters import Interpreter, find_interpreters, missing, newest
from noxline.nox_bridge.python_places import Candidate, candidates

pytestmark = pytest.mark.process  # the machine's own interpreters are asked as well

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"


def python(path: Path, answer: str = "", *, code: int = 0, calls: Path | None = None) -> Path:
    """Make a program that answers like an interpreter; it notes each call."""
    path.parent.mkdir(parents=True, exist_ok=True)
    note = f"echo x >> {calls}\n" if calls else ""
    path.write_text(f"#!/bin/sh\n{note}echo '{answer}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def machine(home: Path, *path: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.pathsep.join(map(str, path))}


def found(environ: dict[str, str], state: Path | None = None) -> dict[str, Interpreter]:
    # The machine's own /usr/bin is always looked at; the tests use versions that no machine has.
    return {one.version: one for one in find_interpreters(environ, state) if one.order >= (3, 80)}


def test_version_managers_say_by_their_folders_what_they_hold(tmp_path: Path) -> None:
    home = tmp_path
    for folder, program in (
        (".pyenv/versions/3.80.1", "python3.80"),
        (".pyenv/versions/3.80.12", "python3.80"),
        (".pyenv/versions/pypy3.85-7.3.1", "pypy3.85"),
        (".local/share/uv/python/cpython-3.81.2-linux-x86_64-gnu", "python3.81"),
        (".asdf/installs/python/3.82.0", "python3.82"),
        (".local/share/mise/installs/python/3.83.4", "python3.83"),
        (".rye/py/cpython@3.84.5", "python3.84"),
    ):
        file = home / folder / "bin" / program
        file.parent.mkdir(parents=True)
        file.touch(mode=0o755)

    there = found(machine(home))

    assert {version: one.full for version, one in there.items()} == {
        "3.80": "3.80.12",
        "3.81": "3.81.2",
        "3.82": "3.82.0",
        "3.83": "3.83.4",
        "3.84": "3.84.5",
    }
    assert there["3.80"].path == home / ".pyenv/versions/3.80.12/bin/python3.80"


def test_prereleases_and_free_threaded_builds_count_only_where_nothing_else_is(tmp_path: Path) -> None:
    for name, program in (
        ("3.80.0", "python3.80"),
        ("3.80.9t", "python3.80t"),
        ("3.81.0rc1", "python3.81"),
        ("3.82.0-dev", "python3.82"),
    ):
        file = tmp_path / ".pyenv" / "versions" / name / "bin" / program
        file.parent.mkdir(parents=True)
        file.touch(mode=0o755)
    free = tmp_path / "uv" / "cpython-3.83.1+freethreaded-linux-x86_64-gnu" / "bin" / "python3.83t"
    free.parent.mkdir(parents=True)
    free.touch(mode=0o755)

    there = found(machine(tmp_path) | {"UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv")})

    assert {version: one.full for version, one in there.items()} == {
        "3.80": "3.80.0",
        "3.81": "3.81.0",
        "3.82": "3.82.0",
        "3.83": "3.83.1",
    }


def test_programs_on_path_are_asked_once_and_their_answers_kept(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    folder, state = tmp_path / "bin", tmp_path / "state"
    python(folder / "python3.80", "cpython 3.80.3 final False", calls=calls)
    python(folder / "python3.81", "pypy 3.81.0 final False", calls=calls)
    python(folder / "python3.82", "what?", calls=calls)
    environ = machine(tmp_path, folder)

    for _ in range(3):
        assert {version: one.full for version, one in found(environ, state).items()} == {"3.80": "3.80.3"}
    assert calls.read_text().count("x") == 3

    python(folder / "python3.80", "cpython 3.80.44 final False", calls=calls)
    assert found(environ, state)["3.80"].full == "3.80.44"
    assert calls.read_text().count("x") == 4


def test_shims_and_programs_that_only_print_an_error_are_no_interpreters(tmp_path: Path) -> None:
    shims, broken = tmp_path / ".pyenv" / "shims", tmp_path / "bin"
    calls = tmp_path / "calls"
    python(shims / "python3.80", "cpython 3.80.1 final False", calls=calls)
    python(broken / "python3.81", "pyenv: python3.81: command not found", code=127)

    assert found(machine(tmp_path, shims, broken)) == {}
    assert not calls.exists()


def test_a_virtual_environment_on_path_stands_for_its_base(tmp_path: Path) -> None:
    python(tmp_path / "base" / "bin" / "python3.80", "cpython 3.80.1 final False")
    python(tmp_path / "venv" / "bin" / "python3.80", "cpython 3.80.1 final False")
    (tmp_path / "venv" / "pyvenv.cfg").write_text(f"home = {tmp_path / 'base' / 'bin'}\nversion = 3.80.1\n")

    assert found(machine(tmp_path, tmp_path / "venv" / "bin"))["3.80"].path == tmp_path / "base/bin/python3.80"


def test_noxlines_own_interpreter_wins_for_its_version(tmp_path: Path) -> None:
    newer = python(tmp_path / "bin" / f"python{OWN}", f"cpython {OWN}.99 final False")

    own = next(one for one in find_interpreters(machine(tmp_path, tmp_path / "bin"), None) if one.version == OWN)

    assert own.path != newer
    assert own.full == ".".join(map(str, sys.version_info[:3]))


def test_torn_answers_are_asked_again(tmp_path: Path) -> None:
    python(tmp_path / "bin" / "python3.80", "cpython 3.80.3 final False")
    state = tmp_path / "state"
    state.mkdir()
    file = state / "interpreters"
    for strange in ([1], {"a": [1]}):
        sealed.save(str(file), strange)
        assert found(machine(tmp_path, tmp_path / "bin"), state)["3.80"].full == "3.80.3"
    whole = file.read_bytes()
    assert b"3.80.3" in whole
    for torn in (b"", whole[:-1], whole.replace(b"3.80.3", b"3.80.4")):
        file.write_bytes(torn)
        assert found(machine(tmp_path, tmp_path / "bin"), state)["3.80"].full == "3.80.3"


def test_this_machine_is_read_without_errors() -> None:
    there = find_interpreters(os.environ, None)

    assert [one.order for one in there] == sorted(one.order for one in there)
    assert all(one.path.exists() and one.order >= (3, 8) for one in there)
    assert OWN in {one.version for one in there}


def test_newest_and_missing() -> None:
    there = [Interpreter(version=v, full=f"{v}.1", path=Path(v)) for v in ("3.9", "3.12", "3.10")]

    assert newest(there).version == "3.12"
    assert missing(["3.13", "3.9", "3.11"], there) == ("3.13", "3.11")


def test_nothing_on_path_breaks_the_search(tmp_path: Path) -> None:
    environ = machine(tmp_path, tmp_path / "not there") | {"PYENV_ROOT": str(tmp_path / "file")}
    (tmp_path / "file").touch()

    assert all(isinstance(one, Candidate) for one in candidates(environ))
