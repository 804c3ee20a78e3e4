"""Which tasks are checked, and a whole run that finds what a suite does not declare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noxline.input_check import share_checked
from noxline.project import Options

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
SUITE = """\
import os, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_file():
    assert (ROOT / "data" / "values.json").read_text()


def test_a_folder():
    assert os.listdir(ROOT / "tables")


def test_a_variable():
    assert os.environ["DATABASE_URL"]
    assert os.environ.get("APP_FLAG") is None


def test_a_module_and_its_byte_code():
    for _ in range(2):
        subprocess.run([sys.executable, "-c", "import extra"], cwd=ROOT / "lib", check=True)


def test_a_file_that_is_not_there():
    assert not (ROOT / "local.cfg").exists()


def test_a_write():
    (ROOT / "result.txt").write_text("x")
    assert (ROOT / "result.txt").read_text()


def test_another_program():
    subprocess.run(["cat", "notes.txt"], cwd=ROOT, check=True)
"""
FILES = {
    "pyproject.toml": f"""\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "sums"
version = "1"
requires-python = ">={PYTHON}"

[dependency-groups]
test = ["pytest"]

[tool.pytest.ini_options]
testpaths = ["tests"]
""",
    "config/pipeline.toml": '[stage.tests]\ninputs = ["src", "tests", "pyproject.toml"]\n',
    "src/sums/__init__.py": "def double(number):\n    return 2 * number\n",
    "tests/test_sums.py": SUITE,
    "data/values.json": "{}",
    "tables/a": "1",
    "lib/extra.py": "x = 1\n",
    "notes.txt": "x",
}


@pytest.mark.parametrize(
    ("asked", "rate", "environ", "share"),
    [
        (True, 0.0, {}, 1.0),
        (False, None, {}, 0.0),
        (False, None, {"CI": "true"}, 0.02),
        (False, None, {"CI": "0"}, 0.0),
        (False, 0.5, {}, 0.5),
        (False, 0.0, {"CI": "true"}, 0.0),
    ],
)
def test_the_share_of_tasks_that_are_checked(
    asked: bool, rate: float | None, environ: dict[str, str], share: float
) -> None:
    assert share_checked(Options(check_inputs=asked), rate, environ) == share


def checked(root: Path, *arguments: str, **environ: str) -> dict[str, Any]:
    base = {k: v for k, v in os.environ.items() if not k.startswith(("NOXLINE_", "NOX")) and k != "APP_FLAG"}
    done = subprocess.run(
        [sys.executable, "-m", "noxline", *arguments, "--json"],
        cwd=root,
        env={**base, "DATABASE_URL": "x", **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads(done.stdout), "said": done.stderr}


def uses(task: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["use"], name) for one in task["undeclared"] for name in one["names"]}


@pytest.mark.process
def test_a_suite_that_uses_what_it_does_not_declare(tmp_path: Path, real_component: Callable[[str], str]) -> None:
    root = tmp_path / "a project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    run = checked(root, "ci", "--check-inputs", "--only", "tests", "--python", PYTHON)
    [task] = run["tasks"]
    expected = {
        ("read", "data/values.json"),
        ("read", "lib/extra.py"),
        ("listed", "tables/"),
        ("missing", "local.cfg"),
        ("missing", "pytest.ini"),
        ("variable", "DATABASE_URL"),
        ("unset", "APP_FLAG"),
        ("written", "result.txt"),
    }
    assert uses(task) >= expected
    told = {use for use in uses(task) if use[0] not in ("missing", "unset")}
    assert told - {("read", "notes.txt")} == {use for use in expected if use[0] not in ("missing", "unset")}
    said = " ".join(run["said"].split())
    assert f'tests-{PYTHON} read data/values.json [stage.tests] inputs = [..., "data/values.json"]' in said
    real_component("strace")
    if "strace does not work" not in said:
        assert ("read", "notes.txt") in uses(task)


@pytest.mark.process
def test_a_session_of_the_projects_own_counts_with_its_function(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_text(
        "import sys\nfrom pathlib import Path\n\nimport nox\n\nLOADED = Path('loaded.txt').read_text()\n\n\n"
        "@nox.session(venv_backend='none')\ndef unit(session):\n"
        "    session.log(Path('VERSION').read_text())\n"
        "    session.run(sys.executable, '-c', 'open(\"data.txt\").close()', external=True)\n"
    )
    for name in ("loaded.txt", "VERSION", "data.txt"):
        (tmp_path / name).write_text("1")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/pipeline.toml").write_text('standard = []\n\n[stage.unit]\ninputs = ["data.txt"]\n')
    [task] = checked(tmp_path, "run", "unit", "--check-inputs")["tasks"]
    assert uses(task) == {("read", "VERSION")}
