"""Print what the audit hook of `--check-inputs` costs for each open, stat and read of a variable.

Each figure is the best of several rounds over files of a project; "plain" is the same without the hook.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

INJECTED = Path(__file__).parents[1] / "src" / "noxline" / "injected"
PROGRAM = """
import os, sys, time
FILES = [os.path.join("many", str(number)) for number in range(2000)]
FULL = [os.path.abspath(name) for name in FILES]

def timed(work, rounds=7):
    best = None
    for _ in range(rounds):
        begun = time.perf_counter()
        for name in FULL:
            work(name)
        seconds = time.perf_counter() - begun
        best = seconds if best is None else min(best, seconds)
    return best / len(FULL) * 1e6

def opened(name):
    open(name).close()

first = timed(opened, rounds=1)
print(first, timed(opened), timed(lambda name: open(os.devnull).close()), timed(os.path.exists),
      timed(lambda name: os.environ.get("HOME")))
"""
ROUNDS = 5
NAMES = ("first open", "later open", "open outside the project", "exists", "read of a variable")


def figures(root: Path, **environ: str) -> list[float]:
    """Return the microseconds of each kind of call in one fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=root,
        env={**os.environ, **environ},
        check=True,
        capture_output=True,
        text=True,
    )
    return [float(word) for word in done.stdout.split()]


def main() -> int:
    """Print one line for each kind of call."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "project"
        (root / "many").mkdir(parents=True)
        for number in range(2000):
            (root / "many" / str(number)).touch()
        rounds = []
        for number in range(ROUNDS):
            used = root.parent / f"used-{number}"
            used.mkdir()
            asked = {"PYTHONPATH": str(INJECTED), "NOXLINE_AUDIT": str(used), "NOXLINE_ROOT": str(root)}
            rounds.append((figures(root), figures(root, **asked)))
    for place, name in enumerate(NAMES):
        plain, watched = (min(one[kind][place] for one in rounds) for kind in (0, 1))
        print(f"{name:<25} plain {plain:6.2f} us, watched {watched:6.2f} us: {watched - plain:+.2f} us")
    return 0


if __name__ == "__main__":
    sys.exit(main())
