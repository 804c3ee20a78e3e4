"""The audit hook in real child interpreters, of every Python that noxline drives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from noxline.audit.observed import Observed
from noxline.audit.reading import read_observed
from noxline.sessions.measure import INJECTED

pytestmark = pytest.mark.process

OLD = ("3.8", "3.9", "3.10", "3.12", "3.13")


def interpreters() -> list[Path]:
    """Return this Python, and of each other version the newest that pyenv has."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [sorted(versions.glob(f"{version}.*/bin/python")) for version in OLD]
    return [Path(sys.executable), *(paths[-1] for paths in found if paths)]


def run(root: Path, program: str, *, python: Path | None = None, code: int = 0, **environ: str) -> Observed:
    """Run a program in the project with the hook; return what was observed."""
    used = root.parent / "used"
    used.mkdir(exist_ok=True)
    (used / "begin.json").write_text('{"at": 0, "pid": 0, "own": true}')
    base = {k: v for k, v in os.environ.items() if not k.startswith(("NOXLINE_", "COVERAGE_"))}
    asked = {"PYTHONPATH": str(INJECTED), "NOXLINE_AUDIT": str(used), "NOXLINE_ROOT": str(root)}
    (root / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [python or sys.executable, "program.py"],
        cwd=root,
        env={**base, **asked, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    observed = read_observed(used, root)
    assert observed is not None
    return observed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("data/a.txt", "data/sub/b.txt", "table/x", "old.txt", "bytes.txt", "dirfd.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "lib").mkdir()
    (root / "lib" / "helper.py").write_text("VALUE = 1\n")
    return root


EVERYTHING = """
import os, pathlib, shutil, subprocess, sys, threading
open("data/a.txt").close()
open(b"bytes.txt").close()
pathlib.Path("data/sub/b.txt").exists()
os.path.exists("never.txt")
try:
    open("nothing.cfg")
except OSError:
    pass
os.listdir("table")
sys.path.insert(0, "lib")
import helper
subprocess.run([sys.executable, "-c", "import sys; sys.path.insert(0, 'lib'); import helper"], check=True)
with open("out.txt", "w") as file:
    file.write("x")
open("out.txt").close()
os.makedirs("tmp/deep", exist_ok=True)
open("tmp/deep/x", "w").close()
os.listdir("tmp")
shutil.rmtree("tmp")
os.remove("old.txt")
folder = os.open(".", os.O_RDONLY)
os.close(os.open("dirfd.txt", os.O_RDONLY, dir_fd=folder))
os.chdir("data")
open("../table/../table/x").close()
def work():
    os.environ.get("FROM_A_THREAD")
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: path.parent.parent.name)
def test_files_are_seen_in_every_python(root: Path, python: Path) -> None:
    found = run(root, EVERYTHING, python=python)
    everything = {"program.py", "data/a.txt", "bytes.txt", "data/sub/b.txt", "lib/helper.py", "table/x"}
    assert found.reads >= everything
    assert "out.txt" not in found.reads
    if sys.platform == "linux":
        assert "dirfd.txt" in found.reads
    assert {"never.txt", "nothing.cfg"} <= found.missing
    assert "helper.py" not in str(found.missing)
    assert found.listed == {"table"}
    assert found.writes == {"out.txt", "old.txt"}
    assert "FROM_A_THREAD" in found.unset
    assert found.processes == 2


VARIABLES = """
import os, subprocess, sys
os.environ["READ"]
"ASKED" in os.environ
os.getenv("UNSET")
dict(os.environ), {**os.environ}, os.environ.copy()
subprocess.run([sys.executable, "-S", "-c", ""], env=os.environ, check=True)
subprocess.run([sys.executable, "-S", "-c", ""], env=dict(os.environ, X="1"), check=True)
os.environ["OWN"] = "1"
os.environ["OWN"]
os.environ["BACK"] = "2"
os.environ["BACK"] = "1"
os.environ["BACK"]
for name in os.environ:
    if name.startswith("PREFIX_"):
        os.environ[name]
from unittest import mock
with mock.patch.dict(os.environ, {"A": "1"}, clear=True):
    pass
os.environ["LATER"]
"""


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: path.parent.parent.name)
def test_variables_that_are_read_and_those_that_are_passed_on(root: Path, python: Path) -> None:
    names = ("READ", "ASKED", "BACK", "PREFIX_A", "LATER", "NEVER")
    found = run(root, VARIABLES, python=python, **dict.fromkeys(names, "1"))
    ours = {name for name in found.variables if not name.startswith(("PYTHON", "NOXLINE", "_"))}
    assert ours >= {"READ", "ASKED", "BACK", "PREFIX_A", "LATER", "*"}
    assert not ours & {"NEVER", "OWN", "A"}
    assert "UNSET" in found.unset


def test_a_kill_loses_nothing_that_was_done_before(root: Path) -> None:
    program = "import os, signal\nopen('data/a.txt').close()\nos.kill(os.getpid(), signal.SIGKILL)\n"
    assert "data/a.txt" in run(root, program, code=-9).reads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_children_that_leave_without_a_word_are_seen(root: Path) -> None:
    program = (
        "import multiprocessing, os\n"
        "def work(name):\n    open(name).close()\n"
        "if __name__ == '__main__':\n"
        "    process = multiprocessing.get_context('fork').Process(target=work, args=('data/a.txt',))\n"
        "    process.start(); process.join()\n"
        "    pid = os.fork()\n"
        "    if not pid:\n        open('bytes.txt').close(); os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    )
    found = run(root, program)
    assert found.reads >= {"data/a.txt", "bytes.txt"}


def test_a_program_that_closes_all_descriptors_keeps_its_own_files_whole(root: Path) -> None:
    program = (
        "import os\nos.closerange(3, 100)\n"
        "fd = os.open('mine.txt', os.O_WRONLY | os.O_CREAT)\n"
        "open('data/a.txt').close()\nos.write(fd, b'mine')\n"
    )
    found = run(root, program)
    assert "data/a.txt" in found.reads
    assert (root / "mine.txt").read_text() == "mine"


def test_programs_keep_working_as_without_the_hook(root: Path) -> None:
    program = (
        "import copy, inspect, os, pathlib, pickle, shutil, sys, threading\n"
        "assert pickle.loads(pickle.dumps(os.stat)) is os.stat\n"
        "assert os.stat in os.supports_follow_symlinks and os.open in os.supports_dir_fd\n"
        "assert 'path' in inspect.signature(os.stat).parameters\n"
        "class Holder:\n    stat = os.stat\n"
        "assert Holder().stat('data').st_mode\n"
        "try:\n    os.stat('gone')\nexcept FileNotFoundError as error:\n    assert error.filename == 'gone'\n"
        "try:\n    open('a\\0b')\nexcept ValueError:\n    pass\n"
        "try:\n    os.environ['GONE']\nexcept KeyError as error:\n    assert error.args == ('GONE',)\n"
        "assert os.stat(0) and not os.access('gone', os.R_OK) and os.access('data', os.R_OK)\n"
        "sys.setrecursionlimit(150)\n"
        "def deep(n):\n    os.path.exists('data'); deep(n + 1)\n"
        "try:\n    deep(0)\nexcept RecursionError:\n    pass\n"
        "sys.setrecursionlimit(1000)\n"
        "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        "try:\n    open('x')\nexcept FileNotFoundError:\n    pass\n"
        "class Late:\n    def __del__(self):\n        open(__file__).close()\n"
        "late = Late(); cycle = [late]; cycle.append(cycle)\n"
    )
    run(root, program.replace("open(__file__)", f"open({str(root / 'program.py')!r})"))


def test_a_folder_that_is_gone_breaks_nothing(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "print(open('data/a.txt').read())"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(INJECTED), "NOXLINE_AUDIT": str(root / "no"), "NOXLINE_ROOT": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\n", "")
