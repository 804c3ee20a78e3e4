from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from noxline.sessions.files import ignored_paths, listed_files, source_files
from tests.sessions.samples import facts


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("", encoding="utf-8")


@pytest.mark.process
def test_sources_without_the_tests_inside_them(tmp_path: Path) -> None:
    write(
        tmp_path, "src/demo/a.py", "src/demo/a.pyi", "src/demo/tests/test_a.py", "src/demo/__pycache__/a.py", "one.py"
    )
    project = facts(tmp_path, sources=("src/demo", "one.py", "gone"), test_dirs=("src/demo/tests",))
    assert source_files(project) == ("one.py", "src/demo/a.py")


@pytest.mark.process
def test_sources_that_can_be_no_inputs_are_left_out(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write(tmp_path, "src/demo/a.py", "src/demo/generated.py", "src/demo/_version.py", "src/demo/inner/b.py")
    subprocess.run(["git", "init", "-q", str(tmp_path / "src/demo/inner")], check=True)
    (tmp_path / ".gitignore").write_text("generated.py\n", encoding="utf-8")
    assert source_files(facts(tmp_path, sources=("src/demo",))) == ("src/demo/a.py", "src/demo/inner/b.py")


@pytest.mark.process
def test_ignored_paths_are_folders_first_and_bounded(tmp_path: Path) -> None:
    assert ignored_paths(tmp_path) == []
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.log\nout/\n", encoding="utf-8")
    write(tmp_path, "a.log", "deep/b.log", "deep/b.py", "out/x.py", "out/deep/y.py")
    assert ignored_paths(tmp_path) == ["out/", "a.log", "deep/b.log"]
    write(tmp_path, *(f"deep/{number:04d}{'x' * 80}.log" for number in range(400)))
    assert ignored_paths(tmp_path)[:3] == ["out/", "a.log", f"deep/0000{'x' * 80}.log"]
    assert sum(map(len, ignored_paths(tmp_path))) < 25_000


@pytest.mark.process
def test_in_a_project_that_the_repository_around_it_ignores_all_files_count(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("out/\n", encoding="utf-8")
    write(tmp_path, "out/a.py", "out/b.txt")
    assert listed_files(tmp_path / "out") == ("a.py", "b.txt")
    assert source_files(facts(tmp_path / "out", sources=("a.py",))) == ("a.py",)


@pytest.mark.process
def test_listed_files_are_what_git_does_not_ignore(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write(tmp_path, "a.py", "deep/b ä.txt", "build.log", "deleted.py")
    (tmp_path / ".gitignore").write_text("*.log\n", encoding="utf-8")
    subprocess.run(["git", "-C", str(tmp_path), "add", "deleted.py", "a.py"], check=True)
    (tmp_path / "deleted.py").unlink()
    (tmp_path / "link").symlink_to("nowhere")
    assert listed_files(tmp_path) == (".gitignore", "a.py", "deep/b ä.txt", "link")


@pytest.mark.process
def test_caches_that_git_neither_tracks_nor_ignores_are_left_out(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write(tmp_path, "a.py", "__pycache__/a.pyc", "p/__pycache__/b.pyc", "htmlcov/kept.html", ".mypy_cache/x")
    subprocess.run(["git", "-C", str(tmp_path), "add", "htmlcov"], check=True)
    assert listed_files(tmp_path) == ("a.py", "htmlcov/kept.html")


@pytest.mark.process
def test_listed_files_of_a_folder_below_the_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write(tmp_path, "other/x.py", "package/y.py")
    assert listed_files(tmp_path / "package") == ("y.py",)


@pytest.mark.process
def test_without_git_generated_folders_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a.py", ".noxline/x", "__pycache__/a.pyc", "d.egg-info/PKG-INFO", ".venv/lib/x.py")
    assert listed_files(tmp_path) == ("a.py",)
