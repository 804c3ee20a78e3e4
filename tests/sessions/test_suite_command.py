"""Test commands under coverage: the same programs, with the same search path."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.sessions.suite_command import Place, commands, environment, under_coverage
from noxline.settings.facts import Origin, Runner
from noxline.settings.facts import TestCommand as Command
from noxline.settings.facts import TestSuite as Suite


@pytest.fixture
def place(tmp_path: Path) -> Place:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("coverage", "pytest", "runner"):
        (bin_folder / name).write_text("#!/env/bin/python\n", encoding="utf-8")
    (bin_folder / "native").write_bytes(b"\x7fELF")
    return Place(bin=bin_folder, tmp=tmp_path / "tmp", rcfile=tmp_path / "rc")


def line(place: Place, *argv: str) -> list[str]:
    """Return the command line with the environment's folders taken out."""
    parts = [part.replace(f"{place.bin}/", "") for part in under_coverage(argv, place)]
    return [part for part in parts if not part.startswith("--rcfile=")]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ("pytest -q", "coverage run pytest -q"),
        ("python -m pytest tests", "coverage run -m pytest tests"),
        ("python -m unittest -v", "coverage run -m unittest -v"),
        ("python run.py -x", "coverage run run.py -x"),
        ("python -W error -bb -m pytest", "python -W error -bb coverage run -m pytest"),
        ("runner --all", "coverage run runner --all"),
        ("./run_tests.py", "coverage run run_tests.py"),
        ("native -x", "native -x"),
        ("python -c pass", "python -c pass"),
        ("make test", "make test"),
    ],
)
def test_command_line(place: Place, argv: str, expected: str) -> None:
    assert line(place, *argv.split()) == expected.split()


def suite(*argvs: tuple[Runner, str], **changes: object) -> Suite:
    origin = Origin(file="tox.ini", line=1)
    parts = tuple(Command(argv=tuple(argv.split()), runner=runner, origin=origin) for runner, argv in argvs)
    return Suite(commands=parts, sources=(), **changes)  # type: ignore[arg-type]


def test_extra_arguments_go_to_the_last_test_runner(place: Place) -> None:
    three = suite((Runner.PYTEST, "pytest a"), (Runner.PYTEST, "pytest b"), (Runner.SCRIPT, "python after.py"))
    lines = [argv for _, argv in commands(three, ("-k", "x"), place)]
    assert [argv[-2:] == ("-k", "x") for argv in lines] == [False, True, False]


def test_pytest_cov_is_switched_off_for_pytest_only(place: Place) -> None:
    both = suite((Runner.PYTEST, "pytest"), (Runner.UNITTEST, "python -m unittest"), no_cov=True)
    assert [("--no-cov" in argv) for _, argv in commands(both, (), place)] == [True, False]


def test_temporary_folder_is_filled_in(place: Place) -> None:
    one = suite((Runner.PYTEST, "pytest --basetemp={tmp}/x"), env=(("WHERE", "{tmp}"), ("PYTHONPATH", "src")))
    ((_, argv),) = commands(one, (), place)
    assert argv[-1] == f"--basetemp={place.tmp}/x"
    variables = environment(one, {"PYTHONPATH": "ours:src"}, place)
    assert variables == {
        "WHERE": str(place.tmp), "PYTHONPATH": "ours:src", "NOXLINE_WORKERS": str(place.rcfile),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "packages", "last"),
    [
        (("pytest",), "lib/python3.11/site-packages", "--no-cov"),
        (("pytest",), "Lib/site-packages", "--no-cov"),
        (("pytest", "-p", "no:cov"), "lib/python3.11/site-packages", "no:cov"),
        (("pytest",), "lib/elsewhere", "pytest"),
    ],
)
def test_a_pytest_cov_in_the_environment_stays_off_whatever_would_turn_it_on(
    place: Place, argv: tuple[str, ...], packages: str, last: str
) -> None:
    (place.bin.parent / packages / "pytest_cov").mkdir(parents=True)
    command = Command(argv=argv, runner=Runner.PYTEST, origin=Origin(file="tox.ini"))
    ((_, found),) = commands(Suite(commands=(command,), sources=()), (), place)
    assert Path(found[-1]).name == last
