"""What a second run costs on real projects, what an edit of the README runs, and the same in a clone with a remote.

    python benchmarks/real.py [PROJECT==VERSION ...] [--rounds 7] [--keep FOLDER]

Takes the sdists of the projects (without arguments, three small ones) and makes each a repository. `noxline ci` runs in
it, and in a clone of it as CI on the main branch would: that one signs what it made, and sends it to a remote cache (an
nginx with its DAV module on the loopback). Then, in the repository, and in another clone that has neither a state nor a
store of its own, nor any environment, but the address of the remote:

1. runs in which nothing changed: every task is reused, and each takes at most 0.3 s, in the clone the very first, too;
2. a run after a line was added to the README: no task of `tests` runs.

Exit status 1 when one of these does not hold, 2 without nginx.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remote import NOXLINE, clone, environment, find_nginx, server

from noxline.cache.signing import generate

PROJECTS = ("itsdangerous==2.2.0", "cachetools==8.0.1", "more-itertools==11.2.1")
MOST = 0.3  # seconds of a run in which nothing changed
FINE = (0, 3)  # a gate that fails is no matter here
SECONDS = 900  # of one command
WHO = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")


@dataclass
class Checks:
    """What was looked at, and whether all of it held."""

    held: list[bool] = field(default_factory=list)

    def say(self, text: str, *, held: bool) -> None:
        """Print one finding."""
        self.held.append(held)
        print(f"  {text}{'' if held else ': NOT KEPT'}", flush=True)


def sdist(requirement: str, folder: Path) -> Path:
    """Download a project's sdist with uv's and pip's ordinary means, unpack it, and return its folder."""
    downloads = folder / "download"
    wanted = ("--no-deps", "--no-binary", ":all:", "--dest", str(downloads), requirement)
    subprocess.run((sys.executable, "-m", "pip", "download", "--quiet", *wanted), check=True, timeout=SECONDS)
    archive = next(downloads.glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    return next((folder / "unpacked").iterdir())


def ci(root: Path, environ: Mapping[str, str]) -> tuple[float, list[dict[str, Any]]]:
    """Run `noxline ci`; return the seconds and the tasks of its run.json."""
    begun = time.perf_counter()
    done = subprocess.run(
        (*NOXLINE, "ci", "-q"), cwd=root, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    seconds = time.perf_counter() - begun
    if done.returncode not in FINE:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()
    last = (root / ".noxline/runs/last").read_text(encoding="utf-8").strip()
    return seconds, json.loads((root / f".noxline/runs/{last}/run.json").read_text(encoding="utf-8"))["tasks"]


def ran(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the tasks that ran."""
    return [task["name"] for task in tasks if task["decision"] == "ran"]


def make_repository(root: Path, *, url: str, public: str) -> None:
    """Make an unpacked sdist a repository that knows a remote cache."""
    (root / "config").mkdir(exist_ok=True)
    settings = root / "config/pipeline.toml"
    settings.write_text(f'[cache]\nremote = "{url}"\nkeys = ["{public}"]\n', encoding="utf-8")
    for arguments in (("init", "-q"), ("add", "-A", "-f"), (*WHO, "commit", "-q", "-m", "bench")):
        subprocess.run(("git", "-C", str(root), *arguments), check=True)


def edit_readme(root: Path) -> str:
    """Add a line to the README and return its name."""
    readme = next(path for path in sorted(root.iterdir()) if path.name.lower().startswith("readme"))
    with readme.open("a", encoding="utf-8") as file:
        file.write("\nOne more line.\n")
    return readme.name


def look(requirement: str, place: Path, rounds: int, program: str, checks: Checks) -> None:
    """Run one project through all of it."""
    private, public = generate()
    with server(program, place / "nginx") as url:
        root = sdist(requirement, place)
        make_repository(root, url=url, public=public)
        downloads = os.environ.get("UV_CACHE_DIR") or str(_downloads())
        writer, own, fresh = (environment(place / name, UV_CACHE_DIR=downloads) for name in ("writer", "own", "fresh"))
        seconds, first = ci(root, own)
        print(f"{requirement}: first run {seconds:.1f} s, {len(ran(first))} tasks ran", flush=True)
        ci(clone(root, place / "writer"), {**writer, "NOXLINE_CACHE_SIGNING_KEY": private})
        for name, folder, environ in (("here", root, own), ("in a clone", clone(root, place / "fresh"), fresh)):
            times: list[float] = []
            reused = 0
            executed: list[str] = []
            for _ in range(max(rounds, 2)):
                seconds, tasks = ci(folder, environ)
                times.append(seconds)
                executed += ran(tasks)
                reused = sum(task["decision"] == "reused" for task in tasks)
            again = ", ".join(dict.fromkeys(executed)) or "nothing"
            checks.say(f"nothing changed, {name}: {reused} tasks reused, {again} ran", held=reused > 0 and not executed)
            took = f"first {times[0]:.3f} s, then {min(times[1:]):.3f} to {max(times[1:]):.3f} s"
            checks.say(f"nothing changed, {name}: {took} (at most {MOST} s)", held=max(times) <= MOST)
            readme = edit_readme(folder)
            _, tasks = ci(folder, environ)
            again = ", ".join(ran(tasks)) or "nothing"
            checks.say(
                f"{readme} edited, {name}: {again} ran", held=not any(task.startswith("tests") for task in ran(tasks))
            )


def _downloads() -> Path:
    """Return uv's own cache, so that environments do not pay for the network."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"


def main() -> int:
    """Measure, print, and return 1 when something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", default=PROJECTS, metavar="PROJECT==VERSION")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="work in this new folder, and leave everything there")
    given = parser.parse_args()
    program = find_nginx()
    checks = Checks()
    with contextlib.ExitStack() as stack:
        place = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="noxline-real-")))
        for requirement in given.projects:
            look(requirement, place.resolve() / requirement.partition("==")[0], given.rounds, program, checks)
    return 0 if all(checks.held) else 1


if __name__ == "__main__":
    sys.exit(main())
