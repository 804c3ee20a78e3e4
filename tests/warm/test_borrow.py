"""A fresh clone replays a run that a trusted machine lent; what differs, or was tampered with, leads to the truth."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from noxline.cache import frames, layout
from noxline.cache.envelope import seal
from noxline.cache.signing import SIGNING_KEY, TRUSTED, Statement, generate, signer_of
from tests.cache.remote_servers import Nginx, nginx
from tests.cache.test_http import MAIN_USER
from tests.inputs.test_index import git, write
from tests.warm.small import Done, Small

pytestmark = pytest.mark.process
PRIVATE, PUBLIC = generate()
STRANGE, _ = generate()
NEEDLESS = frozenset(
    ("re", "enum", "typing", "json", "socket", "functools", "dataclasses", "pathlib", "tomllib", "tomli", "zstandard")
) | {"cryptography.exceptions", "cryptography.utils", "cryptography.hazmat.primitives", "noxline.errors"}


@dataclass
class Shared:
    """A project whose results lie on a remote, put there by a run that signs for everybody."""

    server: Nginx
    origin: Small
    folder: Path
    _clones: int = 0

    def clone(self, **environ: str) -> Small:
        """Return a fresh clone with a store of its own."""
        self._clones += 1
        place = self.folder / f"clone-{self._clones}"
        (place / "home").mkdir(parents=True)
        (place / "bin").symlink_to(self.origin.home.parent / "bin")
        git(self.folder, "clone", "-q", str(self.origin.root), str(place / "project"))
        write(place / "project", "secret.env", "s\n")
        made = Small(place / "project", self.origin.home, dict(environ))
        made.environ = {**MAIN_USER, "XDG_CACHE_HOME": str(place / "home" / "cache"), **environ}
        return made

    def objects(self, kind: str) -> list[Path]:
        """Return the objects of a kind on the remote."""
        return sorted(path for path in (self.server.data / "v1/trusted" / kind).rglob("*") if path.is_file())

    def sign(self, key: str = PRIVATE, **environ: str) -> Done:
        """Run in a clone that signs, and thereby lend."""
        done = self.clone(NOXLINE_CACHE_SIGNING_KEY=key, **environ).ci()
        assert done.code == 0, done.out + done.err
        return done


def _shared(server: Nginx, folder: Path) -> Shared:
    origin = Small.make(folder / "origin")
    settings = (origin.root / "config/pipeline.toml").read_text()
    cache = f'[cache]\nremote = "{server.url}"\nkeys = ["{PUBLIC}"]\n'
    (origin.root / "config/pipeline.toml").write_text(settings.replace("[stage", f"{cache}[stage", 1))
    git(origin.root, "commit", "-qam", "remote")
    return Shared(server, origin, folder)


@pytest.fixture
def empty(real_component: Callable[..., str], tmp_path: Path) -> Iterator[Shared]:
    """Return a project with an empty remote."""
    with nginx(real_component("nginx"), tmp_path / "nginx") as server:
        yield _shared(server, tmp_path)


@pytest.fixture(scope="module")
def filled(real_component: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("filled")
    with nginx(real_component("nginx"), folder / "nginx") as server:
        made = _shared(server, folder)
        made.sign()
        shutil.copytree(server.data, folder / "backup")
        yield made


@pytest.fixture
def shared(filled: Shared) -> Shared:
    """Return the project with a remote on which a run is lent, as it was lent."""
    shutil.rmtree(filled.server.data)
    shutil.copytree(filled.folder / "backup", filled.server.data)
    return filled


def warnings(done: Done, about: str) -> list[str]:
    """Return the warnings of a run about something; what is printed, the report repeats at the end."""
    found = [line for line in (done.out + done.err).splitlines() if "warning" in line.lower() and about in line]
    return list(dict.fromkeys(line.strip() for line in found))


def sources(done: Done) -> list[tuple[str, str]]:
    return [(task["decision"], task["source"]) for task in done.document("run.json")["tasks"]]


def test_a_fresh_clone_replays_what_was_lent_and_the_next_run_what_it_kept(shared: Shared) -> None:
    clone = shared.clone()
    first = clone.ci()
    assert first.code == 0, first.out + first.err
    assert first.replayed
    assert first.left == clone.expected()
    assert sources(first) == [("reused", "remote")] * 2
    assert "reused (remote" in first.out
    assert first.err == ""
    shutil.rmtree(shared.server.data / "v1")
    second = clone.ci()
    assert second.replayed
    assert second.left == clone.expected()
    assert sources(second) == [("reused", "local")] * 2
    assert git(clone.root, "status", "--porcelain") in (None, "", b"")


def test_a_fresh_clone_imports_next_to_nothing(shared: Shared) -> None:
    """What each of these costs is a good part of the time that a borrowed run takes."""
    first = shared.clone().ci()
    assert first.replayed
    assert sorted((first.modules - bare_modules()) & NEEDLESS) == []


def bare_modules() -> frozenset[str]:
    """Return what an interpreter has imported by itself here: a coverage tracer brings much along."""
    code = "import atexit, os, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


def test_it_prints_and_writes_what_the_ordinary_way_does(shared: Shared) -> None:
    lent = shared.clone().ci()
    shutil.rmtree(shared.server.data / "v1/trusted/runs")
    ordinary = shared.clone().ci()
    assert (lent.replayed, ordinary.replayed) == (True, False)
    for text in ("unit", "after"):
        rows = [
            next(line for line in done.out.splitlines() if line.split()[1:2] == [text]) for done in (lent, ordinary)
        ]
        assert rows[0] == rows[1]
    documents = [done.document("run.json") for done in (lent, ordinary)]
    for document in documents:
        for name in ("run_id", "seconds", "metrics", "started_at"):
            document.pop(name)
        for task in document["tasks"]:
            task.pop("started")
            task.pop("seconds")
    assert documents[0] == documents[1]


CHANGES: dict[str, Callable[[Small], object]] = {
    "an input": lambda clone: write(clone.root, "src/a.py", "a = 2\n"),
    "an input that git ignores": lambda clone: write(clone.root, "secret.env", "t\n"),
    "an input more": lambda clone: write(clone.root, "src/c.py", "c = 3\n"),
    "an input less": lambda clone: (clone.root / "src/b.py").unlink(),
    "the noxfile": lambda clone: write(
        clone.root, "noxfile.py", (clone.root / "noxfile.py").read_text().replace('SALT = "1"', 'SALT = "2"')
    ),
    "a variable": lambda clone: clone.environ.update(MODE="other"),
    "settings": lambda clone: write(
        clone.root,
        "config/pipeline.toml",
        (clone.root / "config/pipeline.toml").read_text().replace('env = ["MODE"]', ""),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_clone_that_differs_comes_to_its_own_results(shared: Shared, change: str) -> None:
    clone = shared.clone()
    CHANGES[change](clone)
    done = clone.ci()
    assert done.code == 0, done.out + done.err
    assert not done.replayed
    assert done.left == clone.expected()


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def _unsigned(path: Path) -> None:
    path.write_bytes(b"noxline-1 \n" + path.read_bytes().partition(b"\n")[2])


HARMS: dict[str, Callable[[Path], object]] = {
    "flipped": _flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "empty": lambda path: path.write_bytes(b""),
    "unsigned": _unsigned,
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("kind", ["runs", "records/runs"])
@pytest.mark.parametrize("harm", HARMS)
def test_what_was_tampered_with_is_not_replayed(shared: Shared, kind: str, harm: str) -> None:
    (path,) = shared.objects(kind)
    HARMS[harm](path)
    clone = shared.clone()
    done = clone.ci()
    assert done.code == 0, done.out + done.err
    assert not done.replayed
    assert done.left == clone.expected()
    assert [decision for decision, _ in sources(done)] == ["reused"] * 2
    assert len(warnings(done, "is not used:")) == (0 if harm == "gone" else 1)


def resigned(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what a lent run says, and sign it again as a trusted run would."""
    content = path.read_bytes().partition(b"\n")[2]
    head, rest = layout.cut(content)
    told = json.loads(frames.decompress_up_to(head, 10**8))
    change(told)
    head = frames.compress(json.dumps(told).encode())
    content = layout.LENGTH.pack(len(head)) + head + bytes(rest)
    signer = signer_of({SIGNING_KEY: PRIVATE})
    assert signer is not None
    path.write_bytes(seal(Statement(namespace=TRUSTED, kind="run", name=path.name, content=content), signer))


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "fewer patterns": lambda told: told["plan"][0].update(patterns=["docs"]),
    "other variables": lambda told: told["plan"][0].update(variables=["LANG"]),
    "no needs": lambda told: told["plan"][1].update(needs=[]),
    "entries exchanged": lambda told: (told["names"].reverse(), told["sizes"].reverse()),
    "a file elsewhere": lambda told: told["first"]["texts"].update({"../../../../stolen": "x"}),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_run_that_says_what_is_not_so_is_not_replayed(shared: Shared, lie: str) -> None:
    (path,) = shared.objects("runs")
    resigned(path, LIES[lie])
    clone = shared.clone()
    done = clone.ci()
    assert done.code == 0, done.out + done.err
    assert not done.replayed
    assert done.left == clone.expected()
    assert not list(shared.folder.rglob("stolen"))


def test_a_run_of_another_name_is_not_replayed(empty: Shared) -> None:
    empty.sign()
    (first,) = empty.objects("runs")
    write(empty.origin.root, "src/a.py", "a = 5\n")
    git(empty.origin.root, "commit", "-qam", "second")
    empty.sign()
    second = next(path for path in empty.objects("runs") if path != first)
    second.write_bytes(first.read_bytes())
    clone = empty.clone()
    done = clone.ci()
    assert not done.replayed
    assert done.left == clone.expected()


def test_a_key_that_is_not_listed_lends_nothing(empty: Shared) -> None:
    empty.sign(STRANGE)
    assert empty.objects("runs") == []
    assert empty.objects("entries") == []


def test_who_signs_goes_the_ordinary_way(shared: Shared) -> None:
    done = shared.sign()
    assert not done.replayed
    assert [decision for decision, _ in sources(done)] == ["reused"] * 2


@pytest.mark.parametrize("argument", ["--offline", "--no-cache", "--refresh", "--force=unit", "--all-tests"])
def test_whoever_wants_no_result_of_others_gets_none(shared: Shared, argument: str) -> None:
    assert not shared.clone().ci(argument).replayed


def test_a_remote_that_is_gone_costs_one_warning(shared: Shared) -> None:
    clone = shared.clone()
    settings = clone.root / "config/pipeline.toml"
    settings.write_text(settings.read_text().replace(shared.server.url, "http://127.0.0.1:9/noxline"))
    done = clone.ci()
    assert done.code == 0
    assert done.left == clone.expected()
    assert len(warnings(done, "is left alone for the rest of this run")) == 1


def test_a_result_that_is_too_old_is_not_replayed(empty: Shared) -> None:
    settings = empty.origin.root / "config/pipeline.toml"
    settings.write_text(settings.read_text().replace('inputs = ["docs"]', 'inputs = ["docs"]\nmax_age = "2s"'))
    git(empty.origin.root, "commit", "-qam", "ages")
    empty.sign()
    time.sleep(2.1)
    clone = empty.clone()
    done = clone.ci()
    assert not done.replayed
    assert done.left == clone.expected()
    assert json.loads((done.directory or Path()).joinpath("run.json").read_text())["tasks"][1]["decision"] == "ran"
