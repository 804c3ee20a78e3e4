"""A process that stores, restores and evicts the same few results as others do; it dies of the first wrong one.

    python -m tests.cache.busy PLACE SCRATCH SEED ROUNDS

What each result holds follows from its name, so that every process knows what is right. Files are made old at random:
only then may they be evicted.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from pathlib import Path

from noxline.cache.disk import DiskStore
from noxline.cache.eviction import items
from tests.cache.entries import Desk, kept

NAMES = tuple(f"tests-3.1{number}" for number in range(5))
LIMIT = 300_000


def files_of(name: str) -> dict[str, bytes]:
    """Return the output of a task; two files are the same in all of them."""
    made = random.Random(name)
    own = {f"own/{number}.bin": made.randbytes(made.randrange(30_000)) for number in range(4)}
    return {**own, "shared.bin": random.Random(0).randbytes(20_000), "empty": b""}


def expected(name: str) -> dict[str, bytes]:
    return {**files_of(name), "log.txt": log_of(name)}


def log_of(name: str) -> bytes:
    return f"the log of {name}\n".encode() * 100


def check(desk: Desk, store: DiskStore, name: str) -> bool:
    """Tell whether a result is there; end the process when it is not what it should be."""
    found = desk.restored(store, name)
    if found is not None and found != expected(name):
        sys.exit(f"{name} is wrong")
    return found is not None


def check_record(store: DiskStore, name: str) -> None:
    record = store.read_record("durations", name)
    if record is not None and record != {"name": name, "seconds": [1.5] * 200}:
        sys.exit(f"the record of {name} is wrong")


def make_old(store: DiskStore, chance: random.Random) -> None:
    for item in items(store.root):
        if chance.random() < 0.5:
            old = time.time() - chance.uniform(1, 9) * 86400
            with contextlib.suppress(FileNotFoundError):
                os.utime(item.path, (old, old))


def main(place: str, scratch: str, seed: str, rounds: str) -> None:
    desk, chance = Desk(Path(scratch)), random.Random(seed)
    print("ready", flush=True)
    for _ in range(int(rounds)):
        store = DiskStore(place, warn=desk.warnings.append, limit=LIMIT)
        name = chance.choice(NAMES)
        if not check(desk, store, name):
            store.keep(kept(desk.folder, name, files_of(name), log_of(name)))
        check_record(store, name)
        store.write_record("durations", name, {"name": name, "seconds": [1.5] * 200})
        if chance.random() < 0.5:
            make_old(store, chance)
        store.close()
    if desk.warnings:
        sys.exit("\n".join(desk.warnings))


if __name__ == "__main__":
    main(*sys.argv[1:])
