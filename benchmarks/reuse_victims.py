"""The project that `reuse_kills.py` kills, the remotes that it uploads to, and what is looked at afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.cache.remote_servers import nginx

SIZE_MB = 10  # of the local store: three or four runs
SIZES = (300_000, 300_000, 200_000, 1_300_000, 1_000, 0)  # bytes of the files that a task leaves; one goes in parts
PROJECT = '[project]\nname = "victim"\nversion = "1"\nrequires-python = ">=3.10"\n'
SETTINGS = """\
standard = []
[stage.first]
inputs = ["src"]
[stage.second]
inputs = ["src/b.txt"]
[cache]
size_gb = {size}
"""
NOXFILE = f"""\
import hashlib
import os
import pathlib
import random

import nox


def work(name, *texts):
    output = pathlib.Path(os.environ["NOXLINE_OUTPUT"])
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()
    (output / "out.txt").write_text(f"{{name}} {{digest}}")
    for number, size in enumerate({SIZES}):
        (output / f"{{number}}.bin").write_bytes(random.Random(f"{{name}} {{digest}} {{number}}").randbytes(size))


@nox.session(venv_backend="none")
def first(session):
    work("first", *(path.read_text() for path in sorted(pathlib.Path("src").iterdir())))


@nox.session(venv_backend="none", requires=["first"])
def second(session):
    left = pathlib.Path(os.environ["NOXLINE_NEEDS"], "out.txt").read_text()
    work("second", left, pathlib.Path("src/b.txt").read_text())
"""
_LIMIT = 180


@dataclass
class Tally:
    """What the experiment came to."""

    kills: dict[str, int] = field(default_factory=dict)
    too_late: int = 0
    struck: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    reused: int = 0
    shared: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kills = f"{sum(self.kills.values())} kills {self.kills}, {self.too_late} came after the end"
        return (
            f"{kills}; they tore {self.struck}; "
            f"{self.runs} whole runs reused {self.reused} results, {self.shared} from the remote; "
            f"{len(self.problems)} problems"
        )

    def count(self, counts: dict[str, int], name: str) -> None:
        """Add one to one of the counts."""
        counts[name] = counts.get(name, 0) + 1


@dataclass(frozen=True)
class Remote:
    """A place that results are uploaded to: its address, where its files lie, and with which variables one writes."""

    address: str
    data: Path
    public: str
    environ: Mapping[str, str]

    def files(self) -> int:
        """Return how many files there are by now, half-written ones included."""
        return sum(len(files) for _, _, files in os.walk(self.data.parent))

    def broken(self, known: set[str], scratch: Path) -> Iterator[str]:
        """Yield what another machine would find broken; entries that were looked at before are left out."""
        from noxline.cache import frames, packing
        from noxline.cache.signing import Keyring

        store, said = self._reader(Keyring((self.public,)))
        for path in sorted((self.data / "v1").rglob("*")):
            if not path.is_file() or path.as_posix() in known or "#" in path.name:
                continue
            known.add(path.as_posix())
            if "/entries/" in path.as_posix():
                found = store.find(path.name)
                if found is None or not store.restore(found, scratch / "output", scratch / "log"):
                    yield f"{path} is no whole result: {said}"
            elif "/blobs/" in path.as_posix():
                content = frames.decompress_up_to(path.read_bytes(), packing.PART)
                if path.name.count(".") == 1 and hashlib.sha256(content).hexdigest() != path.stem:
                    yield f"{path} is half-written"
        yield from said

    def _reader(self, keys: object) -> tuple[object, list[str]]:
        from noxline.cache.addresses import parse_address
        from noxline.cache.breaker import Breaker
        from noxline.cache.open import _transport
        from noxline.cache.remote import Access, RemoteStore

        said: list[str] = []
        transport = _transport(parse_address(self.address), 20.0, self.environ)
        breaker = Breaker(transport, address=self.address, timeout=20.0, say=said.append)
        return RemoteStore(breaker, Access(namespace="trusted", keys=keys), say=said.append), said


@contextlib.contextmanager
def directory(folder: Path) -> Iterator[Remote]:
    """Give a directory that machines share."""
    yield _remote(f"file://{folder}/noxline", folder / "noxline", {})


@contextlib.contextmanager
def http(folder: Path) -> Iterator[Remote]:
    """Give a real nginx with the rules of the how-to page."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if program is None:
        raise SystemExit("there is no nginx: make services")
    folder.mkdir(parents=True, exist_ok=True)
    with nginx(program, folder, seconds=36_000) as server:
        # pragma: allowlist nextline secret - of a server that this very file starts
        user = {"NOXLINE_CACHE_USER": "main", "NOXLINE_CACHE_PASSWORD": "main-password"}
        yield _remote(server.url, server.data, user)


def _remote(address: str, data: Path, environ: Mapping[str, str]) -> Remote:
    from noxline.cache.signing import generate

    private, public = generate()
    return Remote(address, data, public, {**environ, "NOXLINE_CACHE_SIGNING_KEY": private})


@dataclass
class Victim:
    """A project, and the variables of its runs."""

    noxline: Path
    root: Path
    cache: Path
    remote: Remote | None = None

    def make(self) -> None:
        """Write the project as a repository."""
        files = {"pyproject.toml": PROJECT, "noxfile.py": NOXFILE, "src/a.txt": "a", "src/b.txt": "b"}
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        self.configure()

    def configure(self) -> None:
        """Write the settings for the remote of now."""
        text = SETTINGS.format(size=SIZE_MB / 1000)
        if self.remote:
            text += f'remote = "{self.remote.address}"\nkeys = ["{self.remote.public}"]\n'
        (self.root / "config").mkdir(exist_ok=True)
        (self.root / "config" / "pipeline.toml").write_text(text, encoding="utf-8")

    @property
    def store(self) -> Path:
        """Return the folder of the local store."""
        return self.cache / "noxline" / "v1"

    @property
    def environ(self) -> dict[str, str]:
        """Return the variables of a run."""
        kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("NOXLINE_")}
        return {**kept, "XDG_CACHE_HOME": str(self.cache), **(self.remote.environ if self.remote else {})}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a run, or another command."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [self.noxline, *(arguments or ("ci",))],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def edit(self, chance: random.Random, *, new: bool = False) -> None:
        """Give the inputs one of few contents, so that older results come up again, or one that never was."""
        name = chance.choice(("a.txt", "b.txt"))
        text = str(chance.random() if new else chance.randrange(4))
        (self.root / "src" / name).write_text(text, encoding="utf-8")

    def age(self, chance: random.Random, share: float) -> None:
        """Make a share of the stored files look as if nobody had used them lately: only such are evicted."""
        for path in self.store.rglob("*"):
            if path.is_file() and chance.random() < share:
                old = time.time() - chance.uniform(1, 9) * 86400
                os.utime(path, (old, old))

    def ballast(self, chance: random.Random) -> None:
        """Fill the store with old files, so that eviction takes its time."""
        for _ in range(1500):
            data = chance.randbytes(4096)
            path = self.store / "blobs" / (name := hashlib.sha256(data).hexdigest())[:2] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (1, 1))

    def expected(self) -> list[str]:
        """Return what the two tasks leave, worked out apart from noxline."""
        texts = [path.read_text(encoding="utf-8") for path in sorted((self.root / "src").iterdir())]
        first = "first " + hashlib.sha256("".join(texts).encode()).hexdigest()
        return [first, "second " + hashlib.sha256((first + texts[1]).encode()).hexdigest()]

    def end(self, run: subprocess.Popen[str], tally: Tally, what: str, *, warned: bool = False) -> str:
        """Wait for a run; note when it did not pass, warned, or left something else; return what it printed."""
        out, err = run.communicate(timeout=_LIMIT)
        tally.runs += 1
        tally.reused += out.count("  reused (")
        tally.shared += out.count("  reused (remote")
        if run.returncode != 0:
            tally.problems.append(f"{what}: exit {run.returncode}\n{out[-2000:]}\n{err[-2000:]}")
            return out + err
        if not warned and "warning" in out + err:
            tally.problems.append(f"{what}: it warns\n{out[-2000:]}\n{err[-2000:]}")
        run_id = out.split("\n", 1)[0].rpartition("run ")[2].strip()
        tasks = self.root / ".noxline" / "runs" / run_id / "tasks"
        for name, expected in zip(("first", "second"), self.expected(), strict=True):
            if not _is_whole(tasks / name / "output", expected):
                tally.problems.append(f"{what}: {name} left something else than a run without a cache")
        return out + err

    def verify(self, tally: Tally, what: str) -> None:
        """Have every stored file read again, and note what is broken; an entry may lack what was evicted."""
        out, err = self.start("cache", "verify", "--json").communicate(timeout=_LIMIT)
        try:
            removed = [one for one in json.loads(out)["removed"] if not one["reason"].endswith(" is gone")]
        except ValueError:
            removed = [out, err]
        if removed:
            tally.problems.append(f"{what}: {removed}")


def _is_whole(output: Path, expected: str) -> bool:
    """Tell whether a task's output is as it should be, to the last byte."""
    try:
        if (output / "out.txt").read_text(encoding="utf-8") != expected:
            return False
        made = [random.Random(f"{expected} {number}").randbytes(size) for number, size in enumerate(SIZES)]
        return all((output / f"{number}.bin").read_bytes() == data for number, data in enumerate(made))
    except OSError:
        return False


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[bool]:
    """Mount a disk of a size at a folder; False where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", folder], check=True)


def fill(path: Path) -> None:
    """Fill a disk but for next to nothing, and leave room enough to edit a file."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            file.truncate(max(0, file.tell() - 8192))
