"""Files that two processes read are what one would have found, however the child ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from noxline.inputs.index import Index
from noxline.inputs.listing import begin
from noxline.warm import beside
from noxline.warm.key import cores
from noxline.warm.shares import FEW, Files, Shares
from tests.inputs.test_index import git, write

pytestmark = pytest.mark.process  # git lists the files
SETS = (("**",), ("src/**",), ("src/m00*", "!src/m001*"), ("kept.env", "src/m0001.py"), ("nothing",))
COUNT = FEW + 100


class Fake:
    """A child that does its work before anybody else, or dies with all that it took."""

    def __init__(self, answer: bytes | None) -> None:
        self._answer = answer
        self.dropped = False

    def answer(self) -> bytes | None:
        """Return what it did."""
        return self._answer

    def drop(self) -> None:
        """Note that nobody wants it."""
        self.dropped = True


def diligent(work: Callable[[], bytes]) -> Fake:
    return Fake(work())


def dying(work: Callable[[], bytes]) -> Fake:
    work()
    return Fake(None)


def absent(_work: Callable[[], bytes]) -> None:
    return None


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of more files than one process reads alone."""
    root = tmp_path_factory.mktemp("project")
    for number in range(COUNT):
        write(root, f"src/m{number:04}.py", f"value = {number}\n" * (number % 7))
    write(root, "a\tb\n\\.py", "odd\n")
    write(root, "big.bin", "x" * ((1 << 20) + 1))
    (root / "link").symlink_to("src/m0003.py")
    (root / "src/m0005.py").chmod(0o755)
    write(root, ".gitignore", "*.env\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    (root / "src/m0004.py").unlink()
    write(root, "untracked.py", "new\n")
    write(root, "kept.env", "secret\n")
    return root


def seen(index: Index) -> list[tuple[str, bytes]]:
    return [(index.digest(patterns), index.select(patterns).text) for patterns in SETS]


def ordinary(root: Path) -> Index:
    index = Index(str(root), str(root / ".noxline/state/other"), pytest.fail)
    index.refresh()
    return index


def shared(root: Path) -> Index:
    files = Files(str(root), begin(str(root)))
    try:
        index = files.begin()
        assert index is not None
        index.expect(SETS)
        files.end(index)
    finally:
        files.drop()
    return index


@pytest.mark.parametrize("start", [diligent, dying, absent, beside.start])
def test_what_is_found_does_not_depend_on_who_reads(
    project: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[..., object]
) -> None:
    monkeypatch.setattr(beside, "start", start)
    found = shared(project)
    assert seen(found) == seen(ordinary(project))
    assert found.by_git


def test_it_is_kept_as_an_ordinary_look_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "start", diligent)
    found = shared(project)
    expected = seen(found)
    found.save()
    again = Index(str(project), str(project / ".noxline/state/index"), pytest.fail)
    assert not again.refresh()
    assert seen(again) == expected
    write(project, "src/m0001.py", "edited\n")
    assert again.refresh()
    known = shared(project)  # it has an index of an earlier run now
    assert seen(known) == seen(again) == seen(ordinary(project))
    (project / ".noxline/state/index").unlink()


def test_repositories_inside_and_folders_without_git_are_looked_at_too(tmp_path: Path) -> None:
    write(tmp_path / "plain/src", "a.py", "a\n")
    assert seen(shared(tmp_path / "plain")) == seen(ordinary(tmp_path / "plain"))
    outer, inner = tmp_path / "outer", tmp_path / "outer/inner"
    write(inner, "c.py", "c\n")
    write(outer, "src/a.py", "a\n")
    for root in (inner, outer):
        git(root, "init", "-q")
    git(inner, "add", ".")
    assert seen(shared(outer)) == seen(ordinary(outer))
    git(inner, "commit", "-qm", "inner")
    git(outer, "add", ".")  # a folder among the names now
    found = shared(outer)
    assert seen(found) == seen(ordinary(outer))
    assert "inner/c.py" in found.names


def test_whoever_does_not_end_leaves_nothing_behind(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = Fake(None)
    monkeypatch.setattr(beside, "start", lambda _work: child)
    for is_begun in (False, True):
        asked = begin(str(project))
        files = Files(str(project), asked)
        assert not is_begun or files.begin() is not None
        files.drop()
        with pytest.raises(ChildProcessError):
            os.waitpid(asked._pid, os.WNOHANG)
    assert child.dropped


def test_few_files_need_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "start", pytest.fail)
    assert Shares(str(tmp_path), ["none.py"] * FEW).taken()
    assert Shares(str(tmp_path), []).taken() == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="children are looked for in /proc")
@pytest.mark.skipif(cores() < 2, reason="one processor has no child")
def test_a_child_whose_parent_was_killed_goes_as_well(project: Path) -> None:
    code = f"""
import os, time
from noxline.warm import shares
look = shares.look
shares.look = lambda root, names: (time.sleep(0.2), look(root, names))[1]
print(shares.Shares({str(project)!r}, [f"src/m{{n:04}}.py" for n in range(20_000)])._child._pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = Path("/proc", process.stdout.readline().strip())
        assert child.exists()
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    end = time.monotonic() + 20
    while _is_running(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _is_running(child)


def _is_running(process: Path) -> bool:
    """Tell whether a process is there and at work; in a container nobody may wait for orphans."""
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
