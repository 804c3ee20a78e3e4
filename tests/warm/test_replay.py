"""A run in which nothing changed is replayed and tells what the ordinary way tells; any change is seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noxline.inputs import commit, sealed
from noxline.inputs.canonical import digest
from tests.inputs.test_index import git
from tests.warm.small import LAUNCH, Done, Small

pytestmark = pytest.mark.process

HEAVY = ("nox", "rich", "click", "msgspec", "dataclasses", "json", "re", "pathlib", "subprocess", "typing", "enum")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small.make(tmp_path_factory.mktemp("warm"))


@pytest.fixture(scope="module")
def pair(small: Small) -> tuple[Done, Done]:
    """Return a replayed run and one of the same by the ordinary way."""
    small.warmed()
    replayed = small.ci()
    snapshots = small.root / ".noxline" / "state" / "warm"
    shutil.rmtree(snapshots)
    ordinary = small.ci()
    assert replayed.replayed
    assert not ordinary.replayed
    return replayed, ordinary


def settled(text: str, done: Done) -> str:
    """Return text without the run's own id and times."""
    assert done.directory is not None
    text = text.replace(done.directory.name, "<run>")
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "<moment>", text)
    text = re.sub(r"\b\d+\.\d+ s\b", "<seconds> s", text)
    return re.sub(r'"(seconds|at|started|value)": \d+(\.\d+)?(e-\d+)?', r'"\1": <number>', text)


def test_a_replay_leaves_what_the_ordinary_way_leaves(pair: tuple[Done, Done], small: Small) -> None:
    replayed, ordinary = pair
    assert replayed.left == ordinary.left == small.expected()
    assert replayed.directory is not None
    assert ordinary.directory is not None
    names = [
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
        for folder in (replayed.directory, ordinary.directory)
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("name", ["run.json", "verdict.json", "events.jsonl", "tasks/unit/log.txt"])
def test_a_replay_writes_what_the_ordinary_way_writes(pair: tuple[Done, Done], name: str) -> None:
    texts = []
    for done in pair:
        assert done.directory is not None
        texts.append(settled((done.directory / name).read_text(encoding="utf-8"), done))
    assert texts[0] == texts[1]


def test_a_replay_prints_what_the_ordinary_way_prints(pair: tuple[Done, Done]) -> None:
    replayed, ordinary = pair
    assert settled(replayed.out, replayed) == settled(ordinary.out, ordinary)
    assert (replayed.err, replayed.code) == (ordinary.err, ordinary.code)


def test_a_replay_imports_next_to_nothing(small: Small) -> None:
    assert small.warmed().modules.isdisjoint(HEAVY)


def test_a_replay_names_the_commit_of_now(small: Small) -> None:
    small.warmed()
    git(small.root, "commit", "-qm", "another", "--allow-empty")
    done = small.ci()
    assert done.replayed
    head = git(small.root, "rev-parse", "HEAD").strip()
    assert head in json.dumps(done.document("verdict.json"))


def test_a_result_that_rests_on_commits_is_not_replayed_after_another(small: Small) -> None:
    """As those of `build` and `sbom` do, where the version comes from git."""
    small.warmed()

    def rest_on(version: str) -> None:
        for path in (small.root / ".noxline" / "state" / "warm").iterdir():
            snapshot: Any = sealed.load(str(path))
            sealed.save(str(path), {**snapshot, "version": version})

    rest_on(commit.version_source(str(small.root)))
    assert small.ci().replayed
    git(small.root, "tag", f"v{len(list(small.root.iterdir()))}")
    assert not small.ci().replayed


def edit(name: str, old: str, new: str) -> Callable[[Small], None]:
    def change(small: Small) -> None:
        path = small.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text or not old
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")

    return change


def same_size(small: Small) -> None:
    path = small.root / "src" / "a.py"
    status = path.stat()
    path.write_text(path.read_text(encoding="utf-8")[::-1], encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def variable(name: str, value: str) -> Callable[[Small], None]:
    return lambda small: small.environ.update({name: value})


def new_interpreter(small: Small) -> None:
    path = small.home.parent / "bin" / "python3.9"
    path.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    path.chmod(0o755)


def interpreter_gone(small: Small) -> None:
    path = small.home.parent / "bin" / "python3.9"
    if not path.exists():  # the test that makes one may run elsewhere
        new_interpreter(small)
        small.warmed()
    path.unlink()


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def stored(small: Small, kind: str) -> list[Path]:
    return sorted(path for path in (small.store / "v1" / kind).rglob("*") if path.is_file())


def damaged_blobs(small: Small) -> None:
    for path in stored(small, "blobs"):
        flip(path)


def removed_blobs(small: Small) -> None:
    for path in stored(small, "blobs"):
        path.unlink()


def removed_entries(small: Small) -> None:
    for path in stored(small, "entries"):
        path.unlink()


def damaged_entries(small: Small) -> None:
    for path in stored(small, "entries"):
        flip(path)


def damaged_snapshots(small: Small) -> None:
    for path in (small.root / ".noxline" / "state" / "warm").iterdir():
        flip(path)


def new_distribution(small: Small) -> None:
    """Tasks without an environment of their own import what is installed beside the Python on PATH."""
    programs = small.home.parent / "bin"
    (programs.parent / "pyvenv.cfg").write_text("", encoding="utf-8")
    packages = programs.parent / "lib" / "python3.11" / "site-packages"
    python = programs / "python"
    if not python.exists():
        python.symlink_to(sys.executable)
    count = len(list(packages.glob("*"))) if packages.exists() else 0
    (packages / f"plugin-{count}.dist-info").mkdir(parents=True)


CHANGES: dict[str, Callable[[Small], Any]] = {
    "an input": edit("src/a.py", "", "# more\n"),
    "an input, size and time kept": same_size,
    "a file that git ignores and settings name": edit("secret.env", "", "more\n"),
    "a new input": lambda small: (small.root / "src" / "c.py").write_text("c = 3\n", encoding="utf-8"),
    "an input removed": lambda small: (small.root / "src" / "b.py").unlink(),
    "an input of the second": edit("docs/x.md", "", "more words\n"),
    "the noxfile": edit("noxfile.py", 'SALT = "1"', 'SALT = "2"'),
    "the settings": edit("config/pipeline.toml", 'inputs = ["docs"]', 'inputs = ["docs", "src"]'),
    "new settings": lambda small: (small.root / "config" / "gates.toml").write_text("[rules]\n", encoding="utf-8"),
    "the metadata": edit("pyproject.toml", 'version = "1"', 'version = "2"'),
    "a declared variable": variable("MODE", "fast"),
    "another variable": variable("ANYTHING", "else"),
    "a new interpreter": new_interpreter,
    "an interpreter gone": interpreter_gone,
    "a Python with packages in front": new_distribution,
    "another package beside it": new_distribution,
    "damaged blobs": damaged_blobs,
    "removed blobs": removed_blobs,
    "damaged entries": damaged_entries,
    "removed entries": removed_entries,
    "damaged snapshots": damaged_snapshots,
    "a damaged index": lambda small: flip(small.root / ".noxline" / "state" / "index"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_never_replayed(small: Small, kind: str) -> None:
    small.warmed()
    CHANGES[kind](small)
    done = small.ci()
    assert not done.replayed
    assert done.code == 0, done.out + done.err
    assert done.left == small.expected()
    again = small.warmed()
    assert again.left == small.expected()


@pytest.mark.parametrize("kind", ["damaged blobs", "damaged entries", "a damaged index"])
def test_damage_is_told_once(small: Small, kind: str) -> None:
    small.warmed()
    CHANGES[kind](small)
    warned = small.ci().document("run.json")["warnings"]
    assert len(warned) == 1, warned
    assert "damaged" in warned[0] or "cannot be used" in warned[0]


@pytest.mark.parametrize("arguments", [("--json",), ("-q",), ("--only", "unit"), ("--no-cache",), ("--force", "unit")])
def test_other_arguments_are_another_run(small: Small, arguments: tuple[str, ...]) -> None:
    small.warmed()
    done = small.ci(*arguments)
    assert not done.replayed
    assert done.code == 0, done.out + done.err
    if arguments == ("--json",):
        again = small.ci(*arguments)
        assert again.replayed
        assert json.loads(again.out)["status"] == "passed"
        assert json.loads(again.out)["run_id"] != json.loads(done.out)["run_id"]


def test_a_narrower_terminal_is_another_run(small: Small) -> None:
    small.warmed()
    wide = [small.on_a_terminal(100) for _ in range(2)]
    assert [done.replayed for done in wide] == [False, True]
    assert not small.on_a_terminal(40).replayed


def test_a_project_below_this_one_is_another_project(small: Small) -> None:
    small.warmed()
    first, second = small.ci(folder="docs"), small.ci(folder="docs")
    assert not first.replayed
    assert second.replayed
    (small.root / "docs" / "pyproject.toml").write_text('[project]\nname = "inner"\nversion = "1"\n', encoding="utf-8")
    (small.root / "docs" / "noxfile.py").write_text("import nox\n", encoding="utf-8")
    try:
        assert not small.ci(folder="docs").replayed
    finally:
        (small.root / "docs" / "pyproject.toml").unlink()
        (small.root / "docs" / "noxfile.py").unlink()


def test_a_result_that_grew_too_old_is_made_anew_each_time_it_does(small: Small) -> None:
    edit("config/pipeline.toml", "[stage.unit]\n", '[stage.unit]\nmax_age = "2s"\n')(small)
    try:
        for _ in range(2):
            for _ in range(60):
                done = small.ci()
                assert done.code == 0, done.out + done.err
                if not done.replayed and "unit" in ran(done):
                    break
            assert "unit" in ran(done), "it is never made anew"
    finally:
        edit("config/pipeline.toml", 'max_age = "2s"\n', "")(small)


def ran(done: Done) -> set[str]:
    """Return the tasks that ran."""
    tasks = done.document("run.json")["tasks"]
    return {task["name"] for task in tasks if task["decision"] == "ran"}


def test_the_next_reason_is_told_against_the_run_that_was_replayed(small: Small) -> None:
    """Not against the one before it."""
    small.environ["MODE"] = "slow"
    small.warmed()
    small.environ["MODE"] = "fast"
    small.ci()
    small.environ["MODE"] = "slow"
    assert small.ci().replayed
    try:
        edit("src/a.py", "", "# and more\n")(small)
        tasks = small.ci().document("run.json")["tasks"]
        assert [task["reasons"] for task in tasks if task["name"] == "unit"] == [["src/a.py changed"]]
    finally:
        del small.environ["MODE"]


def test_a_task_that_failed_since_with_nothing_changed_is_not_replayed(small: Small) -> None:
    small.warmed()
    state = small.root / ".noxline" / "state"
    newest = max((state / "warm").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    snapshot: Any = sealed.load(str(newest))
    made = {name: digest(components) for name, _, components, _ in snapshot["plan"]}
    sealed.save(str(state / "failed"), {made["after"]: "after"})
    assert "failed with nothing changed" in small.ci(command="plan").out
    done = small.ci()
    assert not done.replayed
    assert ran(done) == {"after"}
    assert sealed.load(str(state / "failed")) == {}
    assert small.warmed().left == small.expected()


def test_a_plan_is_not_replayed_past_a_task_that_has_nothing_to_do_for_now(small: Small) -> None:
    assert "@@" not in small.ci(command="plan").out
    small.warmed()
    done = small.ci(command="plan")
    assert done.replayed
    assert "@@" not in done.out
    assert [line.split()[-1] for line in done.out.splitlines() if line.split()[:1] == ["unit"]] == ["reuse"]


def test_a_folder_that_is_gone_is_told_as_the_ordinary_way_does(small: Small) -> None:
    gone = small.root / "gone"
    gone.mkdir()
    command = f"rmdir {gone} && exec {sys.executable} {LAUNCH} ci"
    done = subprocess.run(
        ["sh", "-c", command], cwd=gone, env=small.variables, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 2, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
@pytest.mark.parametrize("command", ["ci", "plan"])
def test_output_that_nobody_takes_changes_no_replay(small: Small, command: str) -> None:
    small.warmed()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(LAUNCH), command],
            cwd=small.root,
            env=small.variables,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "noxline: warning: the output cannot be written (No space left on device); the run goes on without it"
    ]
