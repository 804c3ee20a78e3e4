"""`noxline watch` over real file events and real tasks, as a process of its own."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Noxline

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="it is ended by a signal"),
]
NOXFILE = """\
import nox


@nox.session(venv_backend="none")
def code(session):
    session.run("python", "slow.py", external=True)


@nox.session(venv_backend="none")
def pages(session):
    print("nothing to do")
"""
SETTINGS = """\
standard = []
[stage.code]
inputs = ["*.py"]
[stage.pages]
inputs = ["*.md"]
"""
FAST = "print('done')\n"
SLOW = "import pathlib, time\npathlib.Path('../started').touch()\ntime.sleep(100)\n"


class Watching:
    """A running `noxline watch` and what it prints."""

    def __init__(self, root: Path) -> None:
        environ = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "noxline", "watch"],
            cwd=root,
            env={**environ, "PYTHONUTF8": "1", "XDG_CACHE_HOME": str(root.parent / "cache")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip("\n"))

    def until(self, beginning: str) -> list[str]:
        """Return the lines up to the first with this beginning, that one included."""
        lines: list[str] = []
        while not lines or not lines[-1].startswith(beginning):
            try:
                lines.append(self._lines.get(timeout=60))
            except queue.Empty:
                pytest.fail(f"no line begins with {beginning!r} after: {lines}")
        return lines


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "config").mkdir(parents=True)
    (root / "noxfile.py").write_text(NOXFILE, encoding="utf-8")
    (root / "config" / "pipeline.toml").write_text(SETTINGS, encoding="utf-8")
    (root / "slow.py").write_text(FAST, encoding="utf-8")
    (root / "a.md").write_text("a", encoding="utf-8")
    return root


@pytest.fixture
def watching(root: Path) -> Iterator[Watching]:
    pytest.importorskip("watchfiles")
    started = Watching(root)
    yield started
    started.process.kill()
    started.process.wait(10)


def _edit(root: Path, name: str, text: str) -> None:
    """Replace a file at once: one that is written in place is empty for a moment, which may be an edit of its own."""
    beside = root.parent / "edited"
    beside.write_text(text, encoding="utf-8")
    beside.replace(root / name)


def _wait_for_slow(root: Path) -> None:
    """Wait until the slow task runs: an edit before that is still part of what the run reads."""
    started, end = root.parent / "started", time.monotonic() + 60
    while not started.exists():
        assert time.monotonic() < end, "the slow task does not start"
        time.sleep(0.01)
    started.unlink()


def test_edits_run_what_they_touch_cancel_what_is_on_and_ctrl_c_ends_it(root: Path, watching: Watching) -> None:
    first = watching.until("passed in ")
    assert first[:2] == [f"watching {root}; Ctrl-C ends it", "running: code, pages"]
    _edit(root, "a.md", "b")
    assert watching.until("passed in ")[:2] == ["edit: a.md", "running: pages"]
    _edit(root, "slow.py", SLOW)
    assert watching.until("running: ") == ["edit: slow.py", "running: code"]
    _wait_for_slow(root)
    _edit(root, "a.md", "c")
    assert watching.until("running: ") == ["stopped", "edit: a.md, slow.py", "running: code, pages"]
    _wait_for_slow(root)
    _edit(root, "slow.py", FAST)
    assert watching.until("passed in ")[-1].startswith("passed in ")
    _edit(root, "config/pipeline.toml", f"{SETTINGS}nonsense = 1\n")
    assert watching.until("error: ")[0] == "edit: config/pipeline.toml"
    _edit(root, "config/pipeline.toml", SETTINGS)
    assert "running: code, pages" in watching.until("passed in ")
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(20) == 130
    assert watching.until("noxline: interrupted")[-1] == "noxline: interrupted"


def test_a_stage_that_is_not_there_is_refused_before_anything_is_watched(root: Path) -> None:
    pytest.importorskip("watchfiles")
    done = subprocess.run(
        [sys.executable, "-m", "noxline", "watch", "kode"], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith("noxline: error: there is no stage or task called 'kode'")


def test_the_help_says_what_it_needs(noxline: Noxline) -> None:
    assert "noxline[watch]" in noxline("watch", "--help").out
