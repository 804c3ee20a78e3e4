"""Two clones come to one name when they see the same, and to two as soon as anything differs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noxline.inputs.index import Index
from noxline.warm import facts
from tests.inputs.test_index import git, write

pytestmark = pytest.mark.process  # git lists the files
ENVIRON = {"PATH": "/usr/bin", "MODE": "1", "GITHUB_SHA": "abc"}
ARGUMENTS = ["ci"]


def look(outside: Path, **changes: Any) -> dict[str, Any]:
    return {
        "files": ["./noxfile.py", "./pyproject.toml", str(outside / "tool")],
        "folders": ["./src", str(outside)],
        "kinds": ["./src", "./tox.ini"],
        "variables": ["MODE", "ABSENT"],
        "sets": [["src/**"]],
        "from_git": False,
        "environments": {"unit": {"distributions": {"pytest": "8"}}},
        "rooted": False,
        **changes,
    }


def clone(folder: Path) -> Path:
    for name, text in (("noxfile.py", "x\n"), ("pyproject.toml", "y\n"), ("src/a.py", "a\n")):
        write(folder / name.rpartition("/")[0], name.rpartition("/")[2], text)
    git(folder, "init", "-q")
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    write(tmp_path / "outside", "tool", "t\n")
    return tmp_path / "outside"


def name(root: Path, where: dict[str, Any], **environ: str) -> str:
    index = Index(str(root), str(root / ".noxline/state/index"), pytest.fail)
    index.refresh()
    seen = {**ENVIRON, **environ}
    place, places = facts.place_of(str(root), ARGUMENTS, seen), facts.places_seen(str(root), where, seen)
    return facts.name_of(place, where, places, index)


def test_where_a_clone_lies_does_not_matter_unless_folders_around_it_count(tmp_path: Path, outside: Path) -> None:
    one, other = clone(tmp_path / "one"), clone(tmp_path / "deeper" / "other")
    assert name(one, look(outside)) == name(other, look(outside))
    assert name(one, look(outside, rooted=True)) != name(other, look(outside, rooted=True))


def _later(path: Path) -> None:
    os.utime(path, ns=(1, 1))


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "a file": lambda root, _outside: write(root, "noxfile.py", "z\n"),
    "settings": lambda root, _outside: write(root, "pyproject.toml", "z\n"),
    "an input": lambda root, _outside: write(root / "src", "a.py", "z\n"),
    "an input more": lambda root, _outside: write(root / "src", "b.py", "z\n"),
    "a name in a folder": lambda root, _outside: write(root / "src", "b.pyi", "z\n"),
    "a path that was not there": lambda root, _outside: write(root, "tox.ini", "z\n"),
    "a path that is gone": lambda root, _outside: (root / "src").rename(root / "lib"),
    "a file outside": lambda _root, outside: write(outside, "tool", "z\n"),
    "the time of a file outside": lambda _root, outside: _later(outside / "tool"),
    "a name outside": lambda _root, outside: write(outside, "more", "z\n"),
}


def test_a_second_look_is_spared_and_finds_the_same(tmp_path: Path, outside: Path) -> None:
    root, where = clone(tmp_path / "one"), look(outside)
    for left in ("src/build", "src/a.pyc", "src/__pycache__"):
        write(root / left, "x", "x\n")
    where["folders"] += ["./", "./nowhere", str(outside / "nowhere")]
    listed: dict[str, list[str] | None] = {}
    read = facts.witnesses(str(root), where, listed)
    assert sorted(listed) == [str(root), f"{root}/nowhere", f"{root}/src"]
    found = facts.places_seen(str(root), where, ENVIRON)
    assert facts.places_seen(str(root), where, ENVIRON, read, listed) == found
    for left in ("src/build", "src/a.pyc", "src/__pycache__"):
        shutil.rmtree(root / left)
    assert facts.places_seen(str(root), where, ENVIRON) == found


def test_what_tasks_leave_does_not_count(tmp_path: Path, outside: Path) -> None:
    root = clone(tmp_path / "one")
    where = look(outside, folders=["./", "./src"])
    before = name(root, where)
    for folder in (".benchmarks", ".pytest_cache", "src/__pycache__", "src/x.egg-info", "dist"):
        (root / folder).mkdir()
    assert name(root, where) == before
    (root / "scripts").mkdir()
    assert name(root, where) != before


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_looked_at_counts(tmp_path: Path, outside: Path, change: str) -> None:
    root = clone(tmp_path / "one")
    before = name(root, look(outside))
    CHANGES[change](root, outside)
    assert name(root, look(outside)) != before


@pytest.mark.parametrize(
    "environ", [{"MODE": "2"}, {"ABSENT": ""}, {"ANY": "1"}, {"PATH": "/bin"}, {"GITHUB_ACTIONS": "true"}]
)
def test_variables_count(tmp_path: Path, outside: Path, environ: dict[str, str]) -> None:
    root = clone(tmp_path / "one")
    assert name(root, look(outside), **environ) != name(root, look(outside))


@pytest.mark.parametrize(
    "environ", [{"GITHUB_SHA": "def"}, {"XDG_CACHE_HOME": "/x"}, {"NOXLINE_CACHE_TOKEN": "t"}, {"SHLVL": "3"}]
)
def test_those_of_one_job_do_not_count_unless_they_were_read(
    tmp_path: Path, outside: Path, environ: dict[str, str]
) -> None:
    root = clone(tmp_path / "one")
    assert name(root, look(outside), **environ) == name(root, look(outside))
    read = look(outside, variables=list(environ))
    assert name(root, read, **environ) != name(root, read)


def test_what_environments_resolve_to_and_the_sets_of_inputs_count(tmp_path: Path, outside: Path) -> None:
    root = clone(tmp_path / "one")
    others = [
        look(outside, environments={"unit": {"distributions": {"pytest": "9"}}}),
        look(outside, sets=[["src/**"], ["*.md"]]),
        look(outside, files=["./noxfile.py"]),
    ]
    assert len({name(root, other) for other in (look(outside), *others)}) == 4


def test_of_a_folder_on_the_path_only_pythons_count(tmp_path: Path, outside: Path) -> None:
    root = clone(tmp_path / "one")
    before = name(root, look(outside), PATH=str(outside))
    write(outside, "editor", "z\n")
    assert name(root, look(outside), PATH=str(outside)) == before
    write(outside, "python3.99", "z\n")
    assert name(root, look(outside), PATH=str(outside)) != before


def test_a_path_that_texts_write_in_several_ways_is_not_plain() -> None:
    assert facts.is_plain("/home/project-1.2_x")
    assert not any(map(facts.is_plain, ("/", "/home", "/home/my project", '/home/a"b', "/home/ü", "/a&b/c")))


@pytest.mark.parametrize("path", ["/r/x/noxfile.py", "/r/x", "/elsewhere/a", "/r/xy/a"])
def test_paths_are_written_and_read_alike(path: str) -> None:
    shown = facts.shown_path("/r/x", path)
    assert facts.real_path("/r/x", shown) == path
    assert shown.startswith("./") == (path in ("/r/x", "/r/x/noxfile.py"))


def test_noxline_reads_no_variable_of_a_job_but_those_that_count() -> None:
    """What is left out of a run's name must not decide anything in the program either."""
    source = Path(facts.__file__).parents[1]
    named = re.compile(r"""environ(?:\.get\(|\[)\s*["'](\w+)["']""")
    read = {name for path in source.rglob("*.py") for name in named.findall(path.read_text(encoding="utf-8"))}
    own = ("NOXLINE_CACHE_", "XDG_CACHE_HOME", "PYTHONUNBUFFERED")  # the last one is only set, for tasks
    assert {"GITHUB_ACTIONS", "HOME"} <= read
    assert [name for name in sorted(read) if not facts.is_steady(name) and not name.startswith(own)] == []
