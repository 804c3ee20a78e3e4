"""What sessions install is noted as it happens, whatever way they take."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from noxline.inputs.environment import differences, known_set, set_of_real
from noxline.nox_bridge.distributions import real_set
from noxline.nox_bridge.installs import installs_of
from noxline.nox_bridge.resolve import files_of, record_after
from noxline.nox_bridge.wanted import renew, want
from tests.nox_bridge.test_resolve import again, check, first_record, noxfile, without_seeds
from tests.nox_bridge.world import World

pytestmark = pytest.mark.process


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.release("beta", "1.0")
    world.release("gamma", "1.0")
    return world


def git(folder: Path, *words: str) -> str:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@e.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a"}
    command = ["git", "-C", str(folder), "-c", "init.defaultBranch=main", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **who}).stdout.strip()


def test_a_new_commit_of_one_version_is_a_change(world: World) -> None:
    world.project('[project]\nname = "lib"\nversion = "1"\n', "../lib")
    lib = world.home / "lib"
    git(lib, "init", "-q")
    git(lib, "add", ".")
    git(lib, "commit", "-qm", "one")
    noxfile(world, f"s.install('lib @ git+{lib.as_uri()}@main')")
    record = first_record(world)
    assert record["set"]["lib"].endswith(f"@{git(lib, 'rev-parse', 'HEAD')}")
    assert again(world, record).record["set"] == record["set"]

    git(lib, "commit", "-qm", "two", "--allow-empty")

    changed = again(world, record)
    assert changed.record["set"]["lib"].endswith(f"@{git(lib, 'rev-parse', 'HEAD')}"), changed.warning
    want(world.environment(), changed.record["set"])
    world.prepare()
    assert record_after(world.environment(), world.root, changed.record) == changed.record


def test_only_the_alternative_that_could_be_installed_counts(world: World) -> None:
    noxfile(
        world,
        "from noxline.sessions.install import Wanted, install_first",
        "from noxline.settings.facts import Install, Origin",
        "def source(kind, *args): return (Install(kind=kind, args=args, origin=Origin(file='x')),)",
        "install_first(s, [source('pins', 'gamma==9'), source('pins', 'gamma==1.0')], wanted=Wanted(also=('beta',)))",
    )
    record = check(world, {"beta": "1.0", "gamma": "1.0"})
    steps = record["installs"]["steps"]
    assert [(step["args"], step["files"]) for step in steps] == [(["-r", "<file 0>", "beta"], ["gamma==1.0\n"])]
    assert steps[0]["environ"] == {}


def test_variables_that_the_session_sets_are_used_again(world: World) -> None:
    world.release("beta", "2.0")
    world.write("limits.txt", "beta<2\n")
    noxfile(world, "s.install('beta', env={'UV_CONSTRAINT': 'limits.txt'})")
    check(world, {"beta": "1.0"})


def test_a_session_that_cannot_be_prepared_alone_is_noted_when_it_runs(world: World) -> None:
    noxfile(
        world,
        "s.run('python', '-c', 'open(\"made.txt\", \"w\").write(\"gamma\")')",
        "s.install('-r', 'made.txt')",
    )
    assert "cannot be prepared alone" in world.prepare()
    assert installs_of(world.environment()) is None
    world.run()
    record = record_after(world.environment(), world.root, None)
    assert without_seeds(record) == {"gamma": "1.0"}
    assert again(world, record).record["set"] == record["set"]


def test_another_list_of_installations_makes_a_new_record(world: World) -> None:
    noxfile(world, "s.install('beta')")
    record = first_record(world)
    noxfile(world, "s.install('beta', 'gamma')")
    world.prepare()
    after = record_after(world.environment(), world.root, record)
    assert differences(record["set"], after["set"]) == ["gamma added"]
    assert after["time"] == record["time"]  # as old as the environment: beta may be outdated


def test_an_interpreter_of_another_version_is_a_reason_to_make_it_anew(world: World) -> None:
    noxfile(world, "s.install('beta')")
    record = first_record(world)
    want(world.environment(), record["set"], python="cpython {}.{}.{}".format(*sys.version_info[:3]))
    assert "making it anew" not in world.prepare()
    want(world.environment(), record["set"], python="cpython 3.0.1")
    assert "making it anew" in world.prepare()
    assert "making it anew" not in world.prepare()  # there is none: settled for


def test_what_cannot_be_resolved_ahead_is_renewed(world: World) -> None:
    world.write("lock.txt", "gamma\n")
    noxfile(world, "s.run_install('uv', 'pip', 'sync', 'lock.txt')")
    record = first_record(world)
    now = time.time()
    assert known_set(record, now=now) is None
    real = real_set(world.environment(), world.root)
    assert set_of_real(record, real, now=now, files=files_of(record, world.root)) == real

    renew(world.environment())

    assert "making it anew" in world.prepare()
    after = record_after(world.environment(), world.root, record)
    assert after["time"] > record["time"]
    assert "making it anew" not in world.prepare()
