"""From any folder to the root of its project, and never into somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.errors import ConfigError, ExitCode, UsageError
from noxline.settings.root import MARKERS, find_root


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the home directory above everything that a test makes, so that no search leaves it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def tree(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_text("", encoding="utf-8")
    return root


@pytest.mark.parametrize("marker", MARKERS)
def test_the_nearest_marked_folder_from_a_sub_folder(home: Path, marker: str) -> None:
    tree(home, f"p/{marker}", "p/a/b/c.py")
    assert find_root(home / "p/a/b") == home / "p"


def test_settings_of_ours_mark_a_root_and_those_of_others_do_not(home: Path) -> None:
    tree(home, "p/q/r/x.py", "p/config/pipeline.toml", "p/q/config/pipeline.toml")
    (home / "p/config/pipeline.toml").write_text("workers = 1\n")
    (home / "p/q/config/pipeline.toml").write_text("[etl]\n")
    assert find_root(home / "p/q/r") == home / "p"


def test_a_member_of_a_workspace_is_its_own_project(home: Path) -> None:
    tree(home, "p/pyproject.toml", "p/packages/x/pyproject.toml")
    assert find_root(home / "p/packages/x") == home / "p/packages/x"


def test_a_file_stands_for_its_folder(home: Path) -> None:
    tree(home, "p/setup.py", "p/a/b.py")
    assert find_root(home / "p/a/b.py") == home / "p"


def test_loose_files_count_at_the_top_of_the_repository_first(home: Path) -> None:
    tree(home, "p/.git/", "p/main.py", "p/a/tool.py")
    assert find_root(home / "p/a") == home / "p"


def test_then_in_the_folder_itself(home: Path) -> None:
    tree(home, "p/.git/", "p/README", "p/scripts/tool.py", "p/scripts/deep/x.txt")
    assert find_root(home / "p/scripts") == home / "p/scripts"
    with pytest.raises(UsageError):
        find_root(home / "p/scripts/deep")


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "Pipfile", "pkg/__init__.py"])
def test_what_counts_as_loose(home: Path, file: str) -> None:
    assert find_root(tree(home / "p", file)) == home / "p"


def test_a_marker_above_beats_loose_files_here(home: Path) -> None:
    tree(home, "p/tox.ini", "p/src/pkg/__init__.py")
    assert find_root(home / "p/src") == home / "p"


def test_stops_at_the_top_of_the_repository(home: Path) -> None:
    tree(home, "pyproject.toml", "outer/pyproject.toml", "outer/inner/.git/", "outer/inner/a/x.txt")
    with pytest.raises(UsageError):
        find_root(home / "outer/inner/a")


def test_a_work_tree_has_a_git_file(home: Path) -> None:
    tree(home, "outer/pyproject.toml", "outer/tree/.git", "outer/tree/a/x.py", "outer/tree/b.py")
    assert find_root(home / "outer/tree/a") == home / "outer/tree"


def test_never_reaches_the_home_directory(home: Path) -> None:
    tree(home, "setup.cfg", "notes/x.txt")
    with pytest.raises(UsageError):
        find_root(home / "notes")
    assert find_root(home) == home  # asked for by name


def test_says_what_was_looked_for(home: Path) -> None:
    tree(home, "p/a/b/x.txt")
    with pytest.raises(UsageError) as caught:
        find_root(home / "p/a/b")
    error = caught.value
    assert error.exit_code is ExitCode.USAGE
    assert error.message == (
        f"there is no Python project here: {home}/p/a/b and the folders above it up to {home}/p hold none of "
        "pyproject.toml, setup.py, setup.cfg, noxfile.py, tox.ini or config/pipeline.toml, "
        "and no *.py or requirements*.txt at the top"
    )
    assert error.hint == "run noxline inside a project"


def test_a_folder_that_is_not_there(home: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        find_root(home / "nowhere")


def test_follows_links_to_where_the_project_really_is(home: Path) -> None:
    tree(home, "p/pyproject.toml", "p/a/x.py")
    (home / "link").symlink_to(home / "p/a")
    assert find_root(home / "link") == home / "p"


def test_what_only_bears_the_name_of_a_project_file_is_an_error(home: Path) -> None:
    folder = tree(home, "p/") / "p"
    (folder / "pyproject.toml").symlink_to("nowhere.toml")
    with pytest.raises(ConfigError, match=r"pyproject\.toml is a link to a file that is not there"):
        find_root(folder)
    (folder / "pyproject.toml").unlink()
    (folder / "pyproject.toml").mkdir()
    with pytest.raises(ConfigError, match=r"pyproject\.toml is not a regular file") as raised:
        find_root(folder)
    assert raised.value.place == str(folder / "pyproject.toml")
