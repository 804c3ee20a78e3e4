"""The start-up hook: it hands on, costs nothing when not asked, and measures without disturbing."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from noxline.sessions.coverage_data import Sources, combine, find_data
from noxline.sessions.measure import INJECTED, measured_environment, write_rcfile
from tests.sessions.samples import facts

pytestmark = pytest.mark.process

PACKAGE = "def used():\n    return 1\n\n\ndef in_child():\n    return 2\n\n\ndef never():\n    return 3\n"
PROGRAM = (
    "import subprocess, sys\nimport demo\ndemo.used()\n"
    "subprocess.run([sys.executable, '-c', 'import demo; demo.in_child()'], check=True)\n"
)


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment below a folder of environments, that sees the coverage of this one."""
    import coverage

    place = tmp_path_factory.mktemp("envs") / "tests"
    venv.create(place, symlinks=os.name != "nt")
    site = next(place.glob("[lL]ib/**/site-packages"))
    (site / "coverage.pth").write_text(str(Path(coverage.__file__).parents[1]), encoding="utf-8")
    return place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / "src").mkdir(parents=True)
    (place / "src" / "demo.py").write_text(PACKAGE, encoding="utf-8")
    (place / "program.py").write_text(PROGRAM, encoding="utf-8")
    (place / "pyproject.toml").write_text("", encoding="utf-8")
    return place


def measured(root: Path, env: Path, *arguments: str) -> tuple[str, set[int]]:
    """Run Python in the environment; return what it said and the lines of the package that were measured."""
    known = facts(root, sources=("src/demo.py",), modules=("demo",))
    output = root.parent / "output"
    output.mkdir(exist_ok=True)
    write_rcfile(known, root.parent / "coverage.rc")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE_", "NOXLINE_", "PYTEST_"))}
    variables = measured_environment(root, output, envs=env.parent, rcfile=root.parent / "coverage.rc")
    path = os.pathsep.join([str(INJECTED), str(root / "src")])
    done = subprocess.run(
        [env / "bin" / "python", *arguments],
        cwd=root,
        env={**clean, **variables, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    target = root.parent / "combined"
    combine(find_data([output]), target, Sources(known))
    from coverage import CoverageData

    data = CoverageData(basename=str(target))
    data.read()
    return done.stdout + done.stderr, set(data.lines(str(root.resolve() / "src" / "demo.py")) or ())


def test_a_program_and_its_children_are_measured(root: Path, env: Path) -> None:
    assert measured(root, env, "program.py") == ("", {1, 2, 5, 6, 9})


def test_a_program_that_measures_itself_gets_its_own_results(root: Path, env: Path) -> None:
    _, lines = measured(root, env, "-m", "coverage", "run", "program.py")
    assert lines == {1, 2, 5, 6, 9}
    assert (root / ".coverage").exists()
    said, _ = measured(root, env, "-m", "coverage", "report")
    assert [line.split()[0] for line in said.splitlines()[2:-2]] == ["program.py", "src/demo.py"]
    assert "src/demo.py       6      2    67%" in said


def test_measuring_goes_on_after_another_measurement_ended(root: Path, env: Path) -> None:
    code = "import coverage\nc = coverage.Coverage(data_file=None)\nc.start()\nc.stop()\nimport demo\ndemo.used()"
    assert measured(root, env, "-c", code) == ("", {1, 2, 5, 9})


def test_installers_are_not_measured(root: Path, env: Path) -> None:
    (root / "pip.py").write_text("import demo", encoding="utf-8")
    assert measured(root, env, "pip.py") == ("", set())


def test_environments_of_others_are_not_measured(root: Path, env: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    venv.create(elsewhere, symlinks=os.name != "nt")
    known = facts(root, sources=("src/demo.py",))
    write_rcfile(known, tmp_path / "rc")
    output = tmp_path / "output"
    output.mkdir()
    variables = measured_environment(root, output, envs=env.parent, rcfile=tmp_path / "rc")
    subprocess.run([elsewhere / "bin" / "python", "-c", "pass"], env={**os.environ, **variables}, check=True)
    assert list(output.iterdir()) == []


def test_says_why_it_cannot_measure(root: Path, tmp_path: Path) -> None:
    bare = tmp_path / "envs" / "bare"
    venv.create(bare, symlinks=os.name != "nt")
    assert measured(root, bare, "program.py") == ("", set())
    reason = (root.parent / "output" / "coverage.unavailable").read_text(encoding="utf-8")
    assert "No module named 'coverage'" in reason


def test_hands_on_to_the_next_sitecustomize(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('the next one')", encoding="utf-8")
    path = os.pathsep.join([str(INJECTED), str(tmp_path)])
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import sitecustomize"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "the next one\n"


def test_imports_nothing_when_not_asked(tmp_path: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("NOXLINE_", "COVERAGE_"))}
    code = "import sys; print([m for m in sys.modules if m.startswith(('_noxline', 'coverage', 'unittest'))])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, "PYTHONPATH": str(INJECTED)},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(("modules", "is_measured"), [("execnet, _pytest.config, ", True), ("_pytest.config, ", False)])
def test_workers_of_a_recorded_run_are_measured_and_other_children_are_not(
    root: Path, env: Path, modules: str, is_measured: bool
) -> None:
    (root / "_pytest").mkdir()
    for name in ("execnet.py", "_pytest/__init__.py", "_pytest/config.py"):
        (root / name).write_text("", encoding="utf-8")
    own = "env = {**os.environ, 'NOXLINE_RECORDING': str(os.getpid()), 'NOXLINE_MEASURE': ''}\n"
    own += "env['NOXLINE_WORKERS'] = os.environ['NOXLINE_MEASURE']\n"
    child = f"[sys.executable, '-c', 'import {modules}demo; demo.in_child()']"
    text = f"import os, subprocess, sys\n{own}subprocess.run({child}, check=True, env=env)\n"
    (root / "controller.py").write_text(text, encoding="utf-8")
    _, lines = measured(root, env, "controller.py")
    assert (6 in lines) == is_measured
