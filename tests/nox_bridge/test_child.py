import os
import sys
from pathlib import Path

import pytest

from noxline.model.stage import SessionInfo, Source
from noxline.model.task import Task
from noxline.nox_bridge.child import START, child_environment, environment_folder, inherited, search_path, session_argv
from noxline.nox_bridge.interpreters import Interpreter

SESSION = SessionInfo(name="tests-3.12", family="tests", source=Source.PROJECT, environment="tests-3-12")
TASK = Task(name="tests-3.12", stage="tests", session="tests-3.12", source=Source.PROJECT, python="3.12")


def environment(base: dict[str, str], *, task: Task = TASK, **measure: str) -> dict[str, str]:
    return child_environment(
        base,
        task=task,
        python=task.python,
        interpreters=(),
        run_id="r1",
        root=Path("/p"),
        output=Path("/o"),
        needs=[Path("/a"), Path("/b")],
        cpus=2,
        envs=Path("/e"),
        testing={"NOXLINE_SPLIT": "/s.json"},
        pythons=["3.11", "3.12"],
        measure=measure,
    )


def argv(session: SessionInfo = SESSION, *, install: bool, run: bool, posargs: tuple[str, ...] = ()) -> tuple[str, ...]:
    files = {"noxfile": Path("/p/noxfile.py"), "envs": Path("/e"), "report": Path("/r.json")}
    return session_argv(session, **files, posargs=posargs, install=install, run=run)


def test_the_command_lines_differ_in_how_they_treat_the_environment() -> None:
    common = (
        *("-f", "/p/noxfile.py", "--envdir", "/e", "-s", "tests-3.12", "--no-dependencies", "--non-interactive"),
        *("--report", "/r.json", "--download-python", "never", "--no-error-on-missing-interpreters"),
        *("--default-venv-backend", "uv"),
    )
    nox = (sys.executable, str(START), "nox")

    assert argv(install=True, run=False) == (*nox, *common, "--reuse-venv", "yes", "--install-only")
    assert argv(install=False, run=True) == (*nox, *common, "--reuse-venv", "always", "--no-install")
    assert argv(install=True, run=True, posargs=("-k", "x")) == (
        *(sys.executable, str(START), "nox-in", "/e/tests-3-12"),
        *common,
        *("--reuse-venv", "yes", "--", "-k", "x"),
    )


def test_a_session_without_environment_is_left_as_it_is() -> None:
    assert "--pythons" not in argv(install=True, run=True)
    lint = SessionInfo(name="lint", family="lint", source=Source.PROJECT, backend="none")

    assert argv(lint, install=True, run=True)[2] == "nox"
    assert "--default-venv-backend" not in argv(lint, install=True, run=True)


def test_the_contracts_variables_are_set_and_nothing_of_an_outer_run_is_left() -> None:
    task = Task(name="t#1/2", stage="t", session="t", source=Source.STANDARD, shard=(1, 2))

    environ = environment({"NOXLINE_FIX": "1", "NOXLINE_SHARD": "9/9", "NOXLINE_ROOT": "/old", "KEEP": "1"}, task=task)

    assert {key: value for key, value in environ.items() if key.startswith("NOXLINE_")} == {
        "NOXLINE_ROOT": "/p",
        "NOXLINE_OUTPUT": "/o",
        "NOXLINE_NEEDS": os.pathsep.join(("/a", "/b")),
        "NOXLINE_SHARD": "1/2",
        "NOXLINE_PYTHONS": "3.11,3.12",
        "NOXLINE_CPUS": "2",
        "NOXLINE_TASK": "t#1/2",
        "NOXLINE_RUN": "r1",
        "NOXLINE_ENVS": "/e",
        "NOXLINE_SPLIT": "/s.json",
    }
    assert (environ["KEEP"], environ["UV_PYTHON_DOWNLOADS"], environ["PYTHONUNBUFFERED"]) == ("1", "never", "1")
    assert environ["PYTEST_XDIST_AUTO_NUM_WORKERS"] == "2"
    assert "NOXLINE_SHARD" not in environment({"NOXLINE_SHARD": "9/9"})


def test_credentials_of_noxline_and_what_bends_nox_or_python_stay_out() -> None:
    secret = ["NOXLINE_CACHE_URL", "NOXLINE_SIGNING_KEY", "NOXLINE_X_TOKEN", "NOXLINE_MY_SECRET", "NOXLINE_CREDENTIALS"]
    bending = ["PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PYTHONHOME", "NOXSESSION", "NOXPYTHON", "NOX_PARALLEL"]
    users = ["CI", "AWS_ACCESS_KEY_ID", "MY_TOKEN", "NOXLINE_REQUIRE_COMPONENTS", "NOX_SCRIPT_MODE", "PYTHONPATH"]

    environ = inherited(dict.fromkeys([*secret, *bending, *users], "x"))

    assert sorted(environ) == sorted(users)


def test_nox_is_not_given_both_a_wish_for_colour_and_one_against() -> None:
    assert "FORCE_COLOR" not in inherited({"NO_COLOR": "1", "FORCE_COLOR": "1"})
    assert inherited({"FORCE_COLOR": "1"}) == {"FORCE_COLOR": "1"}


def test_the_users_choice_of_workers_and_downloads_stays() -> None:
    environ = environment({"PYTEST_XDIST_AUTO_NUM_WORKERS": "7", "UV_PYTHON_DOWNLOADS": "manual"})

    assert (environ["PYTEST_XDIST_AUTO_NUM_WORKERS"], environ["UV_PYTHON_DOWNLOADS"]) == ("7", "manual")


def test_only_the_projects_own_sessions_get_pip() -> None:
    standard = Task(name="t", stage="t", session="t", source=Source.STANDARD)

    assert environment({})["UV_VENV_SEED"] == "1"
    assert "UV_VENV_SEED" not in environment({}, task=standard)


def test_measuring_goes_before_the_users_own_python_path() -> None:
    environ = environment({"PYTHONPATH": "/mine"}, PYTHONPATH="/injected", COVERAGE_PROCESS_START="/rc")

    assert environ["PYTHONPATH"] == os.pathsep.join(("/injected", "/mine"))
    assert environ["COVERAGE_PROCESS_START"] == "/rc"


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


def test_only_the_needed_interpreter_goes_before_a_shim_and_all_others_go_last(tmp_path: Path) -> None:
    shims = executable(tmp_path / "shims" / "python3.12").parent
    old = Interpreter(version="3.10", full="3.10.1", path=executable(tmp_path / "10" / "python3.10"))
    new = Interpreter(version="3.12", full="3.12.1", path=executable(tmp_path / "12" / "python3.12"))
    path = os.pathsep.join((str(shims), "/usr/bin"))

    def order(python: str | None) -> list[str]:
        return [Path(entry).name for entry in search_path(path, python, (old, new)).split(os.pathsep)]

    assert order("3.12") == ["12", "shims", "bin", "10"]
    assert order("3.10") == ["shims", "bin", "10", "12"]
    assert order(None) == ["shims", "bin", "10", "12"]


def test_a_folder_that_is_on_path_is_not_moved(tmp_path: Path) -> None:
    system = executable(tmp_path / "bin" / "python3.12")
    other = executable(tmp_path / "local" / "python3.12").parent
    path = os.pathsep.join((str(other), str(system.parent)))

    assert search_path(path, "3.12", (Interpreter(version="3.12", full="3.12.1", path=system),)) == path


@pytest.mark.parametrize("length", [30, 70, 76, 77, 80, 90, 91, 95])
def test_the_folder_of_an_environment_is_the_one_that_nox_makes(length: int) -> None:
    from nox.sessions import _normalize_path

    envs = Path("/" + "e" * (length - 1))
    assert environment_folder(envs, "tests-3-12") == Path(_normalize_path(str(envs), "tests-3.12")).name
