"""Tasks without an environment rest on what is installed beside the Python on their PATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from noxline.nox_bridge.surroundings import Surroundings, place_on

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and modes of POSIX")


def installation(place: Path, *distributions: str) -> Path:
    """Make what looks like a Python with these distributions."""
    python = place / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    for name in distributions:
        add(place, name)
    return place


def add(place: Path, name: str) -> None:
    (place / "lib" / "python3.12" / "site-packages" / f"{name}.dist-info").mkdir(parents=True)


def test_the_first_python_on_the_path_counts(tmp_path: Path) -> None:
    one, two = installation(tmp_path / "one", "pytest-8.0"), installation(tmp_path / "two", "six-1.0")
    around = Surroundings(tmp_path / "p")
    assert around.distributions(f"{tmp_path / 'none'}{os.pathsep}{two / 'bin'}{os.pathsep}{one / 'bin'}") == {
        "six": "1.0"
    }
    assert around.distributions(str(one / "bin")) == {"pytest": "8.0"}
    packages = ("lib", "python3.12", "site-packages")
    assert around.folders == (str(one.joinpath(*packages)), str(two.joinpath(*packages)))


def test_an_environment_is_itself_and_not_the_python_that_it_was_made_of(tmp_path: Path) -> None:
    base = installation(tmp_path / "base", "pip-1.0")
    for name, is_environment in (("env", True), ("links", False)):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").symlink_to(base / "bin" / "python")
        if is_environment:
            (tmp_path / name / "pyvenv.cfg").write_text("")
    assert place_on(str(tmp_path / "env" / "bin")) == tmp_path / "env"
    assert place_on(str(tmp_path / "links" / "bin")) == base.resolve()


def test_what_is_installed_meanwhile_is_seen(tmp_path: Path) -> None:
    place = installation(tmp_path / "one", "pytest-8.0")
    around = Surroundings(tmp_path / "p")
    before = around.distributions(str(place / "bin"))
    folder = place / "lib" / "python3.12" / "site-packages"
    add(place, "six-1.0")
    os.utime(folder, ns=(1, 1))
    assert before == {"pytest": "8.0"}
    assert around.distributions(str(place / "bin")) == {"pytest": "8.0", "six": "1.0"}


def test_without_a_python_there_is_nothing(tmp_path: Path) -> None:
    assert Surroundings(tmp_path).distributions(str(tmp_path)) == {}
