"""What may happen to a project, to its store and to noxline's state, drawn at random."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from noxline.fingerprints import open_index
from tests.inputs.test_index import git
from tests.reuse.world import FILES, UNTRACKED, WorkTree, write

WORDS = ("1", "2", "x = 1\n# why", "x = 1\n# because", "FAIL", "y" * 40, "")
NEW = ("src/new.py", "src/pkg/deep/n.py", "tests/t5.py", "docs/y.md", "src/gen/e.py", "src/é\n.py", "bench/c d.txt")
NEW_IGNORED = ("src/x.env", "bench/y.env", "free.env")
LINKS = ("link", "src/link.py", "docs/l.md", "tests/folder")


class Edits:
    """Draws edits and does them; `outside` is a folder that links lead to."""

    def __init__(self, chance: Random, outside: Path) -> None:
        self.chance = chance
        self.outside = outside
        self.saved: dict[Path, tuple[bytes, os.stat_result]] = {}
        write(outside / "far.txt", "far\n")
        write(outside / "folder" / "near.txt", "near\n")

    def one(self, tree: WorkTree) -> str:
        """Do one edit that is drawn, and return its name."""
        kinds = list(EDITS)
        kind = self.chance.choices(kinds, weights=[EDITS[one] for one in kinds])[0]
        edit: Callable[[WorkTree], None] = getattr(self, kind)
        edit(tree)
        return kind

    def quiet(self, tree: WorkTree) -> str:
        """Do one edit of files alone: such as may happen while a task runs."""
        kind = self.chance.choice(DURING)
        edit: Callable[[WorkTree], None] = getattr(self, kind)
        edit(tree)
        return kind

    def some_file(self, tree: WorkTree) -> Path | None:
        """Return a regular file of the project."""
        names = (*FILES, *UNTRACKED, *NEW, *NEW_IGNORED)
        there = [path for name in names if (path := tree.root / name).is_file() and not path.is_symlink()]
        return self.chance.choice(there[1:]) if there[1:] else None  # the first is .gitignore

    def photograph(self, tree: WorkTree) -> dict[Path, tuple[bytes, int]]:
        """Return the regular files that edits may reach, with content and mode."""
        return {path: (path.read_bytes(), path.stat().st_mode) for path in self._reachable(tree) if path.is_file()}

    def put_back(self, tree: WorkTree, files: Mapping[Path, tuple[bytes, int]]) -> None:
        """Make the regular files what they were."""
        for path in self._reachable(tree):
            if path not in files and path.is_file():
                path.unlink()
        for path, (data, mode) in files.items():
            if not path.is_symlink():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                path.chmod(mode & 0o777)

    def _reachable(self, tree: WorkTree) -> list[Path]:
        names = [*FILES, *UNTRACKED, *NEW, *NEW_IGNORED]
        inside = [tree.root / name for name in names if not (tree.root / name).is_symlink()]
        return inside + [self.outside / name for name in ("far.txt", "folder/near.txt", "folder/new.txt")]

    def content(self, tree: WorkTree) -> None:
        """Write another text."""
        if path := self.some_file(tree):
            path.write_text(self.chance.choice(WORDS), encoding="utf-8")

    def same_size(self, tree: WorkTree) -> None:
        """Write a text of the same length and put the times back."""
        path = self.some_file(tree)
        if path is None:
            return
        status, data = path.stat(), path.read_bytes()
        path.write_bytes(bytes(self.chance.sample(list(data), len(data))))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def same_second(self, tree: WorkTree) -> None:
        """Write a text, let noxline look at it, and at once write another of the same size and with the same times."""
        path = self.some_file(tree)
        if path is None:
            return
        path.write_text("edit 1", encoding="utf-8")
        status = path.stat()
        index = open_index(tree.root, lambda _warning: None)
        index.refresh()
        for patterns in tree.settings.patterns.values():
            index.digest(patterns)
        index.save()
        path.write_text("edit 2", encoding="utf-8")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def save(self, tree: WorkTree) -> None:
        """Remember a file as it is, for `undo`."""
        if path := self.some_file(tree):
            self.saved[path] = path.read_bytes(), path.stat()

    def undo(self, tree: WorkTree) -> None:
        """Put a file back as it was, with its times and its mode, as a backup is put back."""
        mine = [path for path in self.saved if path.is_relative_to(tree.root) and not path.is_symlink()]
        if not mine:
            return
        path = self.chance.choice(mine)
        data, status = self.saved[path]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(status.st_mode & 0o777)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def swap(self, tree: WorkTree) -> None:
        """Exchange two files, each keeping its times."""
        one, other = self.some_file(tree), self.some_file(tree)
        if one and other and one != other:
            aside = tree.root / ".noxline" / "aside"
            aside.parent.mkdir(exist_ok=True)
            one.rename(aside)
            other.rename(one)
            aside.rename(other)

    def touch(self, tree: WorkTree) -> None:
        """Change nothing but times."""
        if path := self.some_file(tree):
            os.utime(path, (self.chance.randrange(10**9), self.chance.randrange(10**9)))

    def mode(self, tree: WorkTree) -> None:
        """Change the executable bit."""
        if path := self.some_file(tree):
            path.chmod(self.chance.choice((0o644, 0o755, 0o600)))

    def rename(self, tree: WorkTree) -> None:
        """Give a file another name."""
        path, target = self.some_file(tree), tree.root / self.chance.choice(NEW)
        if path and not target.exists() and not target.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)

    def delete(self, tree: WorkTree) -> None:
        """Remove a file."""
        if path := self.some_file(tree):
            path.unlink()

    def restore(self, tree: WorkTree) -> None:
        """Take a file back from git."""
        name = self.chance.choice(list(FILES))
        try:
            git(tree.root, "checkout", "-q", "HEAD", "--", name)
        except subprocess.CalledProcessError:
            return  # the last commit does not have it

    def create(self, tree: WorkTree) -> None:
        """Write a file that may be new."""
        path = tree.root / self.chance.choice((*NEW, *NEW_IGNORED, *UNTRACKED))
        if not path.is_dir() and not path.is_symlink():
            write(path, self.chance.choice(WORDS))

    def link(self, tree: WorkTree) -> None:
        """Make a link, lead it elsewhere, or take it away."""
        path = tree.root / self.chance.choice(LINKS)
        if path.is_symlink():
            path.unlink()
        targets = ("far.txt", "folder", "nowhere")
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.chance.random() < 0.8:
            path.symlink_to(self.outside / self.chance.choice(targets))

    def behind(self, tree: WorkTree) -> None:
        """Edit what lies behind links."""
        del tree
        name = self.chance.choice(("far.txt", "folder/near.txt", "folder/new.txt"))
        write(self.outside / name, self.chance.choice(WORDS))

    def git(self, tree: WorkTree) -> None:
        """Let git do something that changes no file."""
        file = self.chance.choice(list(FILES))
        commands = (
            ("add", "-A"),
            ("commit", "-qam", "more", "--allow-empty"),
            ("update-index", "--assume-unchanged", file),
            ("update-index", "--no-assume-unchanged", file),
            ("update-index", "--skip-worktree", file),
            ("update-index", "--no-skip-worktree", file),
            ("rm", "-q", "--cached", file),
        )
        try:
            git(tree.root, *self.chance.choice(commands))
        except subprocess.CalledProcessError:
            return  # git refuses what makes no sense here

    def variable(self, tree: WorkTree) -> None:
        """Set or unset a variable."""
        name = self.chance.choice(("FLAGS", "MODE", "UNRELATED", "PYTHONHASHSEED"))
        tree.settings.environ.pop(name, None)
        if self.chance.random() < 0.7:
            tree.settings.environ[name] = self.chance.choice(("", "1", "2"))

    def package(self, tree: WorkTree) -> None:
        """Let an environment hold other packages."""
        tree.settings.packages.pop("six", None)
        tree.settings.packages["pytest"] = self.chance.choice(("8.4.1", "8.4.2"))
        if self.chance.random() < 0.7:
            tree.settings.packages["six"] = self.chance.choice(("1.0", "1.1"))

    def noxfile(self, tree: WorkTree) -> None:
        """Change what sessions do."""
        tree.settings.noxfile = self.chance.choice("123")

    def patterns(self, tree: WorkTree) -> None:
        """Change the settings of inputs."""
        choices: Mapping[str, tuple[tuple[str, ...], ...]] = {
            "compile": (("src", "pyproject.toml"), ("src", "!src/b.py"), ("src/**", "conf.toml"), ("src/gen",)),
            "parse": (("src/**/*.py", "!src/gen/**"), ("**/*.py",), ("src/[ab].py",)),
            "report": (("docs/*.md", "link"), ("docs", "*.md"), ("link/near.txt", "docs/?.md")),
            "bench": (("bench", "secret.env"), ("bench/**",), ("bench", "*.env"), ("bench", "other.env")),
        }
        name = self.chance.choice(list(choices))
        tree.settings.patterns[name] = self.chance.choice(choices[name])

    def shards(self, tree: WorkTree) -> None:
        """Give the shards other tests."""
        names = ["t1", "t2", "t3", "t4", "t5"]
        cut = self.chance.randrange(1, 5)
        tree.settings.shards = {"unit#1/2": tuple(names[:cut]), "unit#2/2": tuple(names[cut:])}

    def damage(self, tree: WorkTree) -> None:
        """Change, cut off or remove a file of the store or of noxline's state."""
        stored = [path for path in tree.store.rglob("*") if path.is_file()]
        state = [path for path in (tree.root / ".noxline" / "state").rglob("*") if path.is_file()]
        kept = self.chance.choice((stored, stored, state))
        if not kept:
            return
        path = self.chance.choice(sorted(kept))
        data = path.read_bytes()
        what = self.chance.randrange(4)
        place = self.chance.randrange(len(data)) if data else 0
        if what == 0 or not data:
            path.unlink()
        elif what == 1:
            path.write_bytes(data[:place])
        else:
            path.write_bytes(data[:place] + bytes([data[place] ^ self.chance.randrange(1, 256)]) + data[place + 1 :])

    def evict(self, tree: WorkTree) -> None:
        """Remove a share of the store, as another process might."""
        for path in sorted(path for path in tree.store.rglob("*") if path.is_file()):
            if self.chance.random() < 0.3:
                path.unlink()

    def forget(self, tree: WorkTree) -> None:
        """Remove noxline's state."""
        shutil.rmtree(tree.root / ".noxline", ignore_errors=True)


EDITS: Mapping[str, int] = {
    "content": 8,
    "same_size": 5,
    "same_second": 3,
    "save": 3,
    "undo": 3,
    "swap": 3,
    "touch": 2,
    "mode": 3,
    "rename": 3,
    "delete": 2,
    "restore": 5,
    "create": 5,
    "link": 3,
    "behind": 3,
    "git": 2,
    "variable": 3,
    "package": 2,
    "noxfile": 1,
    "patterns": 2,
    "shards": 2,
    "damage": 4,
    "evict": 1,
    "forget": 1,
}
DURING = ("content", "same_size", "undo", "swap", "mode", "rename", "delete", "create", "link", "behind", "restore")
