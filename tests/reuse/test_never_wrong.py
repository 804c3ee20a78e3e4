"""Whatever happens, a task's result is that of a run without any cache.

`NOXLINE_FUZZ_STEPS` sets how many edits and runs are drawn, `NOXLINE_FUZZ_SEED` repeats an earlier draw (`make fuzz`).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.reuse.edits import Edits
from tests.reuse.world import WorkTree

STEPS = int(os.environ.get("NOXLINE_FUZZ_STEPS", "200"))
SEED = int(os.environ.get("NOXLINE_FUZZ_SEED") or random.SystemRandom().randrange(10**9))

pytestmark = [pytest.mark.process, pytest.mark.timeout(max(300, STEPS * 3))]


class Driver:
    """Draws edits and runs in two work trees that share a store."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.edits = Edits(self.chance, folder / "outside")
        self.trees = [WorkTree.make(folder / name, folder / "store") for name in ("one", "two")]
        self.history: list[str] = [f"seed {seed}"]
        self.reused = self.ran = 0

    def step(self) -> None:
        """Do an edit or a run."""
        tree = self.chance.choice(self.trees)
        if self.chance.random() < 0.6:
            self.history.append(f"{tree.root.name}: {self.edits.one(tree)}")
        elif self.chance.random() < 0.15:
            self.run_with_edits(tree)
        else:
            self.run(tree)

    def run(self, tree: WorkTree) -> None:
        """Run, and hold what came of it against a run without a cache."""
        names = list(tree.settings.patterns)
        forced = frozenset({self.chance.choice(names)} if self.chance.random() < 0.05 else ())
        unknown = frozenset({self.chance.choice(names)} if self.chance.random() < 0.05 else ())
        cached = self.chance.random() < 0.97
        ran = tree.run(self.chance, forced=forced, unknown=unknown, cached=cached)
        self.history.append(f"{tree.root.name}: run, {sorted(ran.decided('reused'))} reused")
        self.reused += len(ran.decided("reused"))
        self.ran += len(ran.decided("ran"))
        expected = tree.foretold()
        wrong = {name: (end, expected[name]) for name, end in ran.ends.items() if end != expected[name]}
        assert not wrong, "\n".join([*self.history[:1], *self.history[-25:], repr(wrong)])

    def run_with_edits(self, tree: WorkTree) -> None:
        """Run while somebody edits: what comes of it then is anyone's guess, but the next run must be right."""
        touched: dict[Path, tuple[bytes, os.stat_result]] = {}

        def meanwhile(name: str, moment: str) -> None:
            if moment == "after" and touched:  # everything is as it was before the task read it, times included
                for path, (data, status) in touched.items():
                    path.write_bytes(data)
                    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                touched.clear()
            elif moment == "before" and self.chance.random() < 0.3 and (path := self.edits.some_file(tree)):
                touched[path] = path.read_bytes(), path.stat()
                path.write_bytes(touched[path][0][::-1])
                self.history.append(f"{tree.root.name}: {path.name} is another while {name} reads")
            elif self.chance.random() < 0.4:
                self.history.append(f"{tree.root.name}: {self.edits.quiet(tree)} {moment} {name} reads")

        self.history.append(f"{tree.root.name}: run with edits")
        before = self.edits.photograph(tree)
        tree.run(self.chance, meanwhile=meanwhile)
        self.run(tree)
        if self.chance.random() < 0.7:  # what was stored under the files of before must be their result
            self.history.append(f"{tree.root.name}: everything as before the run with edits")
            self.edits.put_back(tree, before)
            self.run(tree)


def test_every_result_is_that_of_a_run_without_a_cache(tmp_path: Path) -> None:
    print(f"seed {SEED}, {STEPS} steps")
    driver = Driver(tmp_path, SEED)
    for _ in range(STEPS):
        driver.step()
    print(f"{driver.ran} tasks ran, {driver.reused} were reused")
    assert driver.reused > STEPS / 10, "hardly anything was reused: this shows nothing"


def test_with_nothing_changed_everything_that_passed_is_reused(tmp_path: Path) -> None:
    tree = WorkTree.make(tmp_path / "one", tmp_path / "store")
    assert tree.run().decided("ran") == set(tree.settings.patterns)
    again = tree.run()
    assert again.decided("reused") == set(tree.settings.patterns)
    assert again.ends == tree.foretold()
    other = WorkTree.make(tmp_path / "two", tmp_path / "store")
    assert other.run().decided("reused") == set(tree.settings.patterns)
