"""A fresh clone of many files, which a child reads as well: whatever becomes of it, the run is the same."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from noxline.warm.key import cores
from noxline.warm.shares import FEW
from tests.cache.remote_servers import nginx
from tests.inputs.test_index import git, write
from tests.warm.small import LAUNCH, Small
from tests.warm.test_borrow import PRIVATE, Shared, _shared, sources, warnings

pytestmark = pytest.mark.process
SEEN_FORKS = """
import os, sys
if os.environ.get("SEEN_FORKS"):
    note = os.open(os.environ["SEEN_FORKS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.addaudithook(lambda event, _args: os.write(note, b"f") if event == "os.fork" else None)
"""
IN_CHILD = """
import os, signal
os.register_at_fork(after_in_child=lambda: {})
"""
IN_LOOK = """
import os, signal
from noxline.warm import shares
parent, look = os.getpid(), shares.look
shares.look = lambda root, names: look(root, names) if os.getpid() == parent else {}
"""
FATES = {
    "it does its part": "",
    "there is no such thing": "import os\ndel os.fork",
    "it is killed": IN_CHILD.format("os.kill(os.getpid(), signal.SIGKILL)"),
    "it ends at once": IN_CHILD.format("os._exit(0)"),
    "it is interrupted": IN_LOOK.format("signal.raise_signal(signal.SIGINT)"),
    "it fails": IN_LOOK.format("1 / 0"),
}


@pytest.fixture(scope="module")
def many(real_component: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Return a project of many files whose run is lent; `hooks` lies on the path of every run."""
    folder = tmp_path_factory.mktemp("many")
    write(folder / "hooks", "sitecustomize.py", SEEN_FORKS)
    with nginx(real_component("nginx"), folder / "nginx") as server:
        made = _shared(server, folder)
        for number in range(FEW + 100):
            write(made.origin.root, f"src/many/m{number:04}.py", f"value = {number}\n")
        git(made.origin.root, "add", ".")
        git(made.origin.root, "commit", "-qm", "many")
        made.sign(PRIVATE, PYTHONPATH=str(folder / "hooks"))
        yield made


def hooked(many: Shared, code: str) -> Small:
    """Return a fresh clone whose runs begin with some code, and note where they fork."""
    write(many.folder / "hooks", "sitecustomize.py", SEEN_FORKS + code)
    return many.clone(PYTHONPATH=str(many.folder / "hooks"))


@pytest.mark.parametrize("fate", FATES)
def test_the_run_is_replayed_whatever_becomes_of_the_child(many: Shared, fate: str) -> None:
    clone = hooked(many, FATES[fate])
    done = clone.ci()
    assert (done.code, done.err) == (0, "")
    assert done.replayed
    assert done.left == clone.expected()
    assert sources(done) == [("reused", "remote")] * 2
    again = clone.ci()
    assert again.replayed
    assert sources(again) == [("reused", "local")] * 2


@pytest.mark.parametrize("place", [0, FEW + 99])
def test_a_file_that_differs_is_seen_whoever_reads_it(many: Shared, place: int) -> None:
    clone = hooked(many, "")
    write(clone.root, f"src/many/m{place:04}.py", "other\n")
    done = clone.ci()
    assert done.code == 0
    assert not done.replayed
    assert done.document("run.json")["tasks"][0]["decision"] == "ran"


@pytest.mark.skipif(cores() < 2, reason="one processor has no child")
def test_a_child_is_had_where_there_are_many_files(many: Shared) -> None:
    """Not by a run that finds what it kept, though."""
    note = many.folder / "forks"
    clone = hooked(many, "")
    clone.environ["SEEN_FORKS"] = str(note)
    clone.ci()
    assert note.read_bytes() == b"f"
    assert clone.warmed().replayed
    assert note.read_bytes() == b"f"


@pytest.fixture
def deaf() -> Iterator[str]:
    """Return the address of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield f"http://127.0.0.1:{server.getsockname()[1]}/noxline"


def toward(clone: Small, many: Shared, url: str, timeout: str) -> None:
    """Have a clone ask another remote."""
    settings = clone.root / "config/pipeline.toml"
    text = settings.read_text().replace(many.server.url, url)
    settings.write_text(text.replace("keys = [", f'timeout = "{timeout}"\nkeys = [') if timeout else text)


def begun(clone: Small) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(LAUNCH), "ci"],
        cwd=clone.root,
        env=clone.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("to_all", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_both(many: Shared, deaf: str, number: signal.Signals, to_all: bool) -> None:
    """While the remote does not answer: from a terminal, which tells all processes, and from elsewhere."""
    clone = hooked(many, "")
    toward(clone, many, deaf, "")
    with begun(clone) as process:
        time.sleep(1.5)
        (os.killpg if to_all else os.kill)(process.pid, number)
        _, error = process.communicate(timeout=20)
        if number == signal.SIGINT:
            assert (process.returncode, error.strip()) == (130, "noxline: interrupted")
        else:
            assert process.returncode in (-signal.SIGTERM, 130)
        end = time.monotonic() + 10
        while _group_is_there(process.pid) and time.monotonic() < end:
            time.sleep(0.05)
        assert not _group_is_there(process.pid)


def _group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_remote_that_does_not_answer_costs_one_time_out(many: Shared, deaf: str) -> None:
    clone = hooked(many, "")
    toward(clone, many, deaf, "1s")
    done = clone.ci()
    assert done.code == 0, done.out + done.err
    assert done.left == clone.expected()
    assert len(warnings(done, "is left alone for the rest of this run")) <= 1
