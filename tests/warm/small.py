"""A small project whose sessions take no environment, and runs of it by the real command line."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.inputs.test_index import git, write

LAUNCH = Path(__file__).with_name("launch.py")
NOXFILE = '''\
"""Sessions that tell what they read."""

import os
import pathlib

import nox

SALT = "1"


def told(*names):
    root = pathlib.Path(os.environ["NOXLINE_ROOT"])
    return [f"{name}: {(root / name).read_text()}" for name in names if (root / name).exists()]


@nox.session(venv_backend="none")
def unit(session):
    """Read sources, a file that git ignores, and a variable."""
    text = [SALT, os.environ.get("MODE", ""), *told("src/a.py", "src/b.py", "secret.env")]
    pathlib.Path(os.environ["NOXLINE_OUTPUT"], "out.txt").write_text("\\n".join(text))
    session.log("unit did its work")


@nox.session(venv_backend="none", requires=["unit"])
def after(session):
    """Read documentation and what `unit` left."""
    left = [pathlib.Path(need, "out.txt").read_text() for need in os.environ["NOXLINE_NEEDS"].split(os.pathsep)]
    pathlib.Path(os.environ["NOXLINE_OUTPUT"], "out.txt").write_text("\\n".join([*left, *told("docs/x.md")]))
'''
FILES: Mapping[str, str] = {
    ".gitignore": "*.env\n",
    "pyproject.toml": '[project]\nname = "small"\nversion = "1"\nrequires-python = ">=3.10"\n',
    "noxfile.py": NOXFILE,
    "src/a.py": "a = 1\n",
    "src/b.py": "b = 2\n",
    "docs/x.md": "words\n",
    "config/pipeline.toml": """\
standard = []
[stage.unit]
inputs = ["src", "secret.env"]
env = ["MODE"]
[stage.after]
inputs = ["docs"]
""",
}


@dataclass
class Done:
    """A process that came to its end, the run it made, and whether it was replayed."""

    code: int
    out: str
    err: str
    modules: frozenset[str]
    directory: Path | None

    @property
    def replayed(self) -> bool:
        """Tell whether nothing of the ordinary way was even imported."""
        return self.modules.isdisjoint({"nox", "click", "noxline.wiring", "noxline.running"})

    def document(self, name: str) -> Any:
        """Return a JSON document of the run directory."""
        assert self.directory is not None
        return json.loads((self.directory / name).read_text(encoding="utf-8"))

    @property
    def left(self) -> dict[str, str]:
        """Return the files of the run's tasks."""
        assert self.directory is not None
        tasks = self.directory / "tasks"
        paths = [path for path in tasks.glob("*/output/**/*") if path.is_file()]
        return {path.relative_to(tasks).as_posix(): path.read_text(encoding="utf-8") for path in paths}


@dataclass
class Small:
    """The project, with a store and a home of its own."""

    root: Path
    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path) -> Small:
        """Write the project and put it under version control."""
        root = folder / "project"
        for name, text in FILES.items():
            write(root / name.rpartition("/")[0], name.rpartition("/")[2], text)
        write(root, "secret.env", "s\n")
        git(root, "init", "-q")
        git(root, "add", ".")
        git(root, "commit", "-qm", "first")
        (folder / "home").mkdir()
        programs = folder / "bin"
        programs.mkdir()
        return cls(root, folder / "home")

    @property
    def store(self) -> Path:
        """Return the store of results."""
        return self.home / "cache" / "noxline"

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables of the runs."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        kept["PATH"] = f"{self.home.parent / 'bin'}{os.pathsep}{kept['PATH']}"
        own = {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache"), "LANG": "C.UTF-8"}
        return {**kept, **own, "SEEN_MODULES": str(self.home / "modules"), **self.environ}

    def ci(self, *arguments: str, folder: str = "", command: str = "ci") -> Done:
        """Run `noxline ci` to its end."""
        before = self._runs()
        done = subprocess.run(
            [sys.executable, str(LAUNCH), command, *arguments],
            cwd=self.root / folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return self._done(done.returncode, done.stdout, done.stderr, before)

    def on_a_terminal(self, columns: int) -> Done:
        """Run `noxline ci` on a terminal of some width."""
        import fcntl
        import struct
        import termios

        before = self._runs()
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, str(LAUNCH), "ci"],
            cwd=self.root,
            env=self.variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:
            pass  # that is how a terminal says that nobody writes to it any more
        os.close(ours)
        return self._done(process.wait(120), shown.decode(), "", before)

    def _runs(self) -> set[str]:
        runs = self.root / ".noxline" / "runs"
        return {path.name for path in runs.iterdir() if path.is_dir()} if runs.is_dir() else set()

    def _done(self, code: int, out: str, err: str, before: set[str]) -> Done:
        modules = (self.home / "modules").read_text(encoding="utf-8").split("\n")
        new = sorted(self._runs() - before)
        directory = self.root / ".noxline" / "runs" / new[-1] if new else None
        return Done(code, out, err, frozenset(modules), directory)

    def warmed(self) -> Done:
        """Run until a run is replayed, and return that one."""
        for _ in range(3):
            done = self.ci()
            assert done.code == 0, done.out + done.err
            if done.replayed:
                return done
        raise AssertionError(f"nothing is ever replayed\n{done.out}{done.err}")

    def expected(self) -> dict[str, str]:
        """Return what the tasks leave, worked out apart from all of it."""

        def told(*names: str) -> list[str]:
            paths = [(name, self.root / name) for name in names]
            return [f"{name}: {path.read_text(encoding='utf-8')}" for name, path in paths if path.exists()]

        salt = (self.root / "noxfile.py").read_text(encoding="utf-8").split('SALT = "')[1][0]
        unit = "\n".join([salt, self.environ.get("MODE", ""), *told("src/a.py", "src/b.py", "secret.env")])
        after = "\n".join([unit, *told("docs/x.md")])
        return {"unit/output/out.txt": unit, "after/output/out.txt": after}
