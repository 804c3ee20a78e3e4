"""Print the CPU seconds of `noxline --version` beside those of a bare Python and of `nox --version`.

Each figure is the median of several starts, user and system time of the child together.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

STARTS = 15
LIMIT = 0.08
COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "noxline --version": (sys.executable, "-m", "noxline", "--version"),
    "noxline --help": (sys.executable, "-m", "noxline", "--help"),
    "nox --version": (sys.executable, "-m", "nox", "--version"),
}


def cpu_seconds(argv: tuple[str, ...]) -> float:
    """Return the CPU seconds of one start."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, capture_output=True, env=environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print one line for each command; return 1 when `noxline --version` is over its limit."""
    medians: dict[str, float] = {}
    for name, argv in COMMANDS.items():
        cpu_seconds(argv)  # the first start compiles
        medians[name] = statistics.median(cpu_seconds(argv) for _ in range(STARTS))
        print(f"{name:<18}  {medians[name] * 1000:6.1f} ms CPU")
    over = medians["noxline --version"] > LIMIT
    print(f"limit of noxline --version: {LIMIT * 1000:.0f} ms: {'over' if over else 'kept'}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
