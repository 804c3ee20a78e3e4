"""Coverage settings of the project, with our own scope."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from noxline.errors import ConfigError
from noxline.sessions.coverage_settings import project_settings, report_options, run_settings
from noxline.sessions.measure import INJECTED, measured_environment, recording_environment, write_rcfile
from tests.sessions.samples import facts

PYPROJECT = """
[tool.coverage.run]
branch = true
source = ["demo", "tests"]
omit = ["src/demo/_vendor/*", "*/generated.py"]
concurrency = ["multiprocessing"]
patch = ["subprocess", "_exit"]
relative_files = true
fail_under = 99
[tool.coverage.report]
exclude_also = ["raise NotImplementedError", "cost: \\\\$"]
omit = ["src/demo/slow.py"]
"""


def run_section(text: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def test_what_is_measured_is_ours_how_is_the_projects(root: Path) -> None:
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    known = facts(root, test_dirs=("src/demo/tests",))
    run = run_section(run_settings(known, data_file="/out/coverage.data"))["run"]
    assert run["branch"] == "true"
    assert run["data_file"] == "/out/coverage.data"
    assert run["include"].split() == [
        f"{root}/src/demo/*",
        "*/site-packages/demo/*",
        "*/site-packages/demo.py",
    ]
    assert run["omit"].split() == [f"{root}/src/demo/_vendor/*", "*/generated.py", f"{root}/src/demo/tests/*"]
    assert run["patch"].split() == ["subprocess", "_exit"]
    assert "source" not in run
    assert "relative_files" not in run


def test_from_outside_children_are_not_measured_twice(root: Path) -> None:
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    write_rcfile(facts(root), root / "deep" / "rc")
    run = run_section((root / "deep" / "rc").read_text(encoding="utf-8"))["run"]
    assert run["patch"] == "_exit"
    assert run["data_file"] == "${NOXLINE_OUTPUT}/coverage.data"


def test_reports_exclude_what_the_project_excludes(root: Path) -> None:
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    options = report_options(facts(root))
    assert options["report:exclude_lines"][-2:] == ["raise NotImplementedError", "cost: \\$"]
    assert any("pragma" in line for line in options["report:exclude_lines"])
    assert options["report:omit"][-1] == f"{root}/src/demo/slow.py"


def test_a_project_without_settings_gets_coverages_own(root: Path) -> None:
    assert report_options(facts(root)) == {"report:omit": []}
    assert run_section(run_settings(facts(root), data_file="x"))["run"]["branch"] == "false"


@pytest.mark.parametrize("name", [".coveragerc", "setup.cfg", "tox.ini"])
def test_settings_are_found_where_coverage_finds_them(root: Path, name: str) -> None:
    section = "run" if name == ".coveragerc" else "coverage:run"
    (root / name).write_text(f"[{section}]\nbranch = true\n", encoding="utf-8")
    (root / "pyproject.toml").write_text("[tool.coverage.run]\nbranch = false\n", encoding="utf-8")
    assert project_settings(root).branch


def test_unreadable_settings_name_their_file(root: Path) -> None:
    (root / ".coveragerc").write_text("[run\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        project_settings(root)
    assert caught.value.place == ".coveragerc"


def test_variables_of_a_measured_session(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{INJECTED}:/mine")
    monkeypatch.setenv("NOXLINE_RECORDING", "123")
    variables = measured_environment(root, root / "out", envs=root / "envs", rcfile=root / "rc", shard=(2, 4))
    assert variables["PYTHONPATH"] == f"{INJECTED}:/mine"
    assert variables["NOXLINE_RECORDING"] == ""
    assert variables["NOXLINE_SHARD"] == "2/4"
    assert variables["NOXLINE_MEASURE"] == str(root / "rc")
    assert variables["NOXLINE_ENVS"] == str(root / "envs")


def test_the_projects_own_path_replaces_the_users(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine")
    variables = recording_environment(root, root / "out", pythonpath="src")
    assert variables["PYTHONPATH"] == f"{INJECTED}:src"
    assert variables["NOXLINE_MEASURE"] == ""
