"""What it costs to find that nothing, or one file, changed: noxline beside other tools over the same files.

    python benchmarks/reuse.py [--files 5000 50000] [--tools FOLDER] [--rounds 9] [--json FILE]

Makes a repository of that many files of 2 to 8 kB and twelve tasks whose inputs are all of them, runs everything once,
and then measures runs in which nothing changed, in turn with the peers that are installed (turbo from npm; go-task,
doit, ntask and ninja from PyPI): `--tools` is a folder with their `node_modules` or `bin`. Figures are the smallest of
all rounds, for noise only ever adds; a bare `python -c pass`, `git status` and an lstat of every file tell how busy the
machine is. Exit status 1 when a bound is not kept, 0 when all are.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from reuse_peers import Peer, found, names

NOXLINE = (sys.executable, "-m", "noxline")
FOLDER_SIZE = 50
# CPU seconds of a warm run, and its wall time against turbo's.
BOUNDS: Mapping[int, tuple[float, float]] = {5_000: (0.10, 0.45), 50_000: (0.35, 0.15)}
DECISION = 0.03  # seconds that one changed file may add
DIGEST = 0.60  # of sha256sum's throughput


@dataclass(frozen=True)
class Cost:
    """Seconds of one command."""

    wall: float
    cpu: float


def run(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Cost:
    """Run a command to its end and return what it cost; raise CalledProcessError when it fails."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, cwd=folder, env={**os.environ, **environ}, check=True, capture_output=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def make_files(folder: Path, count: int) -> None:
    """Write the files, the same ones each time."""
    chance = random.Random(count)
    for number in range(count):
        path = folder / f"src/p{number // FOLDER_SIZE:04d}/m{number:05d}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"# {chance.getrandbits(32)}\n".encode() * chance.randint(180, 720))


def make_noxline(folder: Path) -> None:
    """Write the noxfile and the settings of the twelve stages."""
    body = "".join(
        f"@nox.session(venv_backend='none')\ndef {name}(session):\n    session.log('done')\n\n" for name in names()
    )
    (folder / "noxfile.py").write_text(f"import nox\n\n{body}")
    (folder / "config").mkdir()
    stages = "".join(f'[stage.{name}]\ninputs = ["src/**"]\n' for name in names())
    (folder / "config/pipeline.toml").write_text(f"standard = []\n{stages}")
    (folder / "pyproject.toml").write_text('[project]\nname = "bench"\nversion = "1"\n')


def commit(folder: Path) -> None:
    """Make the folder a repository of one commit."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "bench")):
        run(("git", *arguments), folder, {})


def smallest(costs: Sequence[Cost]) -> Cost:
    """Return the smallest wall time and the smallest CPU time."""
    return Cost(min(cost.wall for cost in costs), min(cost.cpu for cost in costs))


def floors() -> list[Peer]:
    """Return commands that show what the machine takes for the least that could be done."""
    lstat = "import os\nfor d, _, fs in os.walk('src'):\n    for f in fs: os.lstat(f'{d}/{f}')"
    return [
        Peer("python -c pass", (sys.executable, "-c", "pass"), {}),
        Peer("git status", ("git", "status", "--porcelain"), {}),
        Peer("lstat of all", (sys.executable, "-c", lstat), {}),
    ]


def digest_ratio(folder: Path) -> float:
    """Return the throughput of a cold index against sha256sum's over the same files."""
    source = (
        "import sys, time\nfrom noxline.inputs.index import Index\nbegun = time.process_time()\n"
        "Index(sys.argv[1], sys.argv[2], print).refresh()\nprint(time.process_time() - begun)"
    )
    files = sorted(str(path) for path in folder.glob("src/*/*.py"))
    ours, theirs = [], []
    for number in range(3):
        argv = (sys.executable, "-c", source, str(folder), str(folder / f".noxline/cold-{number}"))
        ours.append(float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout))
        theirs.append(
            sum(run(("sha256sum", *files[at : at + 5000]), folder, {}).cpu for at in range(0, len(files), 5000))
        )
    return min(theirs) / min(ours)


def measure(count: int, rounds: int, tools: Path | None, work: Path) -> dict[str, object]:
    """Return all figures for so many files."""
    folder = work / f"bench-{count}"
    folder.mkdir()
    make_files(folder, count)
    make_noxline(folder)
    peers = [*floors(), *found(folder, tools)]
    commit(folder)
    ours = {"XDG_CACHE_HOME": str(work / "cache"), "CI": ""}
    warm = Peer("noxline ci", (*NOXLINE, "ci", "-q"), ours)
    told = Peer("noxline ci --dry-run", (*NOXLINE, "ci", "-q", "--dry-run"), ours)
    costs: dict[str, list[Cost]] = {}
    everything = [*peers, warm]
    for peer in everything:
        run(peer.argv, folder, peer.environ)
        run(peer.argv, folder, peer.environ)
    for _ in range(rounds):
        for peer in everything:
            costs.setdefault(peer.name, []).append(run(peer.argv, folder, peer.environ))
    costs[told.name], costs["one file changed, --dry-run"] = changed(folder, warm, told, rounds)
    best = {name: smallest(found) for name, found in costs.items()}
    return {"files": count, "digest": digest_ratio(folder), "costs": {k: vars(v) for k, v in best.items()}}


def changed(folder: Path, warm: Peer, told: Peer, rounds: int) -> tuple[list[Cost], list[Cost]]:
    """Return what it costs to say what would run, in turn with nothing changed and after an edit of one file."""
    victim = next(iter(sorted(folder.glob("src/*/*.py"))))
    text = victim.read_text()
    same, edited = [], []
    for number in range(rounds):
        victim.write_text(f"edit = {number}\n")
        edited.append(run(told.argv, folder, told.environ))
        victim.write_text(text)
        run(warm.argv, folder, warm.environ)
        same.append(run(told.argv, folder, told.environ))
    return same, edited


def verdicts(figures: Mapping[str, object]) -> list[tuple[str, float, float, bool]]:
    """Return each bound with its figure and whether it is kept; turbo's only where turbo was measured."""
    costs: Mapping[str, Mapping[str, float]] = figures["costs"]  # type: ignore[assignment]
    cpu, against = BOUNDS.get(int(str(figures["files"])), (0.0, 0.0))
    warm = costs["noxline ci"]
    more = costs["one file changed, --dry-run"]["cpu"] - costs["noxline ci --dry-run"]["cpu"]
    rows = [("CPU of a warm run, s", warm["cpu"], cpu), ("one changed file adds, s", more, DECISION)]
    if "turbo" in costs:
        rows.append(("warm run / turbo, wall", warm["wall"] / costs["turbo"]["wall"], against))
    made = [(name, value, bound, value <= bound) for name, value, bound in rows]
    ratio = float(str(figures["digest"]))
    return [*made, ("cold digests / sha256sum", ratio, DIGEST, ratio >= DIGEST)]


def show(figures: Mapping[str, object]) -> bool:
    """Print the figures of one repository; return whether all bounds are kept."""
    print(f"\n{figures['files']} files, 12 tasks, nothing changed (smallest of all rounds)")
    for name, cost in figures["costs"].items():  # type: ignore[attr-defined]
        print(f"  {name:<28} {cost['wall']:7.3f} s wall  {cost['cpu']:7.3f} s CPU")
    kept = True
    for name, value, bound, fine in verdicts(figures):
        kept = kept and fine
        print(f"  {name:<28} {value:7.3f}  bound {bound:g}: {'kept' if fine else 'NOT KEPT'}")
    return kept


def main() -> int:
    """Measure, print, and return 1 when a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[5_000])
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="noxline-bench-") as work:
        tools = given.tools.resolve() if given.tools else None
        results = [measure(count, given.rounds, tools, Path(work)) for count in given.files]
    if given.json:
        given.json.write_text(json.dumps(results, indent=1))
    kept = [show(figures) for figures in results]  # all are printed before they are judged
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
