"""What a resolution depends on, and what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from noxline.nox_bridge.index_settings import configures, has_influence, index_settings, pip_is_configured
from noxline.nox_bridge.installs import Installs, Step
from noxline.nox_bridge.recipe import dependency_files, named_digests, recipe_of, workspace_members

PYPROJECT = """\
[project]
name = "p"
version = "1"
dependencies = ["six"]
[tool.ruff]
line-length = 100
[tool.uv.workspace]
members = ["libs/*"]
"""
PLATFORM = {"python": "cpython 3.12.1"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    for name, text in {
        "pyproject.toml": PYPROJECT,
        "uv.lock": "1",
        "requirements/dev.txt": "six",
        "libs/a/pyproject.toml": '[project]\nname = "a"\n',
        "src/p.py": "1",
        "tests/data/pyproject.toml": "[project]\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def recipe(root: Path, environ: dict[str, str] | None = None, **more: Any) -> str:
    names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    home = {"HOME": str(root.parent / "home"), "XDG_CONFIG_HOME": str(root.parent / "home")}
    given = {"session": "s", "platform": PLATFORM, **more}
    return recipe_of(**given, root=root, environ={**home, **(environ or {})}, names=names)


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        ("pyproject.toml", PYPROJECT.replace('"six"', '"attrs"'), True),
        ("pyproject.toml", PYPROJECT.replace('version = "1"', 'version = "2"'), False),
        ("pyproject.toml", PYPROJECT.replace("100", "120"), False),
        ("pyproject.toml", PYPROJECT + "# said\n", False),
        ("pyproject.toml", PYPROJECT + "[tool.mypy]\nstrict = true\n", True),
        ("pyproject.toml", PYPROJECT + "[dependency-groups]\ndev = []\n", False),
        ("pyproject.toml", PYPROJECT + "[dependency-groups]\ndev = ['x']\n", True),
        ("pyproject.toml", PYPROJECT + "[[", True),
        ("uv.lock", "2", True),
        ("requirements/dev.txt", "attrs", True),
        ("requirements/new.txt", "attrs", True),
        ("docs/requirements.txt", "attrs", True),
        ("libs/a/pyproject.toml", '[project]\nname = "a"\ndependencies = ["x"]\n', True),
        ("tests/data/pyproject.toml", "[project]\ndependencies = ['x']\n", False),
        ("src/p.py", "2", False),
        ("setup.py", "1", True),
        ("pylock.dev.toml", "1", True),
        ("uv.toml", "no-index = true", True),
    ],
)
def test_what_changes_a_recipe(root: Path, name: str, text: str, changes: bool) -> None:
    before = recipe(root)
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    if name.startswith("pyproject") and "dev = []" in text:
        assert recipe(root) != before  # an empty group is a change of the table: it only costs one resolution
    else:
        assert (recipe(root) != before) == changes


def test_session_platform_and_index_settings_are_part_of_it(root: Path) -> None:
    recipes = {
        recipe(root),
        recipe(root, session="other"),
        recipe(root, platform={"python": "cpython 3.12.2"}),
        recipe(root, {"UV_INDEX_URL": "https://e.org/"}),
        recipe(root, {"UV_EXCLUDE_NEWER": "2026-01-01"}),
        recipe(root, {"PIP_INDEX_URL": "https://e.org/"}),
    }
    assert len(recipes) == 6


def test_places_and_credentials_are_not(root: Path) -> None:
    one = recipe(root, {"UV_INDEX_URL": "https://me:one@e.org/", "UV_CACHE_DIR": "/a", "UV_INDEX_X_PASSWORD": "1"})
    assert one == recipe(root, {"UV_INDEX_URL": "https://you:two@e.org/", "PIP_CERT": "/b"})
    given = {"UV_INDEX_URL": "https://me:one@e.org/"}  # pragma: allowlist secret - made up
    assert "one" not in str(index_settings(root, given))


def test_files_named_by_variables_count_by_content(root: Path) -> None:
    (root / "c.cfg").write_text("six<2")
    moved = root.parent / "c.cfg"
    moved.write_text("six<2")
    before = recipe(root, {"UV_CONSTRAINT": "c.cfg"})
    assert before == recipe(root, {"UV_CONSTRAINT": str(moved)})
    moved.write_text("six<1")
    assert before != recipe(root, {"UV_CONSTRAINT": str(moved)})


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("UV_INDEX_INTERNAL_USERNAME", False),
        ("UV_INDEX", True),
        ("UV_LINK_MODE", False),
        ("PIP_PRE", True),
        ("PIP_DEFAULT_TIMEOUT", False),
        ("HOME", False),
    ],
)
def test_variables_with_influence(name: str, counts: bool) -> None:
    assert has_influence(name) == counts


def test_pips_own_settings_are_noticed() -> None:
    nothing = {"PIP_CONFIG_FILE": "/dev/null"}
    assert pip_is_configured({**nothing, "PIP_INDEX_URL": "https://e.org/"}) == ""
    assert pip_is_configured({**nothing, "PIP_PREFER_BINARY": "1"}) == "PIP_PREFER_BINARY"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("[global]\ntimeout = 3\n", False),
        ("[install]\nextra-index-url = https://e.org/\n", True),
        ("[[", True),
        ("", False),
    ],
)
def test_a_file_of_pip_counts_when_it_says_what_is_chosen(tmp_path: Path, text: str, counts: bool) -> None:
    (tmp_path / "pip.conf").write_text(text)
    assert configures(tmp_path / "pip.conf") == counts


def test_members_and_path_sources_are_found() -> None:
    text = PYPROJECT + '[tool.uv.sources]\nx = { path = "./x" }\ny = { git = "https://e.org/y" }\n'
    assert workspace_members(text.encode()) == ("libs/*", "./x")
    assert dependency_files(["x/pyproject.toml", "y/pyproject.toml"], ["./x"]) == ["x/pyproject.toml"]
    assert workspace_members(b"[[") == ()


def test_files_that_steps_name_are_followed(root: Path) -> None:
    (root / "a.txt").write_text("-r requirements/dev.txt\n--constraint=gone.txt\n-r a.txt\n")
    found = named_digests(Installs(steps=(Step(tool="uv", args=("-r", "a.txt", "-r", "pyproject.toml")),)), root)
    assert sorted(found) == ["a.txt", "gone.txt", "pyproject.toml", "requirements/dev.txt"]
    assert found["gone.txt"] == ""
