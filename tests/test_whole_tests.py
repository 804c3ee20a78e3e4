"""A suite in shards through the whole of noxline: two clones with one remote store, real nox and real pytest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.inputs.test_index import git

pytestmark = [pytest.mark.process, pytest.mark.timeout(560)]

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
PYPROJECT = f"""\
[project]
name = "shaky"
version = "1"
requires-python = ">={PYTHON}"

[dependency-groups]
test = ["pytest"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
"""
# Tests that fail as often as a file outside of the project says: nothing of it is in any fingerprint.
LUCK = '''\
"""Bad luck, as somebody else deals it."""

import pathlib

PLACE = pathlib.Path({place!r})


def unlucky(name):
    path = PLACE / name
    left = int(path.read_text()) if path.exists() else 0
    path.write_text(str(left - 1))
    return left > 0
'''
FAST = """\
import pytest, shaky
@pytest.mark.parametrize("n", range(9))
def test_fast(n): assert shaky.same(n) == n
"""
SLOW = """\
import pytest, time
@pytest.mark.parametrize("n", range(3))
def test_slow(n): time.sleep(0.5 * (n != 1))
"""
CHANCE = "from luck import unlucky\ndef test_chance(): assert not unlucky('chance')\ndef test_fine(): pass\n"
SETTINGS = f'python = ["{PYTHON}"]\nstandard = ["tests", "coverage"]\n[stage.tests]\nshards = 2\n'


@dataclass
class Clone:
    """One clone with a store of its own."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.home / "project"

    def noxline(self, *arguments: str) -> tuple[int, Any]:
        dropped = ("NOX", "PYTEST", "COVERAGE_", "CI", "GITHUB_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        done = subprocess.run(
            [sys.executable, "-m", "noxline", *arguments, "--json"],
            cwd=self.root,
            env={**kept, "XDG_CACHE_HOME": str(self.home / "cache"), **_uv_cache(kept), **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def run(self, *arguments: str, code: int = 0) -> Ran:
        """Run the tests."""
        ended, document = self.noxline("run", "tests", "coverage", *arguments)
        assert ended == code, document
        return Ran(document, self.root)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _uv_cache(environ: Mapping[str, str]) -> dict[str, str]:
    """Return where uv keeps its downloads anyway, whatever our own store is."""
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return {"UV_CACHE_DIR": environ.get("UV_CACHE_DIR", f"{home}/uv")}


@dataclass
class Ran:
    """What one run left."""

    document: dict[str, Any]
    root: Path

    @property
    def decisions(self) -> dict[str, str]:
        return {task["name"]: task["decision"] for task in self.document["tasks"]}

    @property
    def sources(self) -> set[str]:
        return {task["source"] for task in self.document["tasks"]}

    @property
    def reasons(self) -> str:
        return " ".join(reason for task in self.document["tasks"] for reason in task["reasons"])

    @property
    def folder(self) -> Path:
        return self.root / ".noxline" / "runs" / self.document["run_id"]

    def value(self, metric: str) -> float:
        return float(self.document["metrics"][metric]["value"])

    def orders(self) -> list[list[str]]:
        """Return the tests of each shard in their order, by name alone."""
        tasks = [task for task in self.document["tasks"] if task["shard"]]
        return [_tests(self.folder / task["output"]) for task in sorted(tasks, key=lambda task: task["shard"])]

    def shards(self) -> list[set[str]]:
        """Return the tests of each shard."""
        return [set(names) for names in self.orders()]


def _tests(output: Path) -> list[str]:
    lines = [line for path in output.glob("tests/*.jsonl") for line in path.read_text().splitlines()]
    events = [json.loads(line) for line in lines if line.endswith("}")]  # of a killed process the last one may be torn
    return [event["id"].rpartition("::")[2] for event in events if event["event"] == "test"]


@pytest.fixture
def luck(tmp_path: Path) -> Path:
    (tmp_path / "luck").mkdir()
    return tmp_path / "luck"


@pytest.fixture
def first(tmp_path: Path, luck: Path) -> Clone:
    """Return a clone that shares what it makes."""
    made = Clone(tmp_path / "first")
    files = {"tests/test_fast.py": FAST, "tests/test_slow.py": SLOW, "tests/test_chance.py": CHANCE}
    more = {"shaky.py": "def same(x):\n    return x\n", "luck.py": LUCK.format(place=str(luck))}
    for name, text in {"pyproject.toml": PYPROJECT, **files, **more}.items():
        made.write(name, text)
    made.write("config/pipeline.toml", SETTINGS)
    _, keys = made.noxline("cache", "keygen")
    cache = f'[cache]\nremote = "{(tmp_path / "remote").as_uri()}"\nkeys = ["{keys["key"]}"]\n'
    made.write("config/pipeline.toml", f"{SETTINGS}{cache}")
    made.variables["NOXLINE_CACHE_SIGNING_KEY"] = keys["signing_key"]
    git(made.root, "init", "-q")
    git(made.root, "add", ".")
    git(made.root, "commit", "-qm", "first")
    return made


def clone(of: Clone, home: Path) -> Clone:
    home.mkdir()
    git(home, "clone", "-q", str(of.root), "project")
    return Clone(home, dict(of.variables))


def test_a_shard_that_is_reused_keeps_its_split_from_being_replaced(first: Clone, luck: Path) -> None:
    (luck / "chance").write_text("1")
    ran = first.run()
    beside = first.run("--force", f"tests-{PYTHON}#2/2")
    assert beside.shards() == ran.shards(), "though a fresh split would be worth it"
    assert "flaky tests of its stored result run again" in beside.reasons
    anew = first.run("--force", "tests")
    assert anew.shards() != ran.shards()
    for one in (ran, beside, anew):
        assert 'tests="14" failures="0"' in (one.folder / "junit.xml").read_text()
        assert sorted(name for shard in one.shards() for name in shard) == sorted(set().union(*ran.shards()))
        assert one.value("tests.passed") == 14
    assert set(first.run().decisions.values()) == {"reused"}, "the newest results are those of the newest split"


def test_all_tests_run_when_that_is_asked_for(first: Clone) -> None:
    first.run()
    assert set(first.run().decisions.values()) == {"reused"}
    anew = first.run("--all-tests")
    shards = {name: decision for name, decision in anew.decisions.items() if "#" in name}
    assert set(shards.values()) == {"ran"}
    assert anew.reasons.split().count("--all-tests") == len(shards)
    assert anew.value("tests.passed") == 14


def test_a_flaky_test_of_a_reused_result_that_is_broken_now_fails_the_task(first: Clone, luck: Path) -> None:
    (luck / "chance").write_text("1")
    first.run()
    _, plan = first.noxline("plan", "--only", "coverage")
    said = [task["decision"] for task in plan["tasks"] if task["stage"] == "tests"]
    assert sorted(said) == ["reuse", "run"]
    (luck / "chance").write_text("1")
    assert first.run().value("tests.flaky") == 1, "it failed, and passed alone"
    (luck / "chance").write_text("9")
    broken = first.run(code=1)
    assert (broken.value("tests.failed"), broken.value("tests.flaky")) == (1, 0)
    _, known = first.noxline("flaky")
    assert [(test["runs"], test["failures"]) for test in known["tests"]] == [(3, 3)]
    (luck / "chance").write_text("0")
    assert first.run().value("tests.flaky") == 1


def test_a_second_clone_reuses_shards_and_is_balanced_and_knows_what_is_flaky(
    first: Clone, luck: Path, tmp_path: Path
) -> None:
    (luck / "chance").write_text("1")
    ran = first.run()
    assert (ran.value("tests.passed"), ran.value("tests.flaky")) == (14, 1)

    second = clone(first, tmp_path / "second")
    taken = second.run()
    assert taken.shards() == ran.shards()
    by_task = {task["name"]: (task["decision"], task["source"]) for task in taken.document["tasks"]}
    shaky = next(name for name, how in by_task.items() if how[0] == "ran")
    assert sorted(how for name, how in by_task.items() if name != shaky) == [("reused", "remote")] * 2
    assert "flaky tests of its stored result run again: tests/test_chance.py::test_chance" in taken.reasons
    assert (taken.value("tests.passed"), taken.value("tests.flaky")) == (14, 1)
    assert taken.value("coverage.line_percent") == ran.value("coverage.line_percent") == 100
    _, known = second.noxline("flaky")
    assert [(test["id"], test["runs"], test["failures"]) for test in known["tests"]] == [
        ("tests/test_chance.py::test_chance", 2, 1)
    ]

    second.write("shaky.py", "def same(x):\n    return x + 0\n")
    balanced = second.run()
    assert set(balanced.decisions.values()) == {"ran"}
    together = [{"test_slow[0]", "test_slow[2]"} <= shard for shard in (*ran.shards(), *balanced.shards())]
    assert together == [False, True, False, False], (
        "the first split knew no durations; the next knows those of the first"
    )

    third = clone(first, tmp_path / "third")
    third.write("shaky.py", "def same(x):\n    return x + 0\n")
    shutil.rmtree(luck)  # a run of a test of chance would fail now
    assert third.run().shards() == balanced.shards()


LATE = "import time\ndef test_first(): pass\n" + "".join(f"def test_{n}(): time.sleep(1)\n" for n in range(240))
WRONG = "def test_early(): pass\ndef test_wrong(): assert False\n"


def test_fail_fast_stops_all_shards_and_what_failed_comes_first_next_time(first: Clone) -> None:
    for path in (first.root / "tests").iterdir():
        path.unlink()
    first.write("tests/test_a.py", WRONG)
    first.write("tests/test_late.py", LATE)
    first.write("config/pipeline.toml", f"{SETTINGS}[tests]\nretries = 1\n")
    stopped = first.run("--fail-fast", code=1)
    by_shard = {task["shard"][0]: task for task in stopped.document["tasks"] if task["shard"]}
    wrong = next(number for number, names in enumerate(stopped.shards(), start=1) if "test_wrong" in names)
    assert by_shard[wrong]["status"] == "failed"
    assert by_shard[3 - wrong]["status"] == "cancelled"
    assert "--fail-fast was given" in json.dumps(by_shard[3 - wrong])
    assert sum(map(len, stopped.shards())) < 200, "the other shard was stopped in the middle"
    again = first.run("--fail-fast", code=1)
    ran = next(names for names in again.orders() if "test_wrong" in names)
    assert ran == ["test_wrong"], "and it stops at once"
