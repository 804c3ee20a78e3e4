"""Kill noxline while it decides, runs, stores, uploads and evicts; run it eight times at once; fill its disks (Linux).

    python benchmarks/reuse_kills.py --noxline .venv/bin/noxline --kills 200

Half of the runs upload to a directory, half to a real nginx; the local store is small, so that they evict. A kill comes
at a random moment of the whole run, or shortly after the first byte of an upload, or while the run holds the lock of
eviction. After each, every file of the store and of the remote is read again, and a whole run has to pass without a
warning and to leave what a run without a cache would leave; every third time the local store is thrown away first, so
that it rests on what was uploaded. Then eight runs at once in two work trees share one store and one remote, and at
last the disks of the store, of the remote and of the project are full (this needs the right to mount; without it, it is
said and left out).
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from reuse_victims import Remote, Tally, Victim, directory, fill, http, small_disk

PARTS = ("kills", "crowds", "disks")
KINDS = ("any moment", "any moment", "upload", "eviction")
_LIMIT = 180


def is_evicting(victim: Victim) -> bool:
    """Tell whether somebody holds the lock of eviction."""
    try:
        inode = (victim.store / "lock").stat().st_ino
    except OSError:
        return False
    return any(line.split()[5].endswith(f":{inode}") for line in Path("/proc/locks").read_text("ascii").splitlines())


def is_uploading(remote: Remote) -> Callable[[], bool]:
    """Return what tells whether anything came to a remote since now."""
    before = remote.files()
    return lambda: remote.files() != before


def kill(victim: Victim, kind: str, longest: float, chance: random.Random) -> tuple[bool, float]:
    """Start a run and kill it; return whether it was still running, and after how many seconds."""
    assert victim.remote is not None
    uploads = is_uploading(victim.remote)
    run = victim.start()
    begun = time.monotonic()
    moment = begun + chance.uniform(0.02, longest)
    if kind != "any moment":
        sees, pause = (uploads, 0.25) if kind == "upload" else (lambda: is_evicting(victim), 0.03)
        while run.poll() is None and not sees():
            time.sleep(0.0005)
        moment = time.monotonic() + chance.uniform(0, pause)
    while run.poll() is None and time.monotonic() < moment:
        time.sleep(0.0005)
    struck = run.poll() is None
    run.kill()
    run.communicate()
    return struck, time.monotonic() - begun


def kills(victim: Victim, count: int, chance: random.Random, tally: Tally) -> None:
    """Kill that many runs, and after each look at everything and let a whole run follow."""
    assert victim.remote is not None
    known: set[str] = set()
    begun = time.monotonic()
    victim.end(victim.start(), tally, "the first run")
    longest = time.monotonic() - begun
    look = victim.root.parent / "look"
    number = 0
    while number < count:
        kind = chance.choice(KINDS)
        victim.edit(chance, new=kind != "any moment" or chance.random() < 0.5)
        victim.age(chance, 0.5)
        if kind == "eviction":
            victim.ballast(chance)
        struck, moment = kill(victim, kind, longest, chance)
        if struck:
            tally.count(tally.kills, kind)
            number += 1
        else:
            tally.too_late += 1
        what = f"after kill {number} ({kind}, {moment:.2f} s, {victim.remote.address})"
        note_what_it_struck(victim, tally)
        victim.verify(tally, f"the store {what}")
        tally.problems += [f"{what}: {text}" for text in victim.remote.broken(known, look)]
        if chance.random() < 0.33:
            shutil.rmtree(victim.cache, ignore_errors=True)
        victim.end(victim.start(), tally, f"the run {what}")
        if struck and number % 5 == 0:
            print(f"{number} kills at {victim.remote.address}: {tally}", flush=True)
    victim.verify(tally, "the store in the end")


def note_what_it_struck(victim: Victim, tally: Tally) -> None:
    """Count in which works a kill left something unfinished."""
    assert victim.remote is not None
    if any(victim.store.rglob("*.tmp")):
        tally.count(tally.struck, "a file of the store")
    halves = [*victim.remote.data.rglob("*#*"), *victim.remote.data.parent.glob("../tmp/body/*")]
    if halves:
        tally.count(tally.struck, "a file of the remote")
    for path in halves:
        path.unlink(missing_ok=True)


def together(victim: Victim, other: Victim, chance: random.Random, tally: Tally) -> None:
    """Run eight times at once in two work trees that share a store and a remote: where all is new, and once more."""
    for number in range(10):
        for one in (victim, other) if number % 2 == 0 else ():
            one.edit(chance, new=chance.random() < 0.5)
            one.age(chance, 0.5)
        started = [(one, one.start()) for one in (victim, other) * 4]
        for one, run in started:
            one.end(run, tally, f"eight runs at once, {number + 1}")
        victim.verify(tally, f"the store after eight runs at once, {number + 1}")
    assert victim.remote is not None
    tally.problems += victim.remote.broken(set(), victim.root.parent / "look")


def full_disks(victim: Victim, folder: Path, chance: random.Random, tally: Tally) -> None:
    """Run with a full disk under the store, then under the remote, then under the project."""
    with small_disk(folder / "small-cache", "1m") as mounted:
        if not mounted:
            print("full disks: left out, for mounting is not allowed")
            return
        full = Victim(victim.noxline, victim.root, folder / "small-cache")
        full.configure()
        for number in range(3):
            full.edit(chance, new=True)
            told = full.end(full.start(), tally, f"the store's disk is full, {number + 1}", warned=True)
            expect(tally, told, "not kept", "the store's disk is full")
        full.verify(tally, "the store on a full disk")
    for make in (directory, http):
        with small_disk(folder / "small-remote", "3m"), make(folder / "small-remote" / make.__name__) as remote:
            full_remote(Victim(victim.noxline, victim.root, victim.cache, remote), chance, tally)
    with small_disk(folder / "small-project", "96m"):
        full_project(Victim(victim.noxline, folder / "small-project", victim.cache), chance, tally)


def full_remote(full: Victim, chance: random.Random, tally: Tally) -> None:
    """Run until the remote takes nothing any more, and then see that another machine finds whole results or none."""
    assert full.remote is not None
    full.configure()
    told = ""
    for number in range(3):
        full.edit(chance, new=True)
        told += full.end(full.start(), tally, f"the disk of {full.remote.address} is full, {number + 1}", warned=True)
    expect(tally, told, "warning", f"the disk of {full.remote.address} is full")
    for half in full.remote.data.rglob("*#*"):
        half.unlink()
    tally.problems += full.remote.broken(set(), full.root.parent / "look")
    shutil.rmtree(full.cache)
    full.end(full.start(), tally, f"another machine and the full {full.remote.address}", warned=True)


def full_project(full: Victim, chance: random.Random, tally: Tally) -> None:
    """Fill the disk of the project, run, and run again when there is room."""
    full.make()
    full.end(full.start(), tally, "a project on a small disk")
    fill(full.root / "ballast")
    full.edit(chance, new=True)
    run = full.start()
    out, err = run.communicate(timeout=_LIMIT)
    if run.returncode not in (0, 1, 2) or "No space left" not in out + err:  # the tasks cannot write either
        tally.problems.append(f"the project's disk is full: exit {run.returncode}\n{out[-1500:]}\n{err[-1500:]}")
    print(f"with a full disk under the project: exit {run.returncode}")
    (full.root / "ballast").unlink()
    full.end(full.start(), tally, "the disk has room again")
    full.verify(tally, "the store after a full project")


def expect(tally: Tally, told: str, text: str, what: str) -> None:
    """Note when a run does not say something."""
    if text not in told:
        tally.problems.append(f"{what}, and nothing says so:\n{told}")


def experiment(options: argparse.Namespace, folder: Path, chance: random.Random, tally: Tally) -> None:
    """Do all of it."""
    victims = [Victim(options.noxline.absolute(), folder / tree, folder / "cache") for tree in ("one", "two")]
    for victim in victims:
        victim.make()
    for make in (directory, http):
        with make(folder / make.__name__) as remote:
            shutil.rmtree(folder / "cache", ignore_errors=True)  # its seals are of the other remote's key
            for victim in victims:
                victim.remote = remote
                victim.configure()
            if "kills" in options.parts:
                kills(victims[0], options.kills // 2, chance, tally)
            if "crowds" in options.parts:
                together(victims[0], victims[1], chance, tally)
    if "disks" in options.parts:
        full_disks(victims[0], folder, chance, tally)


def main() -> int:
    """Do the experiment, print what it came to, and return 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noxline", type=Path, default=Path(sys.executable).with_name("noxline"))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--seed", type=int, default=None, help="repeat the edits of an earlier experiment")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="noxline-reuse-kills-", ignore_cleanup_errors=True) as name:
        experiment(options, Path(name).resolve(), random.Random(seed), tally)
    for problem in tally.problems:
        print(problem)
    print(tally)
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
