"""Whatever happens, a run by the real command line, replayed or not, leaves what a run without any cache leaves.

`NOXLINE_FUZZ_STEPS` and `NOXLINE_FUZZ_SEED` are those of `tests/reuse/test_never_wrong.py`; a step here is a hundred
times as dear, so that a hundredth as many are done.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.inputs.test_index import git
from tests.warm.small import FILES, Small
from tests.warm.test_damage import change_one_byte, kinds

STEPS = max(8, int(os.environ.get("NOXLINE_FUZZ_STEPS", "0")) // 100)
SEED = int(os.environ.get("NOXLINE_FUZZ_SEED") or random.SystemRandom().randrange(10**9))
NAMES = ("src/a.py", "src/b.py", "secret.env", "docs/x.md")

pytestmark = [pytest.mark.process, pytest.mark.timeout(max(600, STEPS * 60))]


class Hand:
    """Edits a project at random; `saved` is a file as it was at some time, with its times."""

    def __init__(self, small: Small, chance: random.Random) -> None:
        self.small = small
        self.chance = chance
        self.saved: tuple[Path, bytes, os.stat_result] | None = None

    @property
    def some_file(self) -> Path:
        """Return an input, which may not be there."""
        return self.small.root / self.chance.choice(NAMES)

    def content(self) -> None:
        """Write one of few texts."""
        self.some_file.write_text(self.chance.choice(("1\n", "2\n", "3\n")), encoding="utf-8")

    def same_size(self) -> None:
        """Write a text of the same size and put the times back."""
        path = self.some_file
        if path.exists():
            status, data = path.stat(), path.read_bytes()
            path.write_bytes(bytes(self.chance.sample(list(data), len(data))))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def touch(self) -> None:
        """Change times only."""
        path = self.some_file
        if path.exists():
            os.utime(path, (self.chance.randrange(10**9),) * 2)

    def delete(self) -> None:
        """Remove a file."""
        self.some_file.unlink(missing_ok=True)

    def rename(self) -> None:
        """Exchange two files, each keeping its times."""
        one, other = self.some_file, self.some_file
        if one.exists() and other.exists() and one != other:
            aside = one.with_name("aside")
            one.rename(aside)
            other.rename(one)
            aside.rename(other)

    def save(self) -> None:
        """Remember a file as it is."""
        path = self.some_file
        if path.exists():
            self.saved = path, path.read_bytes(), path.stat()

    def undo(self) -> None:
        """Put a file back as it was, times included."""
        if self.saved:
            path, data, status = self.saved
            path.write_bytes(data)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def restore(self) -> None:
        """Take a file back from git."""
        name = self.chance.choice([name for name in NAMES if name in FILES])
        git(self.small.root, "checkout", "-q", "HEAD", "--", name)

    def link(self) -> None:
        """Have a link in the place of a file, to one outside of the project."""
        path, target = self.some_file, self.small.home / "far.txt"
        target.write_text(self.chance.choice(("far\n", "near\n")), encoding="utf-8")
        if path.is_symlink() or self.chance.random() < 0.5:
            path.unlink(missing_ok=True)
            path.symlink_to(target)

    def git(self) -> None:
        """Let git do something that changes no file."""
        name = self.chance.choice([name for name in NAMES if name in FILES])
        commands = (("commit", "-qm", "more", "--allow-empty"), ("update-index", "--assume-unchanged", name))
        try:
            git(self.small.root, *self.chance.choice(commands))
        except subprocess.CalledProcessError:
            return  # git refuses what makes no sense here

    def variable(self) -> None:
        """Set or unset a variable."""
        name = self.chance.choice(("MODE", "UNRELATED"))
        self.small.environ.pop(name, None)
        if self.chance.random() < 0.6:
            self.small.environ[name] = self.chance.choice(("a", "b"))

    def noxfile(self) -> None:
        """Change what the sessions do."""
        path = self.small.root / "noxfile.py"
        text = path.read_text(encoding="utf-8")
        head, _, tail = text.partition('SALT = "')
        path.write_text(f'{head}SALT = "{self.chance.choice("123")}{tail[1:]}', encoding="utf-8")

    def settings(self) -> None:
        """Change the settings of a stage, in a way that leaves its result."""
        text = FILES["config/pipeline.toml"]
        more = self.chance.choice(("", 'timeout = "9m"\n', "retries = 1\n"))
        (self.small.root / "config" / "pipeline.toml").write_text(text + more, encoding="utf-8")

    def damage(self) -> None:
        """Change a byte of a kept file, or remove it."""
        found = kinds(self.small)
        if found:
            path = self.chance.choice(found[self.chance.choice(sorted(found))])
            path.unlink() if self.chance.random() < 0.3 else change_one_byte(path, self.chance)

    def forget(self) -> None:
        """Remove noxline's state, or the store."""
        shutil.rmtree(self.chance.choice((self.small.root / ".noxline", self.small.store)), ignore_errors=True)

    def nothing(self) -> None:
        """Leave everything as it is."""


EDITS: dict[Callable[[Hand], None], int] = {
    Hand.content: 5, Hand.same_size: 3, Hand.touch: 2, Hand.delete: 2, Hand.rename: 2, Hand.save: 2, Hand.undo: 3,
    Hand.restore: 3, Hand.link: 2, Hand.git: 2, Hand.variable: 3, Hand.noxfile: 1, Hand.settings: 1, Hand.damage: 3,
    Hand.forget: 1, Hand.nothing: 6,
}  # fmt: skip


def test_every_run_leaves_what_one_without_a_cache_leaves(tmp_path: Path) -> None:
    print(f"seed {SEED}, {STEPS} steps")
    small, chance = Small.make(tmp_path), random.Random(SEED)
    hand, history, replayed = Hand(small, chance), [f"seed {SEED}"], 0
    for _ in range(STEPS):
        for edit in chance.choices(list(EDITS), list(EDITS.values()), k=chance.choice((1, 1, 2))):
            edit(hand)
            history.append(edit.__name__)
        for _ in range(chance.choice((1, 2))):
            done = small.ci()
            replayed += done.replayed
            history.append("replayed" if done.replayed else "run")
            assert done.code == 0, "\n".join([*history[-25:], done.out, done.err])
            assert done.left == small.expected(), "\n".join([*history[:1], *history[-25:], done.out])
    print(f"{replayed} runs were replayed")
    assert replayed, "nothing was replayed: this shows nothing"
