"""What a session installs is noted, resolved again without an environment, and an outdated environment made anew."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from noxline.inputs.environment import differences, known_set
from noxline.nox_bridge.installs import installs_of
from noxline.nox_bridge.resolve import Resolution, record_after, resolve_again
from noxline.nox_bridge.wanted import want
from tests.nox_bridge.world import World

pytestmark = pytest.mark.process

SEEDS = {"pip": "1.0", "setuptools": "1.0", "wheel": "1.0"}
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HEADER = f"import nox, sys\n@nox.session(venv_backend='uv', python='{PYTHON}')\ndef t(s):\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.release("alpha", "1.0", "beta")
    world.release("beta", "1.0")
    world.release("gamma", "1.0")
    return world


def noxfile(world: World, *lines: str) -> None:
    world.write("noxfile.py", HEADER + "".join(f"    {line}\n" for line in lines))


def again(world: World, record: dict[str, Any], **options: Any) -> Resolution:
    return resolve_again(
        record,
        interpreter=Path(sys.executable),
        root=world.root,
        environ=world.outer_environ(),
        now=time.time(),
        **options,
    )


def first_record(world: World) -> dict[str, Any]:
    world.prepare()
    return record_after(world.environment(), world.root, None)


def without_seeds(record: dict[str, Any]) -> dict[str, str]:
    return {name: version for name, version in record["set"].items() if name not in SEEDS}


def check(world: World, expected: dict[str, str]) -> dict[str, Any]:
    """Prepare, and see that what is there is also what the note of it resolves to."""
    record = first_record(world)
    assert without_seeds(record) == expected
    resolution = again(world, record)
    assert resolution.warning == ""
    assert resolution.record["set"] == record["set"]
    assert resolution.record["differs"] == {}
    return record


def test_a_new_release_is_named_and_the_environment_made_anew(world: World) -> None:
    noxfile(world, "s.install('alpha')", "s.run('python', '-c', 'import beta; print(beta.VERSION)')")
    record = check(world, {"alpha": "1.0", "beta": "1.0"})
    assert record["set"].items() >= {"pip": "1.0"}.items()
    assert known_set(record, now=time.time()) == record["set"]

    world.release("beta", "1.1")
    resolution = again(world, record, refresh=True)
    assert differences(record["set"], resolution.record["set"]) == ["beta 1.0 → 1.1"]

    want(world.environment(), resolution.record["set"])
    assert "does not hold what is current" in world.prepare()
    after = record_after(world.environment(), world.root, resolution.record)
    assert after == resolution.record
    assert "1.1" in world.run()
    assert "making it anew" not in world.prepare()


def test_a_new_environment_keeps_to_what_was_resolved_before(world: World) -> None:
    noxfile(world, "s.install('alpha')")
    record = first_record(world)
    world.release("beta", "1.1")
    want(world.environment(), record["set"])
    (world.environment() / "pyvenv.cfg").unlink()

    world.prepare()

    assert record_after(world.environment(), world.root, record) == record


def test_versions_that_cannot_be_kept_break_nothing_and_are_settled_for_once(world: World) -> None:
    noxfile(world, "s.install('alpha', 'beta>1')")
    world.release("beta", "1.1")
    expected = {**SEEDS, "alpha": "1.0", "beta": "1.0"}
    want(world.environment(), expected)

    assert "cannot be installed together" in world.prepare()
    assert world.holds() == {"alpha": "1.0", "beta": "1.1"}
    assert "making it anew" not in world.prepare()


def test_several_installations_see_what_came_before(world: World) -> None:
    world.release("beta", "0.9")
    noxfile(world, "s.install('beta<1')", "s.install('alpha')", "s.install('gamma', '--no-deps')")
    check(world, {"alpha": "1.0", "beta": "0.9", "gamma": "1.0"})


def test_a_later_pin_that_takes_back_is_foreseen(world: World) -> None:
    world.release("beta", "2.0")
    noxfile(world, "s.install('alpha')", "s.install('beta==1.0')")
    check(world, {"alpha": "1.0", "beta": "1.0"})


def test_the_project_and_its_members_bring_their_requirements_and_are_left_out(world: World) -> None:
    world.project(
        """\
        [project]
        name = "proj"
        version = "1"
        dependencies = ["alpha", "mem"]
        [project.optional-dependencies]
        x = ["gamma"]
        [dependency-groups]
        dev = ["delta"]
        [tool.uv.sources]
        mem = { path = "mem" }
        """
    )
    world.project('[project]\nname = "mem"\nversion = "1"\ndependencies = ["eps"]\n', "mem")
    world.release("delta", "3")
    world.release("eps", "4")
    noxfile(world, "s.install('-e', '.[x]', '--group', 'dev')")
    record = check(world, {"alpha": "1.0", "beta": "1.0", "gamma": "1.0", "delta": "3", "eps": "4"})

    world.write("mem/pyproject.toml", (world.root / "mem/pyproject.toml").read_text().replace("eps", "gamma"))
    changed = again(world, record).record
    assert differences(record["set"], changed["set"]) == ["eps removed"]


def test_requirements_that_a_backend_computes_are_asked_for_anew(world: World) -> None:
    world.project('[project]\nname = "proj"\nversion = "1"\ndynamic = ["dependencies"]\n')
    world.write("needs.txt", "alpha")
    noxfile(world, "s.install('-e', '.')")
    record = check(world, {"alpha": "1.0", "beta": "1.0"})

    world.write("needs.txt", "beta")

    changed = again(world, record).record
    assert differences(record["set"], changed["set"]) == ["alpha removed"]


@pytest.mark.parametrize("form", ["s.install('.')", "s.install('./')", "s.run_install('uv', 'pip', 'install', '.')"])
def test_a_copy_of_the_project_is_left_out_too(world: World, form: str) -> None:
    world.project('[project]\nname = "proj"\nversion = "1"\ndependencies = ["alpha"]\n')
    noxfile(world, form)
    check(world, {"alpha": "1.0", "beta": "1.0"})


def test_requirement_files_count_with_what_they_include(world: World) -> None:
    world.write("requirements/dev.txt", "-r base.txt\ngamma\n")
    world.write("requirements/base.txt", "alpha\n")
    world.write("limits.txt", "beta<1\n")
    world.release("beta", "0.9")
    noxfile(world, "s.install('-r', 'requirements/dev.txt', '-c', 'limits.txt')")
    record = check(world, {"alpha": "1.0", "beta": "0.9", "gamma": "1.0"})
    assert sorted(record["files"]) == ["limits.txt", "requirements/base.txt", "requirements/dev.txt"]

    world.write("requirements/base.txt", "beta\n")
    changed = again(world, record).record
    assert differences(record["set"], changed["set"]) == ["alpha removed"]
    assert differences(record["files"], changed["files"])[0].startswith("requirements/base.txt ")


def test_a_file_that_the_session_made_is_kept_by_content(world: World) -> None:
    noxfile(
        world,
        "import pathlib",
        "made = pathlib.Path(s.create_tmp()) / 'made.txt'",
        "made.write_text('gamma\\n')",
        "s.install('-r', str(made))",
    )
    record = check(world, {"gamma": "1.0"})
    assert record["installs"]["steps"][0]["args"] == ["-r", "<file 0>"]
    assert str(world.home) not in str(record["installs"])


def test_wheels_of_the_project_count_by_content(world: World) -> None:
    (world.root / "vendor").mkdir()
    wheel = world.release("beta", "7")
    wheel.rename(world.root / "vendor" / wheel.name)
    noxfile(world, f"s.install('vendor/{wheel.name}')")
    record = first_record(world)
    assert record["set"]["beta"].startswith("@ vendor/beta-7-py3-none-any.whl sha256:")
    assert again(world, record).record["set"] == record["set"]


def test_what_fails_and_is_caught_does_not_count(world: World) -> None:
    noxfile(world, "try:", "    s.install('nothing-of-this-name')", "except Exception:", "    s.install('gamma')")
    check(world, {"gamma": "1.0"})


def test_pips_own_installations_are_foreseen(world: World) -> None:
    world.write("noxfile.py", HEADER.replace("'uv'", "'virtualenv'") + "    s.install('alpha')\n")
    record = first_record(world)
    assert record["installs"]["steps"][0]["tool"] == "pip"
    assert record["installs"]["seeds"]["pip"] == record["set"]["pip"] != "1.0"
    resolution = again(world, record)
    assert resolution.warning == ""
    assert resolution.record["set"] == record["set"]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("s.run_install('uv', 'pip', 'sync', 'lock.txt')", "uv pip sync"),
        ("s.install('gamma', '--exact')", "--exact"),
        ("s.install('../lib')", "from outside the project"),
    ],
)
def test_what_only_installing_tells_is_said(world: World, line: str, cause: str) -> None:
    world.write("lock.txt", "gamma==1.0\n")
    world.project('[project]\nname = "lib"\nversion = "1"\n', "../lib")
    noxfile(world, line)
    record = first_record(world)
    assert cause in record["obstacle"]
    assert known_set(record, now=time.time()) is None
    assert cause in again(world, record).warning


def test_a_session_that_installs_nothing_says_so(world: World) -> None:
    noxfile(world, "s.run('python', '-c', '1')")
    check(world, {})
    installs = installs_of(world.environment())
    assert installs is not None
    assert installs.steps == ()


def test_running_without_installing_notes_nothing_new(world: World) -> None:
    noxfile(world, "s.install('alpha')", "s.run('python', '-c', '1')")
    world.prepare()
    before = installs_of(world.environment())
    world.run()
    assert installs_of(world.environment()) == before


def test_what_a_session_installs_as_it_runs_is_added(world: World) -> None:
    noxfile(
        world,
        "s.install('alpha')",
        "s.run('python', '-m', 'pip', '--version')",
        "s.run('uv', 'pip', 'install', 'gamma')",
    )
    world.prepare()
    for _ in range(2):
        world.run()
    installs = installs_of(world.environment())
    assert installs is not None
    assert [step.args for step in installs.steps] == [("alpha",), ("gamma",)]


def test_a_session_that_fails_leaves_no_note(world: World) -> None:
    noxfile(world, "s.install('alpha')", "s.error('no')")
    with pytest.raises(AssertionError, match="no"):
        world.prepare()
    assert installs_of(world.environment()) is None


def test_installing_and_running_in_one_process_is_noted_and_brought_up_to_date(world: World) -> None:
    noxfile(world, "s.install('alpha')", "s.run('python', '-c', 'import beta; print(beta.VERSION)')")
    world.run(install=True)
    record = record_after(world.environment(), world.root, None)
    world.release("beta", "1.1")
    current = again(world, record).record
    want(world.environment(), current["set"])

    world.run(install=True)

    assert record_after(world.environment(), world.root, current) == current


def test_the_coverage_that_noxline_adds_is_foreseen(world: World) -> None:
    world.release("coverage", "7.0", "beta")
    noxfile(world, "s.install('gamma')")
    for _ in range(2):
        world.prepare(coverage=True)
        record = record_after(world.environment(), world.root, None)
        assert without_seeds(record) == {"gamma": "1.0"} | ({"coverage": "7.0"})
        assert again(world, record).record["set"] == record["set"]


def test_an_index_that_is_gone_costs_a_warning(world: World) -> None:
    noxfile(world, "s.install('alpha')")
    record = first_record(world)
    (world.index / "beta" / "index.html").write_text("<!DOCTYPE html><html><body></body></html>")

    resolution = again(world, record, offline=True)

    assert resolution.record == record
    assert "beta" in resolution.warning
    assert "\n" not in resolution.warning
