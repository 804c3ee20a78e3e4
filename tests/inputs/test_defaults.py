"""Stages that declare no inputs get rather too many than one too few."""

from __future__ import annotations

import pytest

from noxline.inputs.defaults import default_patterns
from noxline.inputs.patterns import matcher

FILES = (
    *("src/pkg/a.py", "src/pkg/data.json", "tests/test_a.py", "tests/data/x.bin", "docs/index.md", "docs/conf.py"),
    *("README.md", "CHANGELOG.rst", "pyproject.toml", "setup.cfg", ".coveragerc", ".flake8", "ruff.toml", ".ruff.toml"),
    *("uv.lock", "requirements.txt", ".github/workflows/ci.yml", "Makefile", "logo.png", "conftest.py", ".mypy.ini"),
)


def inputs(stage: str, mentioned: str = "", **more: tuple[str, ...]) -> set[str]:
    told = {"sources": ("src/pkg",), "test_dirs": ("tests",), "test_paths": ("tests",), **more}
    wanted = matcher(default_patterns(stage, mentioned=mentioned, **told))
    return set(filter(wanted, FILES))


@pytest.mark.parametrize("stage", ["", "security", "hooks", "build", "unheard-of"])
def test_every_file_counts_where_nothing_better_is_known(stage: str) -> None:
    assert inputs(stage) == set(FILES)


@pytest.mark.parametrize("stage", ["tests", "benchmarks"])
def test_tests_read_everything_but_prose_and_documentation(stage: str) -> None:
    left_out = {"README.md", "CHANGELOG.rst", "docs/index.md", "docs/conf.py", ".github/workflows/ci.yml"}
    assert inputs(stage) == set(FILES) - left_out


@pytest.mark.parametrize(
    ("mentioned", "name"),
    [
        ("--doctest-glob=README.md", "README.md"),
        ("testpaths = docs/", "docs/index.md"),
        ('testpaths = ["docs"]', "docs/conf.py"),
        ("open('.github/workflows/ci.yml')", ".github/workflows/ci.yml"),
    ],
)
def test_what_is_mentioned_counts(mentioned: str, name: str) -> None:
    assert name in inputs("tests", mentioned)


def test_tests_below_the_documentation_count() -> None:
    assert "docs/index.md" in inputs("tests", test_paths=("docs/tests",))


@pytest.mark.parametrize("name", [".flake8", "ruff.toml", ".ruff.toml", "setup.cfg", "tests/test_a.py", ".coveragerc"])
def test_linters_read_code_and_the_settings_of_tools(name: str) -> None:
    assert name in inputs("lint")
    assert "README.md" not in inputs("lint")


def test_types_are_checked_in_code_by_settings() -> None:
    assert {"src/pkg/a.py", "tests/test_a.py", ".mypy.ini", "src/pkg/data.json"} <= inputs("types")


@pytest.mark.parametrize("stage", ["complexity", "duplication", "coverage"])
def test_measures_read_the_source_and_everything_where_none_is_known(stage: str) -> None:
    assert {"src/pkg/a.py", "src/pkg/data.json", "pyproject.toml"} <= inputs(stage)
    assert "docs/index.md" not in inputs(stage)
    assert inputs(stage, sources=()) == set(FILES)


def test_documentation_reads_all_but_tests() -> None:
    assert inputs("docs") == set(FILES) - {"tests/test_a.py", "tests/data/x.bin"}
    assert "tests/test_a.py" in inputs("docs", sources=("tests",))


def test_the_list_of_parts_reads_what_declares_dependencies() -> None:
    assert {"pyproject.toml", "setup.cfg", "uv.lock", "requirements.txt"} <= inputs("sbom")
