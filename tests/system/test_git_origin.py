"""Clones of one repository have one name, others have others."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.system.git_origin import plain_origin, repository
from tests.inputs.test_index import git


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example/team/app",
        "https://host.example/team/app.git",
        # pragma: allowlist nextline secret - made up
        "https://x-token:secret@host.example/team/app.git/",
        "ssh://git@host.example:2222/team/app.git",
        "git@host.example:team/app.git",
        "host.example:/team/app",
    ],
)
def test_ways_to_one_repository_come_to_one_name(url: str) -> None:
    assert plain_origin(url.rstrip("/")) == "host.example/team/app"


def test_a_folder_is_its_path(tmp_path: Path) -> None:
    assert plain_origin(str(tmp_path)) == plain_origin(tmp_path.as_uri()) == str(tmp_path.resolve())
    assert plain_origin("") == ""


@pytest.mark.process
def test_a_clone_is_called_as_what_it_was_cloned_from(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for folder in (first, other):
        (folder / "part").mkdir(parents=True)
        (folder / "part" / "a.txt").write_text("a")
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", str(first), "second")
    assert repository(first) == repository(second) != repository(other)
    assert repository(first / "part") == repository(second / "part") != repository(first)
    plain = tmp_path / "plain"
    plain.mkdir()
    assert repository(plain) == f"{plain.resolve()} ."
