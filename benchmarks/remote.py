"""What a fresh clone costs that finds every result on a remote cache: beside a local run in which nothing changed.

    python benchmarks/remote.py [--shape small medium large] [--sources 200] [--rounds 7] [--json FILE] [--keep FOLDER]

Makes a repository of twelve tasks and so many source files for each shape of outputs, lets one clone fill a remote
cache (an nginx with its DAV module on the loopback), and then times `noxline ci` in turn: in a clone that has all, and
in fresh ones without any state or store of their own. Allowed is twice the local time, and the bytes of the outputs at
200 MB/s. Figures are the smallest of all rounds; CPU seconds, which other work on the machine changes less, stand
beside them.

Exit status 1 when more is taken than is allowed, 2 without nginx.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from noxline.cache.signing import generate

NOXLINE = (sys.executable, "-m", "noxline")
TASKS = 12
TIMES, SPEED = 2.0, 200e6  # what is allowed: times the local run, and bytes a second
SECONDS = 300  # of one command
# How many files of how many bytes the first task leaves; the others leave three small ones each.
SHAPES: Mapping[str, tuple[int, int]] = {"small": (3, 2_000), "medium": (800, 100_000), "large": (1, 64_000_000)}
SOURCES = 200

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 128; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_max_body_size 64m; keepalive_requests 100000; sendfile on; tcp_nopush on;
  server {{
    listen 127.0.0.1:{port}; root {folder}/data;
    location / {{ dav_methods PUT; create_full_put_path on; }}
  }}
}}
"""
NOXFILE = """
import os, pathlib, random
import nox


def leave(seed, count, size):
    chance = random.Random(seed)
    folder = pathlib.Path(os.environ["NOXLINE_OUTPUT"])
    for number in range(count):
        (folder / f"file-{number:03}.bin").write_bytes(chance.randbytes(size))
"""


@dataclass(frozen=True)
class Cost:
    """Seconds of one command."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Figures:
    """Seconds and bytes of one shape."""

    shape: str
    local: Cost
    size: int
    remote: Cost

    @property
    def allowed(self) -> Cost:
        """Return how long a fresh clone may take."""
        more = self.size / SPEED
        return Cost(TIMES * self.local.wall + more, TIMES * self.local.cpu + more)


def run(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Cost:
    """Run a command to its end and return the seconds; raise CalledProcessError when it fails."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def smallest(costs: Sequence[Cost]) -> Cost:
    """Return the smallest wall time and the smallest CPU time."""
    return Cost(min(cost.wall for cost in costs), min(cost.cpu for cost in costs))


def find_nginx() -> str:
    """Return where nginx is; end with status 2 without one."""
    program = shutil.which("nginx")
    if program is None:
        print("nginx is not installed (Debian: nginx-light)", file=sys.stderr)
        sys.exit(2)
    return program


@contextlib.contextmanager
def server(program: str, folder: Path) -> Iterator[str]:
    """Run an nginx that takes and gives files, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "data").mkdir(parents=True)
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, port=port))
    argv = (program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"))
    process = subprocess.Popen(argv)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/noxline"
    finally:
        process.terminate()
        process.wait(10)


def make_project(folder: Path, shape: str, sources: int, *, url: str, public: str) -> None:
    """Write a repository whose tasks leave what a shape says."""
    bodies = [
        f"@nox.session(venv_backend='none')\ndef stage_{number:02}(session):\n"
        f"    leave({number}, {SHAPES[shape][0] if number == 0 else 3}, {SHAPES[shape][1] if number == 0 else 2_000})\n"
        f"    session.log('done')\n"
        for number in range(TASKS)
    ]
    (folder / "src").mkdir(parents=True)
    for number in range(sources):
        (folder / f"src/m{number:04}.py").write_text(f"value = {number}\n" * 300)
    (folder / "noxfile.py").write_text("\n\n".join((NOXFILE, *bodies)))
    (folder / "config").mkdir()
    stages = "".join(f'[stage.stage_{number:02}]\ninputs = ["src/**"]\n' for number in range(TASKS))
    cache = f'[cache]\nremote = "{url}"\nkeys = ["{public}"]\n'
    (folder / "config/pipeline.toml").write_text(f"standard = []\n{cache}{stages}")
    (folder / "pyproject.toml").write_text('[project]\nname = "bench"\nversion = "1"\n')
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "bench")):
        run(("git", *arguments), folder, os.environ)


def clone(origin: Path, place: Path) -> Path:
    """Return a fresh clone of a repository; what was there before goes."""
    shutil.rmtree(place, ignore_errors=True)
    run(("git", "clone", "-q", str(origin), str(place / "clone")), origin, os.environ)
    return place / "clone"


def environment(place: Path, **more: str) -> dict[str, str]:
    """Return the variables of a run with a store of its own."""
    left_out = ("NOXLINE_", "PYTHONDONTWRITEBYTECODE")  # without byte code every start costs twice as much
    own = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**own, "XDG_CACHE_HOME": str(place / "cache"), "CI": "", **more}


def outputs(folder: Path) -> int:
    """Return the size of all outputs of the last run, all of which came from a store."""
    last = (folder / ".noxline/runs/last").read_text().strip()
    told = json.loads((folder / f".noxline/runs/{last}/run.json").read_text())
    assert [task["decision"] for task in told["tasks"]] == ["reused"] * TASKS, told["tasks"]
    files = (folder / f".noxline/runs/{last}/tasks").glob("*/output/**/*")
    return sum(path.stat().st_size for path in files if path.is_file())


def measure(shape: str, given: argparse.Namespace, work: Path, program: str) -> Figures:
    """Return the figures of one shape."""
    private, public = generate()
    with server(program, work / "nginx") as url:
        make_project(work / "origin", shape, given.sources, url=url, public=public)
        argv = (*NOXLINE, "ci", "-q")
        writer = clone(work / "origin", work / "writer")
        run(argv, writer, environment(work / "writer", NOXLINE_CACHE_SIGNING_KEY=private))
        warm = clone(work / "origin", work / "warm")
        for _ in range(2):
            run(argv, warm, environment(work / "warm"))
        local, remote = [], []
        for _ in range(given.rounds):
            local.append(run(argv, warm, environment(work / "warm")))
            fresh = clone(work / "origin", work / "fresh")
            remote.append(run(argv, fresh, environment(work / "fresh")))
        return Figures(shape, smallest(local), outputs(fresh), smallest(remote))


def show(figures: Figures) -> bool:
    """Print the figures of a shape; return whether no more was taken than is allowed."""
    allowed = figures.allowed
    kept = figures.remote.wall <= allowed.wall
    print(f"{figures.shape}: outputs of {figures.size / 1e6:.2f} MB")
    for name, local, most, remote in (
        ("wall", figures.local.wall, allowed.wall, figures.remote.wall),
        ("CPU", figures.local.cpu, allowed.cpu, figures.remote.cpu),
    ):
        verdict = "" if name == "CPU" else ": kept" if kept else ": NOT KEPT"
        print(
            f"  {name:<4} local {local:6.3f} s   allowed {most:6.3f} s   fresh clone {remote:6.3f} s   "
            f"{remote / most:5.2f} of it{verdict}",
            flush=True,
        )
    return kept


def main() -> int:
    """Measure, print, and return 1 when a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--sources", type=int, default=SOURCES, help="how many source files the repository has")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, help="work in this new folder, and leave everything there")
    given = parser.parse_args()
    program = find_nginx()
    results, kept = [], []
    with contextlib.ExitStack() as stack:
        place = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="noxline-bench-")))
        for shape in given.shape:
            figures = measure(shape, given, place.resolve() / shape, program)
            kept.append(show(figures))
            rows = {name: vars(getattr(figures, name)) for name in ("local", "allowed", "remote")}
            results.append({"shape": shape, "sources": given.sources, "size": figures.size, **rows})
    if given.json:
        given.json.write_text(json.dumps(results, indent=1))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
