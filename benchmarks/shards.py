#!/usr/bin/env python3
"""Measure how even noxline's shards are on real suites, beside pytest-split and pytest-shard, and what they add up to.

    python benchmarks/shards.py [--only click,...] [--shards 4] [--keep FOLDER] [--json]

For each project (its sdist is downloaded with pip): two runs of `noxline run tests coverage` in shards, one unsharded.

1. Balance: noxline splits by what its first sharded run taught, and so does pytest-split (`least_duration`);
   pytest-shard knows no durations. Which tests are in which shard, the second run says, and `--collect-only` of the
   other two. All three are judged by the seconds that each test took in the unsharded run, which none of them saw.
   Printed is the longest shard / max(mean, longest single test): 1.00 cannot be better, at most 1.10 is promised.
   Beside it the same figure from the seconds as they were in the shards of the second run, which tells also how evenly
   a busy machine served them, and from the shortest that each test took in any of the three runs: what a busy machine
   does to a test only makes it longer.
2. Sum: the counts of tests and the lines that coverage saw, per file, are compared with those of the unsharded run.

The figures are for people to read: no test asserts them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AT_MOST = 1.10
PROJECTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "packaging": ("packaging==26.3", ()),
    "click": ("click==8.5.1", ()),
    "networkx": ("networkx==3.6.1", ("networkx/algorithms/tests",)),
}
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
COUNTS = ("tests.passed", "tests.failed", "tests.errors", "tests.skipped")


@dataclass(frozen=True)
class Run:
    """What one run of noxline left: its document, the seconds of each test by shard, the lines that were covered."""

    document: Mapping[str, Any]
    shards: Sequence[Mapping[str, float]]
    lines: Mapping[str, Sequence[int]]

    @property
    def seconds(self) -> dict[str, float]:
        """Return the seconds of each test."""
        return {name: seconds for shard in self.shards for name, seconds in shard.items()}

    @property
    def counts(self) -> dict[str, float]:
        """Return the counts of tests."""
        return {name: self.document["metrics"][name]["value"] for name in COUNTS if name in self.document["metrics"]}


@dataclass(frozen=True)
class Suite:
    """An unpacked project and the tests of it that run."""

    root: Path
    tests: tuple[str, ...]

    def noxline(self, shards: int) -> Run:
        """Run the tests in so many shards."""
        stage = f"[stage.tests]\nshards = {shards}\nreuse = false\n"
        settings = f'python = ["{PYTHON}"]\nstandard = ["tests", "coverage"]\n\n{stage}'
        (self.root / "config").mkdir(exist_ok=True)
        (self.root / "config" / "pipeline.toml").write_text(settings)
        arguments = ["run", "tests", "coverage", "--json", *(["--", *self.tests] if self.tests else [])]
        done = subprocess.run(
            [sys.executable, "-m", "noxline", "-C", str(self.root), *arguments],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0", "NOXLINE_CACHE_DIR": self.store(shards)},
            timeout=3600,
        )
        document = json.loads(done.stdout)
        if "tasks" not in document:
            sys.exit(f"noxline could not run: {document}")
        folder = self.root / ".noxline" / "runs" / document["run_id"]
        outputs = [folder / t["output"] for t in document["tasks"] if t["stage"] == "tests"]
        report = next(folder / t["output"] for t in document["tasks"] if t["stage"] == "coverage") / "coverage.json"
        files = json.loads(report.read_text())["files"] if report.is_file() else {}
        return Run(
            document,
            [test_seconds(output) for output in outputs],
            {name: sorted(file["executed_lines"]) for name, file in files.items()},
        )

    def store(self, shards: int) -> str:
        """Return a store of its own for so many shards: what the unsharded run learnt is to judge, not to help."""
        return str(self.root.with_name(f"{self.root.name}-store-{shards}"))

    @property
    def environment(self) -> Path:
        """Return the environment that noxline made for the tests."""
        return self.root / ".noxline" / "envs" / "standard" / f"tests-{PYTHON.replace('.', '-')}"

    def collected(self, *options: str) -> list[str]:
        """Return the tests that pytest collects with these options, as often as it names them."""
        done = subprocess.run(
            [str(self.environment / "bin" / "python"), "-m", "pytest", "--collect-only", "-q", *options, *self.tests],
            check=False,
            cwd=self.root,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            timeout=1800,
        )
        return [line for line in done.stdout.splitlines() if "::" in line and not line.startswith(("ERROR", " "))]


def test_seconds(output: Path) -> dict[str, float]:
    """Return the seconds of each test of one shard, set-up of shared fixtures included."""
    found: dict[str, float] = {}
    for path in sorted((output / "tests").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["event"] == "test":
                found[event["id"]] = event.get("cost") or event["seconds"]
    return found


def evenness(shards: Sequence[float], longest_test: float) -> float:
    """Return the longest shard over the best possible."""
    return max(shards) / max(sum(shards) / len(shards), longest_test)


def unpack(requirement: str, place: Path) -> Path:
    """Download an sdist with pip and unpack it."""
    downloads = place / "sdists"
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-binary", ":all:", "--no-deps"]
    subprocess.run(
        [*pip, "-d", str(downloads), requirement],
        check=True,
        stderr=subprocess.DEVNULL,
        timeout=600,
    )
    archive = next(downloads.glob(f"{requirement.partition('==')[0]}-*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    return place / archive.name.removesuffix(".tar.gz")


def peers(suite: Suite, first: Run, whole: Run, count: int) -> dict[str, float]:
    """Return how even the shards of pytest-split and of pytest-shard are, by the seconds of the unsharded run."""
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(suite.environment / "bin" / "python")]
    subprocess.run([*uv, "pytest-split", "pytest-shard"], check=True, timeout=600)
    durations = suite.root / "durations-of-run-1.json"
    durations.write_text(json.dumps({name: s for shard in first.shards for name, s in shard.items()}))
    seconds = whole.seconds
    split = ("--splits", str(count), "--splitting-algorithm", "least_duration", "--durations-path", str(durations))
    kinds = {
        "pytest-split": lambda k: (*split, "--group", str(k + 1)),
        "pytest-shard": lambda k: ("--num-shards", str(count), "--shard-id", str(k)),
    }
    found = {}
    for name, options in kinds.items():
        groups = [suite.collected(*options(k)) for k in range(count)]
        sums = [sum(seconds.get(test, 0.0) for test in group) for group in groups]
        known = sum(test in seconds for group in groups for test in group)
        found[name] = evenness(sums, max(seconds.values())) if known >= 0.95 * len(seconds) else float("nan")
    return found


def measure(name: str, place: Path, count: int) -> dict[str, Any]:
    """Return the figures of one project."""
    requirement, tests = PROJECTS[name]
    suite = Suite(unpack(requirement, place), tests)
    whole = suite.noxline(1)
    shutil.rmtree(suite.root / ".noxline" / "state")  # the sharded runs learn for themselves
    first, second = suite.noxline(count), suite.noxline(count)
    seconds = whole.seconds
    quiet = {t: min(run.seconds.get(t, s) for run in (whole, first, second)) for t, s in seconds.items()}
    longest = max(seconds.values())
    sums = [sum(seconds.get(test, 0.0) for test in shard) for shard in second.shards]
    lived = [sum(shard.values()) for shard in second.shards]
    # A module that skips itself as a whole is seen by every shard that collects it; merged, it counts once.
    ran = Counter(test for shard in second.shards for test in shard if "::" in test)
    once = {test for shard in whole.shards for test in shard if "::" in test}
    return {
        "project": requirement,
        "tests": len(seconds),
        "shard_seconds": [round(seconds, 2) for seconds in sums],
        "noxline_first_run": evenness([sum(seconds.get(t, 0.0) for t in shard) for shard in first.shards], longest),
        "noxline_as_it_was": evenness(lived, max(second.seconds.values())),
        "noxline_quiet": evenness([sum(quiet.get(t, 0.0) for t in s) for s in second.shards], max(quiet.values())),
        "noxline": evenness(sums, longest),
        **peers(suite, first, whole, count),
        "every_test_once": set(ran) == once and max(ran.values()) == 1,
        "counts_equal": whole.counts == second.counts,
        "coverage_lines": sum(map(len, whole.lines.values())),
        "coverage_differs_in": sorted(
            file for file in {*whole.lines, *second.lines} if whole.lines.get(file) != second.lines.get(file)
        ),
        "statuses": [run.document["status"] for run in (whole, first, second)],
    }


def show(row: Mapping[str, Any]) -> str:
    """Return the figures of one project for people."""
    same = "equal" if row["counts_equal"] and row["every_test_once"] else "DIFFERENT"
    lines = "equal to the line" if not row["coverage_differs_in"] else f"DIFFERENT in {row['coverage_differs_in']}"
    return (
        f"{row['project']}: {row['tests']} tests, shards of {row['shard_seconds']} s\n"
        f"  longest / max(mean, longest test): noxline {row['noxline']:.3f} (at most {AT_MOST}; "
        f"first run, nothing known: {row['noxline_first_run']:.3f}; as it was in the shards: "
        f"{row['noxline_as_it_was']:.3f}; by the shortest of three runs: {row['noxline_quiet']:.3f}), "
        f"pytest-split least_duration {row['pytest-split']:.3f}, pytest-shard {row['pytest-shard']:.3f}\n"
        f"  merged counts {same}; coverage of {row['coverage_lines']} lines {lines}; runs {row['statuses']}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PROJECTS))
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    place = given.keep or Path(tempfile.mkdtemp(prefix="noxline-shards-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        for name in given.only.split(","):
            rows.append(measure(name, place, given.shards))
            if not given.json:
                print(show(rows[-1]), flush=True)
    finally:
        if given.keep is None:
            shutil.rmtree(place, ignore_errors=True)
    if given.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
