"""What is in an environment, by its folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from noxline.nox_bridge.distributions import made_at, real_set


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    return tmp_path / "p"


@pytest.fixture
def environment(root: Path) -> Path:
    environment = root / ".noxline" / "envs" / "t"
    (environment / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    return environment


def install(environment: Path, name: str, **direct_url: Any) -> None:
    folder = environment / "lib" / "python3.12" / "site-packages" / name
    folder.mkdir(parents=True)
    if direct_url:
        (folder / "direct_url.json").write_text(json.dumps(direct_url), encoding="utf-8")


def test_names_and_versions_are_those_that_a_resolution_prints(environment: Path, root: Path) -> None:
    install(environment, "Foo_Bar.baz-1.0.POST1.dist-info")
    install(environment, "old-2.0-py3.8.egg-info")
    install(environment, "older-3-py3.8.egg")
    install(environment, "odd-what.dist-info")
    install(environment, "foo")
    assert real_set(environment, root) == {"foo-bar-baz": "1.0.post1", "odd": "what", "old": "2.0", "older": "3"}


def test_what_belongs_to_the_project_is_left_out(environment: Path, root: Path) -> None:
    (root / "libs" / "a").mkdir(parents=True)
    install(environment, "p-1.dist-info", url=root.as_uri(), dir_info={"editable": True})
    install(environment, "q-1.dist-info", url=root.as_uri(), dir_info={})
    install(environment, "a-1.dist-info", url=(root / "libs" / "a").as_uri(), dir_info={"editable": False})
    assert real_set(environment, root) == {}


def test_a_project_reached_through_a_link_is_left_out(environment: Path, root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    install(environment, "p-1.dist-info", url=link.as_uri(), dir_info={})
    assert real_set(environment, link) == {}


def test_two_commits_of_one_version_differ(environment: Path, root: Path) -> None:
    source = {"vcs": "git", "commit_id": "a" * 40, "requested_revision": "main"}
    install(environment, "a-1.dist-info", url="https://me:x@e.org/a.git", vcs_info=source, subdirectory="lib")
    assert real_set(environment, root) == {"a": f"@ git+https://e.org/a.git@{'a' * 40}#subdirectory=lib"}


def test_an_archive_at_an_address_is_its_address(environment: Path, root: Path) -> None:
    install(environment, "a-1.dist-info", url="https://me:x@e.org/a-1.zip", archive_info={})
    assert real_set(environment, root) == {"a": "@ https://e.org/a-1.zip"}


def test_local_archives_and_folders_elsewhere_count_by_content(environment: Path, root: Path) -> None:
    outside = root.parent / "lib"
    outside.mkdir()
    (outside / "lib.py").write_text("1")
    (root / "a-1.zip").write_text("1")
    install(environment, "lib-1.dist-info", url=outside.as_uri(), dir_info={"editable": True})
    install(environment, "a-1.dist-info", url=(root / "a-1.zip").as_uri(), archive_info={})
    before = real_set(environment, root)
    assert before["a"].startswith("@ a-1.zip sha256:")
    assert before["lib"].startswith("@ lib/ sha256:")

    (outside / "lib.py").write_text("2")
    (root / "a-1.zip").write_text("2")

    after = real_set(environment, root)
    assert all(before[name] != after[name] for name in ("a", "lib"))
    (root / "a-1.zip").unlink()
    assert real_set(environment, root)["a"] == "@ a-1.zip which is gone"


def test_environments_inside_and_conda_packages_count_apart(environment: Path, root: Path) -> None:
    install(environment, "a-1.dist-info")
    inner = environment / "safety"
    install(inner, "a-2.dist-info")
    (inner / "pyvenv.cfg").touch()
    (environment / "conda-meta").mkdir()
    (environment / "conda-meta" / "open-ssl-3.1-h1_0.json").touch()
    assert real_set(environment, root) == {"a": "1", "conda/open-ssl": "3.1 h1_0", "safety/a": "2"}


def test_an_environment_that_is_not_there_holds_nothing(root: Path) -> None:
    assert real_set(root / "none", root) == {}
    assert made_at(root / "none") == 0.0
