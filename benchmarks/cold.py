#!/usr/bin/env python3
"""Measure a cold `noxline ci` against what no engine could beat, and against `nox -j` over the same sessions.

    python benchmarks/cold.py [--seconds 20] [--sleep 0] [--shards 2] [--only STAGE,...] [--rounds 1] [--json]

It makes a project with three Pythons (3.10, 3.11, 3.12) and a test suite that takes `--seconds` on each of them, of
which the share `--sleep` waits and the rest computes (by CPU time: a slower machine computes as long). Then, each time
with fresh environments and nothing kept of an earlier run:

1. `noxline ci --json`, with the tests in `--shards` shards. From its run.json: the critical path (the longest chain of
   needs by seconds), and the CPU seconds of all tasks divided by the cores. The larger is the bound that no order of
   these tasks can beat; printed is wall time / bound.
2. `nox -j CORES` over the very sessions that noxline ran, from noxline's own noxfile. Printed is noxline / nox.

Downloads are not measured: an untimed `nox --install-only` fills uv's download cache first (`--no-warm` leaves it out).
Nothing else should run on the machine. The figures are for people to read: no test asserts them.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PYTHONS = ("3.10", "3.11", "3.12")
AT_MOST_BOUND, AT_MOST_NOX = 1.15, 0.90
FINE = (0, 3, 4)  # the gates' verdict is not measured here

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "cold-demo"
version = "1.0"
requires-python = ">=3.10"
classifiers = [{classifiers}]

[dependency-groups]
test = ["pytest"]

[tool.pytest.ini_options]
testpaths = ["tests"]
"""

PIPELINE = """\
python = [{pythons}]

[stage.tests]
shards = {shards}
"""

MODULES = {
    "__init__.py": '"""A package to be tested."""\n',
    "primes.py": '''\
"""Prime numbers, found the slow way."""


def is_prime(number: int) -> bool:
    """Tell whether a number is prime."""
    if number < 2:
        return False
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def primes_below(bound: int) -> list[int]:
    """Return the primes below a bound."""
    return [number for number in range(bound) if is_prime(number)]
''',
    "words.py": '''\
"""Counting words."""


def counted(text: str) -> dict[str, int]:
    """Return how often each word stands in a text."""
    counts: dict[str, int] = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts
''',
    "work.py": '''\
"""Computing and waiting for a given time."""

import time

from cold_demo.primes import primes_below
from cold_demo.words import counted


def compute(seconds: float) -> int:
    """Compute until so much CPU time is used; return how many rounds that were."""
    end = time.process_time() + seconds
    rounds = 0
    while time.process_time() < end:
        primes_below(500)
        counted("the quick brown fox jumps over the lazy dog")
        rounds += 1
    return rounds


def wait(seconds: float) -> float:
    """Sleep; return the seconds that went by."""
    start = time.monotonic()
    time.sleep(seconds)
    return time.monotonic() - start
''',
}

TEST_FILE = """\
import pytest

from cold_demo.primes import is_prime
from cold_demo.work import compute, wait


@pytest.mark.parametrize("seconds", {computing})
def test_compute(seconds):
    assert compute(seconds) > 0


@pytest.mark.parametrize("seconds", {waiting})
def test_wait(seconds):
    assert wait(seconds) >= seconds * 0.9


def test_is_prime():
    assert [n for n in range(-1, 12) if is_prime(n)] == [2, 3, 5, 7, 11]
"""
SHARES = (1, 2, 3, 1, 5, 2, 1, 4, 1, 2)  # tests differ in length, as they do
TEST_FILES = 5


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one round measured, in seconds."""

    noxline: float
    critical_path: float
    cpu_per_core: float
    nox: float
    cores: int
    tasks: int
    load: float  # the machine's load average before: on a busy one the figures say nothing

    @property
    def bound(self) -> float:
        """Return the time that no order of the tasks can beat."""
        return max(self.critical_path, self.cpu_per_core)

    @property
    def over_bound(self) -> float:
        """Return noxline's time as a multiple of the bound."""
        return self.noxline / self.bound

    @property
    def over_nox(self) -> float:
        """Return noxline's time as a multiple of nox's."""
        return self.noxline / self.nox


def make_project(root: Path, *, seconds: float, sleep: float, shards: int) -> None:
    """Write the project, its suite and noxline's settings, as a git repository with one commit."""
    classifiers = ", ".join(f'"Programming Language :: Python :: {python}"' for python in PYTHONS)
    pipeline = PIPELINE.format(pythons=", ".join(f'"{python}"' for python in PYTHONS), shards=shards)
    files = {f"src/cold_demo/{name}": text for name, text in MODULES.items()}
    files |= {"pyproject.toml": PYPROJECT.format(classifiers=classifiers), "config/pipeline.toml": pipeline}
    for number in range(TEST_FILES):
        text = TEST_FILE.format(
            computing=_split(seconds * (1 - sleep) / TEST_FILES), waiting=_split(seconds * sleep / TEST_FILES)
        )
        files[f"tests/test_part_{number}.py"] = text
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    identity = ("-c", "user.name=cold", "-c", "user.email=cold@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-q", "-m", "Demo")):
        subprocess.run(["git", "-C", str(root), *command], check=True)


def _split(seconds: float) -> list[float]:
    return [round(seconds * share / sum(SHARES), 4) for share in SHARES] if seconds > 0 else []


def environment(work: Path) -> dict[str, str]:
    """Return this environment with an empty result cache; downloads stay where they are."""
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    downloads = {"UV_CACHE_DIR": str(user / "uv"), "PIP_CACHE_DIR": str(user / "pip")}
    own = {name: value for name, value in os.environ.items() if not name.startswith("NOXLINE_")}
    own.pop("PYTHONDONTWRITEBYTECODE", None)  # it would make every start of Python slow, for both
    return {**downloads, **own, "XDG_CACHE_HOME": str(work / "cache")}


def timed(command: Sequence[str], root: Path, env: Mapping[str, str]) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Run a command in a project; return its wall time and what it printed."""
    start = time.monotonic()
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    return time.monotonic() - start, done


def run_noxline(command: list[str], only: str, root: Path, env: Mapping[str, str]) -> tuple[float, dict[str, Any]]:
    """Run the whole pipeline; return the wall time and run.json."""
    stages = ["--only", only] if only else []
    seconds, done = timed([*command, "ci", "--json", *stages], root, env)
    if done.returncode not in FINE:
        sys.exit(f"noxline ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return seconds, json.loads(done.stdout)


def critical_path(tasks: Sequence[Mapping[str, Any]]) -> float:
    """Return the longest chain of needs by the seconds that the tasks took.

    >>> critical_path([{"name": "a", "seconds": 2, "needs": []}, {"name": "b", "seconds": 3, "needs": ["a"]}])
    5
    """
    by_name = {task["name"]: task for task in tasks}
    ends: dict[str, float] = {}

    def end(name: str) -> float:
        if name not in ends:
            task = by_name[name]
            ends[name] = task["seconds"] + max((end(n) for n in task["needs"] if n in by_name), default=0)
        return ends[name]

    return max(map(end, by_name), default=0)


def nox_command(root: Path, sessions: Sequence[str], cores: int) -> list[str]:
    """Return the command that runs the sessions with plain nox, from noxline's own noxfile."""
    noxfile = root / ".noxline" / "noxfile.py"
    noxfile.parent.mkdir(exist_ok=True)
    noxfile.write_text("from noxline.sessions.register import register\n\nregister()\n", encoding="utf-8")
    return [sys.executable, "-m", "nox", "-f", str(noxfile), "-j", str(cores), "--allow-parallel", "-s", *sessions]


def run_nox(root: Path, sessions: Sequence[str], cores: int, env: Mapping[str, str]) -> float:
    """Run the sessions with plain nox; return the wall time."""
    seconds, done = timed(nox_command(root, sessions, cores), root, env)
    if done.returncode != 0:
        sys.exit(f"nox ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return seconds


def measure(args: argparse.Namespace, work: Path, load: float) -> Figures:
    """Take one round: noxline first, then nox, each in a project of its own."""
    roots = [work / "noxline", work / "nox"]
    for root in roots:
        make_project(root, seconds=args.seconds, sleep=args.sleep, shards=args.shards)
    env = environment(work)
    wall, run = run_noxline(shlex.split(args.noxline), args.only, roots[0], env)
    ran = [task for task in run["tasks"] if task["decision"] == "ran"]
    cores = run["workers"]
    sessions = list(dict.fromkeys(task["definition"]["session"] for task in ran))
    return Figures(
        noxline=wall,
        critical_path=critical_path(ran),
        cpu_per_core=sum(task["cpu_seconds"] for task in ran) / cores,
        nox=run_nox(roots[1], sessions, cores, env),
        cores=cores,
        tasks=len(ran),
        load=load,
    )


def warm_downloads(args: argparse.Namespace, work: Path) -> None:
    """Fill uv's download cache, so that neither side pays for the network."""
    root = work / "warm"
    make_project(root, seconds=0, sleep=0, shards=1)
    command = nox_command(root, [], 1)[:-1]
    env = environment(work)
    subprocess.run([*command, "--install-only"], cwd=root, env=env, capture_output=True, check=False)
    # What the stages install on their own when they run, such as build backends, comes with a real run.
    timed([*shlex.split(args.noxline), "ci", "--json", *(["--only", args.only] if args.only else [])], root, env)
    shutil.rmtree(root)


def table(figures: Figures) -> str:
    """Return the figures for people."""
    rows = (
        (f"noxline ci, cold ({figures.tasks} tasks, {figures.cores} cores)", f"{figures.noxline:7.1f} s"),
        ("  critical path", f"{figures.critical_path:7.1f} s"),
        ("  CPU seconds of all tasks / cores", f"{figures.cpu_per_core:7.1f} s"),
        (f"nox -j {figures.cores}, the same sessions, cold", f"{figures.nox:7.1f} s"),
        ("noxline / max(critical path, CPU / cores)", f"{figures.over_bound:7.2f}    (aim: at most {AT_MOST_BOUND})"),
        ("noxline / nox", f"{figures.over_nox:7.2f}    (aim: at most {AT_MOST_NOX:.2f})"),
    )
    busy = f"\nthe machine was busy (load {figures.load:.1f}): these figures say nothing" if figures.load > 0.5 else ""
    return "\n".join(f"{name:<46}{value}" for name, value in rows) + busy


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noxline", default=f"{sys.executable} -m noxline", help="the command to measure")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the suite on each Python")
    parser.add_argument("--sleep", type=float, default=0.0, help="share of it that waits, 0 to 1")
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--only", default="", help="only these stages, as in noxline ci --only")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-warm", action="store_true", help="let the first round download what it needs")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--keep", action="store_true", help="leave the projects where they are and say where")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure and print."""
    args = parse()
    load = os.getloadavg()[0]
    work = Path(tempfile.mkdtemp(prefix="noxline-cold-"))
    try:
        if not args.no_warm:
            warm_downloads(args, work)
        rounds = [measure(args, work / f"round-{number}", load) for number in range(1, args.rounds + 1)]
    finally:
        if args.keep:
            print(f"left in {work}", file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)
    if args.json:
        ratios = [{"over_bound": figures.over_bound, "over_nox": figures.over_nox} for figures in rounds]
        print(json.dumps([asdict(figures) | ratio for figures, ratio in zip(rounds, ratios, strict=True)], indent=1))
    else:
        print("\n\n".join(map(table, rounds)))


if __name__ == "__main__":
    main()
