"""Kill noxline with SIGKILL at random moments and look at what is left (Linux).

    python benchmarks/kills.py --noxline .venv/bin/noxline --kills 50

A small project with sleeping, stubborn and runaway processes is run again and again with `noxline ci`, and noxline is
killed at a random moment each time; every fourth time its environments are made anew. Two seconds after each kill no
process of the run may be left, and everything written must be readable. At the end a whole run has to pass.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

GRACE = 2.0
FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "victim"
version = "1.0"
requires-python = ">=3.11"
[dependency-groups]
test = ["pytest"]
[tool.noxline.pipeline]
python = ["3.11"]
standard = ["tests", "coverage", "complexity"]
[tool.noxline.pipeline.stage.tests]
shards = 2
""",
    "noxfile.py": '''\
"""The project's own session: it starts processes that do not want to end."""

import nox


@nox.session(venv_backend="none")
def server(session):
    """Start a server, a runaway and a stubborn one, and work for a while."""
    session.run("python3", "serve.py", external=True)
''',
    "serve.py": """\
import signal, subprocess, sys, time

SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
children = [
    subprocess.Popen([sys.executable, "-S", "-c", SLEEP]),
    subprocess.Popen([sys.executable, "-S", "-c", STUBBORN]),
    subprocess.Popen([sys.executable, "-S", "-c", SLEEP], start_new_session=True),
    subprocess.Popen([sys.executable, "-S", "-c", STUBBORN], start_new_session=True),
    subprocess.Popen([sys.executable, "-S", "-c", SLEEP], env={}),
]
time.sleep(4)
for child in children:
    child.kill()
""",
    "src/victim/__init__.py": '"""A victim."""\n\n\ndef one() -> int:\n    """Return 1."""\n    return 1\n',
    "tests/test_one.py": """\
import subprocess, sys, time

import pytest
from victim import one


@pytest.mark.parametrize("number", range(6))
def test_one(number):
    subprocess.run([sys.executable, "-S", "-c", "import time; time.sleep(0.4)"], check=True)
    assert one() == 1
""",
}


@dataclass
class Tally:
    """What the kills came to."""

    kills: int = 0
    too_late: int = 0
    processes: int = 0
    temporary: int = 0
    problems: list[str] = field(default_factory=list)


def make_project(root: Path) -> None:
    """Write the project."""
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def processes() -> Iterator[tuple[int, int, str]]:
    """Yield (pid, parent, start time) of every living process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                yield int(entry.name), int(fields[1]), fields[19]


def descendants(pid: int) -> set[tuple[int, str]]:
    """Return (pid, start time) of every process below this one."""
    everybody = list(processes())
    found: set[tuple[int, str]] = set()
    parents = {pid}
    while parents:
        children = {(child, started) for child, parent, started in everybody if parent in parents} - found
        found |= children
        parents = {child for child, _ in children}
    return found


def marked(root: Path) -> set[tuple[int, str]]:
    """Return (pid, start time) of the processes that were started as part of a run of this project."""
    mark = os.fsencode(f"NOXLINE_ROOT={root}")
    found = set()
    for pid, _, started in processes():
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in variables:
            found.add((pid, started))
    return found


def command_line(pid: int) -> str:
    """Return the command line of a process for people."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:100]
    except OSError:
        return "gone meanwhile"


def kill_once(noxline: Path, root: Path, moment: float, tally: Tally) -> None:
    """Start a run, kill noxline at that moment, and note what is left after the time of grace."""
    with tempfile.TemporaryFile() as sink:
        run = subprocess.Popen([noxline, "ci"], cwd=root, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL)
        try:
            run.wait(moment)
            tally.too_late += 1
        except subprocess.TimeoutExpired:
            tally.kills += 1
        before = descendants(run.pid)
        tally.processes += len(before)
        run.kill()
        killed_at = time.monotonic()
        run.wait()
    time.sleep(max(0.0, killed_at + GRACE - time.monotonic()))
    alive = {(pid, started) for pid, _, started in processes()}
    left = (before & alive) | marked(root)
    for pid, _ in sorted(left):
        tally.problems.append(f"killed after {moment:.2f} s: process {pid} is left: {command_line(pid)}")
        os.kill(pid, signal.SIGKILL)


def unreadable(root: Path) -> Iterator[str]:
    """Yield what cannot be read of all that runs wrote; only the last line of an event log may be torn."""
    state = root / ".noxline"
    for path in sorted(state.glob("runs/*/events.jsonl")):
        *whole, _last = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(whole, start=1):
            if not _parses(line):
                yield f"{path}:{number} is torn"
    documents = [*state.glob("runs/*/run.json"), *state.glob("runs/*/verdict.json"), *state.glob("state/*.json")]
    for path in sorted(documents):
        if not _parses(path.read_text(encoding="utf-8")):
            yield f"{path} is half-written"


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def whole_run(noxline: Path, root: Path, tally: Tally, what: str) -> float:
    """Run the pipeline to its end, note when it does not pass, and return its seconds."""
    begun = time.monotonic()
    done = subprocess.run([noxline, "ci"], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tally.problems.append(f"{what}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
    return time.monotonic() - begun


def experiment(noxline: Path, root: Path, kills: int, chance: random.Random) -> Tally:
    """Kill that many runs at random moments, then let one pass."""
    tally = Tally()
    make_project(root)
    cold = whole_run(noxline, root, tally, "the first run")
    warm = whole_run(noxline, root, tally, "the second run")
    print(f"a whole run takes {cold:.1f} s with new environments, {warm:.1f} s without", flush=True)
    for number in range(1, kills + 1):
        fresh = number % 4 == 0
        if fresh:
            shutil.rmtree(root / ".noxline" / "envs", ignore_errors=True)
        kill_once(noxline, root, chance.uniform(0.05, cold if fresh else warm), tally)
        if number % 10 == 0:
            print(f"{number} kills, {len(tally.problems)} problems", flush=True)
            tally.problems += unreadable(root)
            whole_run(noxline, root, tally, f"the run after {number} kills")
    tally.problems += unreadable(root)
    tally.temporary = len(list((root / ".noxline").glob("**/.*.tmp")))
    whole_run(noxline, root, tally, "the run after all kills")
    listed = subprocess.run([noxline, "runs"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        tally.problems.append(f"noxline runs: exit {listed.returncode}\n{listed.stderr[-2000:]}")
    return tally


def main() -> int:
    """Do the experiment, print what it came to, and return 1 when anything was left or broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noxline", type=Path, default=Path(sys.executable).with_name("noxline"))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None, help="repeat the moments of an earlier experiment")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="noxline-kills-") as folder:
        tally = experiment(options.noxline.absolute(), Path(folder).resolve(), options.kills, random.Random(seed))
    for problem in tally.problems:
        print(problem)
    print(
        f"{tally.kills} kills ({tally.too_late} came after the end), {tally.processes} processes were running, "
        f"{tally.temporary} temporary files left, {len(tally.problems)} problems"
    )
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
