"""Kill noxline while it decides, runs and stores; run it eight times at once; fill its disk (Linux).

    python benchmarks/reuse_kills.py --noxline .venv/bin/noxline --kills 200

After each kill a whole run has to pass, and leave what a run without a cache would leave. Then eight runs at once in
two work trees share one store, and at last the store's disk and the project's are full (this needs the right to mount;
without it, it is said and left out).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FILES = {
    "pyproject.toml": '[project]\nname = "victim"\nversion = "1"\nrequires-python = ">=3.10"\n',
    "config/pipeline.toml": 'standard = []\n[stage.first]\ninputs = ["src"]\n[stage.second]\ninputs = ["src/b.txt"]\n',
    "noxfile.py": """\
import hashlib
import os
import pathlib

import nox


def work(name, *texts):
    output = pathlib.Path(os.environ["NOXLINE_OUTPUT"])
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()
    (output / "out.txt").write_text(f"{name} {digest}")
    for number in range(20):
        (output / f"{number}.bin").write_bytes(f"{digest} {number}".encode() * 5000)


@nox.session(venv_backend="none")
def first(session):
    work("first", *(path.read_text() for path in sorted(pathlib.Path("src").iterdir())))


@nox.session(venv_backend="none", requires=["first"])
def second(session):
    left = pathlib.Path(os.environ["NOXLINE_NEEDS"], "out.txt").read_text()
    work("second", left, pathlib.Path("src/b.txt").read_text())
""",
    "src/a.txt": "a",
    "src/b.txt": "b",
}
_LIMIT = 120


@dataclass
class Tally:
    """What the experiment came to."""

    kills: int = 0
    too_late: int = 0
    runs: int = 0
    reused: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Victim:
    """A project, and the variables of its runs."""

    noxline: Path
    root: Path
    cache: Path

    def make(self) -> None:
        """Write the project as a repository."""
        for name, text in FILES.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)

    def start(self) -> subprocess.Popen[str]:
        """Start a run."""
        environ = {name: value for name, value in os.environ.items() if name not in ("CI", "NOXLINE_CACHE_DIR")}
        environ["XDG_CACHE_HOME"] = str(self.cache)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [self.noxline, "ci"],
            cwd=self.root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def edit(self, chance: random.Random) -> None:
        """Give the inputs one of few contents, so that older results come up again."""
        name = chance.choice(("a.txt", "b.txt"))
        (self.root / "src" / name).write_text(str(chance.randrange(4)), encoding="utf-8")

    def expected(self) -> list[str]:
        """Return what the two tasks leave, worked out apart from noxline."""
        texts = [path.read_text(encoding="utf-8") for path in sorted((self.root / "src").iterdir())]
        first = "first " + hashlib.sha256("".join(texts).encode()).hexdigest()
        return [first, "second " + hashlib.sha256((first + texts[1]).encode()).hexdigest()]

    def end(self, run: subprocess.Popen[str], tally: Tally, what: str) -> str:
        """Wait for a run, note when it did not pass or left something else than expected, return what it printed."""
        out, err = run.communicate(timeout=_LIMIT)
        tally.runs += 1
        tally.reused += out.count("  reused (")
        if run.returncode != 0:
            tally.problems.append(f"{what}: exit {run.returncode}\n{out[-2000:]}\n{err[-2000:]}")
            return out + err
        directory = self._directory(out)
        for name, expected in zip(("first", "second"), self.expected(), strict=True):
            output = directory / "tasks" / name / "output"
            if (output / "out.txt").read_text(encoding="utf-8") != expected or not _whole(output):
                tally.problems.append(f"{what}: {name} left something else than a run without a cache")
        return out + err

    def _directory(self, out: str) -> Path:
        """Return the run directory that a run names in its first line."""
        run_id = out.split("\n", 1)[0].rpartition("run ")[2].strip()
        return self.root / ".noxline" / "runs" / run_id


def _whole(output: Path) -> bool:
    """Tell whether the large files of a task are what its small one says."""
    digest = (output / "out.txt").read_text(encoding="utf-8").partition(" ")[2]
    return all((output / f"{n}.bin").read_bytes() == f"{digest} {n}".encode() * 5000 for n in range(20))


def kills(victim: Victim, count: int, chance: random.Random, tally: Tally) -> None:
    """Kill that many runs at random moments, and let a whole run follow each."""
    begun = time.monotonic()
    victim.end(victim.start(), tally, "the first run")
    longest = time.monotonic() - begun
    for number in range(1, count + 1):
        victim.edit(chance)
        run = victim.start()
        moment = chance.uniform(0.02, longest * 0.5)
        try:
            run.communicate(timeout=moment)
            tally.too_late += 1
        except subprocess.TimeoutExpired:
            tally.kills += 1
        run.kill()
        run.communicate()
        victim.end(victim.start(), tally, f"the run after kill {number} at {moment:.2f} s")
        if number % 20 == 0:
            print(f"{number} kills, {len(tally.problems)} problems", flush=True)
    tally.problems += broken(victim.cache / "noxline" / "v1")


def broken(store: Path) -> Iterator[str]:
    """Yield what in a store is not what its name says."""
    from noxline.cache.blobs import is_sound

    for path in sorted((store / "blobs").rglob("*")):
        if path.is_file() and not path.name.endswith(".tmp") and not is_sound(str(path)):
            yield f"{path} is half-written"


def together(victim: Victim, other: Victim, chance: random.Random, tally: Tally) -> None:
    """Run eight times at once in two work trees that share a store."""
    for number in range(4):
        for one in (victim, other):
            one.edit(chance)
        started = [(one, one.start()) for one in (victim, other) * 4]
        for one, run in started:
            one.end(run, tally, f"eight runs at once, {number + 1}")
    tally.problems += broken(victim.cache / "noxline" / "v1")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[bool]:
    """Mount a disk of a size at a folder; False where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", folder], check=True)


def full_disks(victim: Victim, folder: Path, chance: random.Random, tally: Tally) -> None:
    """Run with a full disk under the store, then with one under the project."""
    with small_disk(folder / "small-cache", "1m") as mounted:
        if not mounted:
            print("full disks: left out, for mounting is not allowed")
            return
        full = Victim(victim.noxline, victim.root, folder / "small-cache")
        for number in range(3):
            full.edit(chance)
            told = full.end(full.start(), tally, f"the store's disk is full, {number + 1}")
        if "not kept" not in told:
            tally.problems.append(f"the store's disk is full, and nothing says so:\n{told}")
    with small_disk(folder / "small-project", "96m"):
        full = Victim(victim.noxline, folder / "small-project", victim.cache)
        full.make()
        full.end(full.start(), tally, "a project on a small disk")
        _fill(full.root / "ballast")
        full.edit(chance)
        run = full.start()
        out, err = run.communicate(timeout=_LIMIT)
        if run.returncode not in (0, 1, 2) or "No space left" not in out + err:  # the tasks cannot write either
            tally.problems.append(f"the project's disk is full: exit {run.returncode}\n{out[-1500:]}\n{err[-1500:]}")
        print(f"with a full disk under the project: exit {run.returncode}")
        (full.root / "ballast").unlink()
        full.edit(chance)
        full.end(full.start(), tally, "the disk has room again")


def _fill(path: Path) -> None:
    """Fill a disk but for next to nothing, and leave room enough to edit a file."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            file.truncate(max(0, file.tell() - 8192))


def main() -> int:
    """Do the experiment, print what it came to, and return 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noxline", type=Path, default=Path(sys.executable).with_name("noxline"))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="repeat the moments of an earlier experiment")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    chance, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory(prefix="noxline-reuse-kills-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        victims = [Victim(options.noxline.absolute(), folder / tree, folder / "cache") for tree in ("one", "two")]
        for victim in victims:
            victim.make()
        kills(victims[0], options.kills, chance, tally)
        together(victims[0], victims[1], chance, tally)
        full_disks(victims[0], folder, chance, tally)
    for problem in tally.problems:
        print(problem)
    print(
        f"{tally.kills} kills ({tally.too_late} came after the end), {tally.runs} whole runs that reused "
        f"{tally.reused} results, {len(tally.problems)} problems"
    )
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
