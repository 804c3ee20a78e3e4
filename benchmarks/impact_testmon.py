#!/usr/bin/env python3
"""Measure pytest-testmon as impact.py measures noxline: the same edits of the same suites, and the same mutants.

    python benchmarks/impact_testmon.py --suite marshmallow [--edits 60] [--seed 1] [--safe LOG] [--keep FOLDER]

Printed are the share of tests that testmon selects after each edit of one function, in the mean and in the median, and
the tests that it selects after a comment was added. With `--safe`, the log that `impact.py safe --keep FOLDER` left
there (`safe-<project>-<seed>.jsonl`; the seed must be the same), it also runs what testmon selects for each mutant that
the whole suite killed: one that it lets pass is a miss.

The figures are for people to read: no test asserts them.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from impact import PROJECTS, killed_mutants, prepared, random_edits
from impact_mutants import Mutant, source_files
from impact_suite import CPU, SLOW, Suite

DATA = ".testmondata"
PASSED, NOTHING = 0, 5  # exit codes of pytest


@dataclass(frozen=True)
class Testmon:
    """A suite that testmon has seen whole once."""

    suite: Suite
    known: bytes

    @classmethod
    def of(cls, suite: Suite) -> Testmon:
        """Install testmon into the environment of a suite and let it see a full run."""
        subprocess.run([str(suite.bin / "pip"), "install", "-q", "pytest-testmon"], check=True, timeout=SLOW)
        (suite.root / DATA).unlink(missing_ok=True)
        done = _pytest(suite, "--testmon")
        if done.returncode:
            sys.exit(f"{suite.root.name}: the full run ended with {done.returncode}:\n{done.stdout[-2000:]}")
        return cls(suite, (suite.root / DATA).read_bytes())

    def selected(self) -> int:
        """Return how many tests it selects now."""
        done = self._run("--collect-only")
        return sum("::" in line for line in done.stdout.splitlines())

    def lets_pass(self) -> bool:
        """Tell whether all tests that it selects now pass; those of a mutant that never ends do not."""
        try:
            return self._run("-x", seconds=CPU).returncode in (PASSED, NOTHING)
        except subprocess.TimeoutExpired:
            return False

    def _run(self, *options: str, seconds: int = SLOW) -> subprocess.CompletedProcess[str]:
        (self.suite.root / DATA).write_bytes(self.known)
        # Without the last one it selects nothing in a suite whose own options choose tests by their marks.
        return _pytest(self.suite, "--testmon-nocollect", "--testmon-forceselect", *options, seconds=seconds)


def _pytest(suite: Suite, *options: str, seconds: int = SLOW) -> subprocess.CompletedProcess[str]:
    command = [
        str(suite.bin / "python"),
        "-m",
        "pytest",
        *options,
        "--verbosity=-1",
    ]  # a suite may have a -q of its own
    # Byte code is known by seconds and sizes: two mutants of one second would be taken for one another.
    environ = {**suite.plain_variables, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=suite.root, env=environ, capture_output=True, text=True, timeout=seconds, check=False
    )


def selective(testmon: Testmon, edits: int, seed: int) -> dict[str, object]:
    """Return the shares of tests that edits of single functions select."""
    suite = testmon.suite
    tests = sum("::" in line for line in _pytest(suite, "--collect-only").stdout.splitlines())
    shares = []
    for file, text, _ in random_edits(suite, edits, random.Random(seed)):
        with suite.changed({file: text}):
            shares.append(testmon.selected() / tests)
    file = source_files(suite.facts)[0]
    with suite.changed({file: b"# a comment\n\n\n" + (suite.root / file).read_bytes()}):
        comment = testmon.selected()
    share = {"mean": round(mean(shares), 4), "median": round(median(shares), 4)}
    return {"tests": tests, "edits": edits, "share": share, "after a comment": comment}


def missed(testmon: Testmon, mutants: Iterator[Mutant]) -> dict[str, object]:
    """Return how many killed mutants the selected tests let pass, and where those are."""
    judged, places = 0, []
    for mutant in mutants:
        with testmon.suite.changed({mutant.file: mutant.text}):
            judged += 1
            if testmon.lets_pass():
                places.append(f"{mutant.file}:{mutant.line} ({mutant.kind})")
    return {"killed by the whole suite": judged, "missed": len(places), "places": places}


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", required=True, choices=PROJECTS)
    parser.add_argument("--edits", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--safe", type=Path, help="the log of impact.py safe")
    parser.add_argument("--mutants", type=int, default=300, help="as it was given to impact.py safe")
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args(arguments)
    place = given.keep or Path(tempfile.mkdtemp(prefix="noxline-testmon-"))
    place.mkdir(parents=True, exist_ok=True)
    testmon = Testmon.of(prepared(given.suite, place))
    figures = selective(testmon, given.edits, given.seed)
    if given.safe:
        figures |= missed(testmon, killed_mutants(testmon.suite, given.safe, given.seed, given.mutants))
    print(json.dumps({testmon.suite.root.name: figures}, indent=1), flush=True)
    if given.keep is None:
        shutil.rmtree(place, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
