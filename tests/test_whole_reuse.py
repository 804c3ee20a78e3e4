"""A small project through the whole of reuse: real nox, real environments, a store shared through a folder.

What `plan` says for certain is held against what the next `ci` does, each time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.inputs.test_index import git
from tests.nox_bridge.world import write_wheel

pytestmark = [pytest.mark.process, pytest.mark.timeout(560)]

NOXFILE = '''\
"""Sessions that tell what they know."""

import os
import pathlib
import time

import nox

LEVEL = os.environ.get("LEVEL", "")


def leave(name, text):
    pathlib.Path(os.environ["NOXLINE_OUTPUT"], name).write_text(text)


@nox.session
def unit(session):
    session.install("alpha")
    session.run("python", "tools/check.py")


@nox.session(venv_backend="none")
def docs(session):
    leave("page.txt", pathlib.Path("README.md").read_text().upper())


@nox.session(venv_backend="none", requires=["unit"])
def after(session):
    need = os.environ["NOXLINE_NEEDS"]
    leave("after.txt", pathlib.Path(need, "unit.txt").read_text())


@nox.session(venv_backend="none")
def spy(session):
    leave("environ.txt", "\\n".join(f"{name}={value}" for name, value in sorted(os.environ.items())))
    holders = {}
    end = time.monotonic() + 1.5
    while time.monotonic() < end:  # others end and begin meanwhile
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                holders[process.name] = "\\t".join(
                    [(process / name).read_bytes().replace(b"\\0", b" ").decode() for name in ("cmdline", "environ")]
                )
            except (OSError, UnicodeDecodeError):
                pass
    leave("processes.txt", "\\n".join(text.replace("\\n", " ") for text in holders.values()))
'''
CHECK = """\
import os, pathlib
import alpha
code = [row for row in pathlib.Path("src/a.py").read_text().splitlines() if not row.startswith("#")]
text = "\\n".join([alpha.VERSION, os.environ.get("MODE", ""), *code])
pathlib.Path(os.environ["NOXLINE_OUTPUT"], "unit.txt").write_text(text)
"""
SETTINGS = """\
standard = []
{more}
[stage.unit]
inputs = ["src", "tools"]
env = ["MODE"]
[stage.docs]
inputs = ["README.md"]
[stage.after]
inputs = ["tools"]
[stage.spy]
inputs = ["tools"]
"""
FILES: Mapping[str, str] = {
    "pyproject.toml": '[project]\nname = "small"\nversion = "1"\nrequires-python = ">=3.10"\n',
    "noxfile.py": NOXFILE,
    "tools/check.py": CHECK,
    "src/a.py": "a = 1\n",
    "README.md": "read me\n",
    "config/pipeline.toml": SETTINGS.format(more=""),
}
ALL = {"unit", "docs", "after", "spy"}


@dataclass
class Checkout:
    """One clone with a store of its own; `index` and perhaps a remote are shared with others."""

    home: Path
    index: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.home / "project"

    @property
    def environ(self) -> dict[str, str]:
        dropped = ("NOX", "UV_", "PIP_", "PYTEST", "COVERAGE_", "CI", "GITHUB_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        own = {"XDG_CACHE_HOME": str(self.home / "cache"), "UV_CACHE_DIR": str(self.index.parent / "uv")}
        return {**kept, **own, "UV_DEFAULT_INDEX": self.index.as_uri(), "UV_NO_CONFIG": "1", **self.variables}

    def noxline(self, *arguments: str) -> tuple[int, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "noxline", *arguments, "--json"],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def plan(self, *arguments: str) -> dict[str, str]:
        _, document = self.noxline("plan", *arguments)
        return {task["name"]: task["decision"] for task in document["tasks"]}

    def ci(self, *arguments: str) -> dict[str, Any]:
        """Run, and return the tasks by name; what `plan` said for certain has to be what is done."""
        foretold = self.plan()
        code, run = self.noxline("ci", *arguments)
        assert code == 0, run
        tasks = {task["name"]: {**task, "run": run} for task in run["tasks"]}
        done = {"reused": "reuse", "ran": "run", "skipped": "skip"}
        if not arguments:
            wrong = {
                name: (said, tasks[name]["decision"], tasks[name]["reasons"])
                for name, said in foretold.items()
                if said != "depends" and said != done[tasks[name]["decision"]]
            }
            assert not wrong
        return tasks

    def ran(self, *arguments: str) -> dict[str, list[str]]:
        return {name: task["reasons"] for name, task in self.ci(*arguments).items() if task["decision"] == "ran"}

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @property
    def environments(self) -> list[str]:
        return sorted(path.parent.name for path in (self.root / ".noxline" / "envs").rglob("pyvenv.cfg"))

    def left(self, task: Mapping[str, Any], name: str) -> str:
        run = self.root / ".noxline" / "runs" / task["run"]["run_id"]
        return (run / task["output"] / name).read_text(encoding="utf-8")


def checkout(home: Path, index: Path, **variables: str) -> Checkout:
    made = Checkout(home, index, dict(variables))
    for name, text in FILES.items():
        made.write(name, text)
    git(made.root, "init", "-q")
    git(made.root, "add", ".")
    git(made.root, "commit", "-qm", "first")
    return made


def clone(of: Checkout, home: Path, **variables: str) -> Checkout:
    home.mkdir()
    git(home, "clone", "-q", str(of.root), "project")
    return Checkout(home, of.index, dict(variables))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    place = tmp_path / "index"
    for seed in ("pip", "setuptools", "wheel"):
        write_wheel(place / seed, seed, "1.0")
    write_wheel(place / "alpha", "alpha", "1.0")
    return place


def test_every_edit_runs_what_it_touches_and_says_so(tmp_path: Path, index: Path) -> None:
    one = checkout(tmp_path / "one", index)
    assert one.ran() == {name: ["it never ran here"] for name in ALL}
    assert one.ran() == {}
    assert one.ran() == {}

    one.write("src/a.py", "# why\na = 1\n")
    assert one.ran() == {"unit": ["src/a.py changed"]}, "the output is the same: what needs it is reused"
    one.write("src/a.py", "a = 2\n")
    assert one.ran() == {"unit": ["src/a.py changed"], "after": ["the output of unit changed"]}
    one.write("src/a.py", "a = 1\n")
    assert one.ran() == {}, "an earlier state came back"

    one.write("README.md", "read me again\n")
    assert one.ran() == {"docs": ["README.md changed"]}
    one.variables["MODE"] = "fast"
    assert set(one.ran()) == {"unit", "after"}
    del one.variables["MODE"]
    assert one.ran() == {}
    one.variables["LEVEL"] = "2"
    assert one.ran() == {name: ["LEVEL, which the noxfile reads, changed"] for name in ALL}
    del one.variables["LEVEL"]
    assert one.ran() == {}

    one.write("config/pipeline.toml", SETTINGS.format(more="").replace('"README.md"', '"README.md", "src"'))
    reasons = one.ran()
    assert set(reasons) == {"docs"}
    assert "the settings of its inputs changed" in reasons["docs"]

    write_wheel(index / "alpha", "alpha", "2.0")
    assert one.ran() == {}, "what was resolved an hour ago still counts"
    reasons = one.ran("--refresh")
    assert set(reasons) == {"unit", "after"}
    assert reasons["unit"] == ["alpha 1.0 → 2.0"]
    assert one.ran() == {}

    one.write("noxfile.py", NOXFILE.replace('install("alpha")', 'install("alpha<2")'))
    reasons = one.ran()
    assert set(reasons) == ALL
    assert all("noxfile.py changed" in told for told in reasons.values())
    assert one.ran() == {}


def keys(place: Checkout, *arguments: str) -> tuple[str, str]:
    _, made = place.noxline("cache", "keygen", *arguments)
    return made["signing_key"], made["key"]


def test_a_second_clone_reuses_everything_and_a_pull_request_is_kept_apart(tmp_path: Path, index: Path) -> None:
    main = checkout(tmp_path / "main", index)
    (secret, public), (theirs, listed) = keys(main), keys(main, "--pull-requests")
    remote = (tmp_path / "remote").as_uri()
    cache = f'[cache]\nremote = "{remote}"\nkeys = ["{public}", "{listed}"]\n'
    main.write("config/pipeline.toml", SETTINGS.format(more=cache))
    git(main.root, "commit", "-qam", "share")
    main.variables["NOXLINE_CACHE_SIGNING_KEY"] = secret
    first = main.ci()
    assert {name for name, task in first.items() if task["decision"] == "ran"} == ALL
    seen = main.left(first["spy"], "environ.txt")
    assert secret not in seen
    assert "NOXLINE_CACHE_" not in seen
    # Here root may read everything. Of noxline's processes only the main one has the key, and hides it from others.
    holders = [line for line in main.left(first["spy"], "processes.txt").splitlines() if secret in line]
    assert [line for line in holders if "-m noxline ci" not in line.partition("\t")[0]] == []

    other = clone(main, tmp_path / "other")
    taken = other.ci()
    assert {task["source"] for task in taken.values()} == {"remote"}
    assert other.environments == []
    assert other.left(taken["unit"], "unit.txt") == "1.0\n\na = 1"
    assert {task["source"] for task in other.ci().values()} == {"local"}

    pull = clone(main, tmp_path / "pull", NOXLINE_CACHE_SIGNING_KEY=theirs, NOXLINE_CACHE_SCOPE="pr-1")
    assert pull.ran() == {}, "a pull request reads what is trusted"
    pull.write("src/a.py", "a = 3\n")
    git(pull.root, "commit", "-qam", "change")
    assert set(pull.ran()) == {"unit", "after"}
    again = clone(pull, tmp_path / "again", NOXLINE_CACHE_SIGNING_KEY=theirs, NOXLINE_CACHE_SCOPE="pr-1")
    assert again.ran() == {}, "and what itself wrote"

    merged = clone(pull, tmp_path / "merged", NOXLINE_CACHE_SIGNING_KEY=secret)
    assert set(merged.ran()) == {"unit", "after"}, "what a pull request wrote is never trusted"
    assert set(clone(pull, tmp_path / "reader").ci()) == ALL


def test_plan_asks_the_remote_store_too(tmp_path: Path, index: Path) -> None:
    """A replay of the plan knows nothing of results that others made meanwhile."""
    main = checkout(tmp_path / "main", index)
    secret, public = keys(main)
    cache = f'[cache]\nremote = "{(tmp_path / "remote").as_uri()}"\nkeys = ["{public}"]\n'
    main.write("config/pipeline.toml", SETTINGS.format(more=cache))
    git(main.root, "commit", "-qam", "share")
    main.variables["NOXLINE_CACHE_SIGNING_KEY"] = secret
    main.ci()
    other = clone(main, tmp_path / "other")
    for _ in range(3):
        plain(other, "ci")
    for place in (main, other):
        place.write("README.md", "read me once more\n")
    main.ci()
    said = [line.split() for line in plain(other, "plan").splitlines() if line.split()[:1] == ["docs"]]
    assert said[-1][-1] == "reuse"
    assert other.ran() == {}


def plain(place: Checkout, *arguments: str) -> str:
    """Run a command as people do, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "noxline", *arguments],
        cwd=place.root,
        env=place.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
