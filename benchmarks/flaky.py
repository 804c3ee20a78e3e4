#!/usr/bin/env python3
"""Let noxline loose on a suite seeded with 12 flaky tests among 200 sound ones, and see whom it names.

    python benchmarks/flaky.py [--runs 5] [--seed 1] [--retry-time 10m] [--json]

The flaky ones: three that depend on the order of tests, two on what an earlier test leaked (these five fail always
behind that test, and pass alone), two on time (a deadline that a busy machine misses, an answer that comes too late),
three on chance, two on a resource that is not always there (a port, a lock). Chance is drawn anew at each execution:
two of five are unlucky, in an order that `--seed` decides. It is noted outside of the project, none of whose files
changes from run to run.
A test that never failed in any of the runs cannot be found flaky; how many failed is printed.

Printed for each run: the failures, what noxline said of them, its exit code and seconds; then, over all runs, the
flaky tests that were named, whether the class and the polluter of the order-dependent ones are right, and which sound
tests were named (none should be). The time for running tests again is set, not left at a quarter of the suite's: the
suite takes seconds, and a busy machine starts a process in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOUND_FILES, SOUND_IN_EACH = 20, 10
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
# The test that fails, and the test that makes it fail.
ORDER: Mapping[str, str] = {
    "test_07_state.py::test_registry_is_empty": "test_03_state.py::test_registers",
    "test_11_state.py::test_default_currency": "test_05_state.py::test_foreign_currency",
    "test_16_state.py::test_environment_is_clean": "test_02_state.py::test_sets_a_variable",
    "test_13_leak.py::test_one_thread": "test_08_leak.py::test_starts_a_thread",
    "test_18_leak.py::test_no_open_file": "test_09_leak.py::test_opens_a_file",
}
CHANCE = (
    *(f"test_chance.py::test_{name}" for name in ("shuffle", "sample", "choice")),
    *(f"test_time.py::test_{name}" for name in ("deadline", "answer")),
    *(f"test_resource.py::test_{name}" for name in ("port", "lock")),
)
FLAKY = frozenset({*ORDER, *CHANCE})

STATE = '''\
"""What tests share by mistake."""

REGISTRY = []
CURRENCY = ["EUR"]
THREADS = []
FILES = []
'''
LUCK = '''\
"""Chance that can be repeated: it depends on the seed, the name, and how often that was asked for."""

import pathlib
import random

SEED = {seed!r}
PLACE = pathlib.Path({place!r})


def unlucky(name):
    path = PLACE / name
    count = int(path.read_text()) if path.exists() else 0
    path.write_text(str(count + 1))
    deck, place = divmod(count, 5)
    cards = [True, True, False, False, False]
    random.Random(f"{{SEED}}-{{name}}-{{deck}}").shuffle(cards)
    return cards[place]
'''
PIECES: Mapping[str, str] = {
    "test_03_state.py": "import state\ndef test_registers(): state.REGISTRY.append(1)\n",
    "test_07_state.py": "import state\ndef test_registry_is_empty(): assert not state.REGISTRY\n",
    "test_05_state.py": "import state\ndef test_foreign_currency(): state.CURRENCY[0] = 'USD'\n",
    "test_11_state.py": "import state\ndef test_default_currency(): assert state.CURRENCY == ['EUR']\n",
    "test_02_state.py": "import os\ndef test_sets_a_variable(): os.environ['DEMO_MODE'] = 'on'\n",
    "test_16_state.py": "import os\ndef test_environment_is_clean(): assert 'DEMO_MODE' not in os.environ\n",
    "test_08_leak.py": (
        "import threading, time, state\n"
        "def test_starts_a_thread():\n"
        "    state.THREADS.append(threading.Thread(target=time.sleep, args=(30,), daemon=True, name='leaked'))\n"
        "    state.THREADS[-1].start()\n"
    ),
    "test_13_leak.py": (
        "import threading\n"
        "def test_one_thread(): assert 'leaked' not in [thread.name for thread in threading.enumerate()]\n"
    ),
    "test_09_leak.py": "import state\ndef test_opens_a_file(): state.FILES.append(open(__file__))\n",
    "test_18_leak.py": "import state\ndef test_no_open_file(): assert not [f for f in state.FILES if not f.closed]\n",
    "test_chance.py": (
        "import pytest\nfrom luck import unlucky\n"
        + "".join(f"def test_{name}(): assert not unlucky({name!r})\n" for name in ("shuffle", "sample", "choice"))
    ),
    "test_time.py": (
        "import time\nfrom luck import unlucky\n"
        "def test_deadline():\n"
        "    began, used = time.monotonic(), time.process_time()\n"
        "    while time.process_time() - used < 0.03: pass\n"
        "    time.sleep(0.5 if unlucky('deadline') else 0)\n"
        "    assert time.monotonic() - began < 0.2\n"
        "def test_answer():\n"
        "    if unlucky('answer'): raise TimeoutError('no answer within 5 s')\n"
    ),
    "test_resource.py": (
        "import socket\nfrom luck import PLACE, unlucky\n"
        "def test_port():\n"
        "    with socket.socket() as one, socket.socket() as other:\n"
        "        one.bind(('127.0.0.1', 0))\n"
        "        one.listen()\n"
        "        other.bind(('127.0.0.1', one.getsockname()[1] if unlucky('port') else 0))\n"
        "def test_lock():\n"
        "    lock = PLACE / 'demo.lock'\n"
        "    held = lock.exists()\n"
        "    lock.unlink() if held else lock.touch()\n"
        "    assert not held, 'held by the run before'\n"
    ),
}


def write_suite(root: Path, luck: Path, seed: int, retry_time: str) -> None:
    """Write the project: a package of one module, 200 sound tests, 12 flaky ones and those that pollute."""
    tests = root / "tests"
    tests.mkdir(parents=True)
    (root / "demo.py").write_text('"""A module."""\n\n\ndef double(x):\n    """Return twice."""\n    return 2 * x\n')
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n'
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = ">={PYTHON}"\n\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["demo.py"]\n\n[dependency-groups]\ntest = ["pytest"]\n\n'
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["tests"]\n'
    )
    (root / "config").mkdir()
    (root / "config" / "pipeline.toml").write_text(
        f'python = ["{PYTHON}"]\nstandard = ["tests"]\n\n[stage.tests]\nreuse = false\n\n'
        f'[tests]\nretry_time = "{retry_time}"\n'
    )
    (tests / "state.py").write_text(STATE)
    (tests / "luck.py").write_text(LUCK.format(seed=seed, place=str(luck)))
    for name, content in PIECES.items():
        (tests / name).write_text(content)
    polluters = len(set(ORDER.values()))
    for number in range(SOUND_FILES):
        count = SOUND_IN_EACH - (polluters if number == 0 else 0)  # those that pollute are sound themselves
        content = "".join(f"def test_{n}(): assert double({n}) == {2 * n}\n" for n in range(count))
        (tests / f"test_{number:02}_sound.py").write_text("from demo import double\n\n\n" + content)


def noxline(root: Path, *arguments: str) -> dict[str, Any]:
    """Run noxline and return its JSON document."""
    command = [sys.executable, "-m", "noxline", "-C", str(root), *arguments, "--json"]
    env = {**os.environ, "NOXLINE_CACHE_DIR": str(root.parent / "store")}
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, check=False, env=env, stdout=subprocess.PIPE, stderr=quiet, timeout=3000)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def one_run(root: Path) -> dict[str, Any]:
    """Run the suite once; return what failed and what noxline said of it."""
    document = noxline(root, "run", "tests")
    output = root / ".noxline" / "runs" / document["run_id"] / document["tasks"][0]["output"]
    events = [json.loads(line) for path in output.glob("tests/*.jsonl") for line in path.read_text().splitlines()]
    ran = [event for event in events if event["event"] == "test"]
    path = output / "flaky.json"
    found = json.loads(path.read_text())["flaky"] if path.exists() else []
    return {
        "tests": len(ran),
        "failed": [short(event["id"]) for event in ran if event["outcome"] in ("failed", "error")],
        "flaky": {short(one["id"]): (one["kind"], [short(name) for name in one["polluters"]]) for one in found},
        "exit_code": document["exit_code"],
        "seconds": round(document["seconds"], 1),
        "counted": document["metrics"].get("tests.flaky", {}).get("value", 0),
    }


def short(name: str) -> str:
    """Return the id without the folder."""
    return name.removeprefix("tests/")


def judge(runs: list[dict[str, Any]], listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how well the flaky tests were found."""
    known = {short(test["id"]): test for test in listed}
    right = {
        name
        for name, polluter in ORDER.items()
        if name in known
        and known[name]["kind"] == "order-dependent"
        and [short(p) for p in known[name]["polluters"]] == [polluter]
    }
    named = {*known, *(name for run in runs for name in run["flaky"])}
    wrong_class = {name for name in CHANCE if name in known and known[name]["kind"] == "order-dependent"}
    return {
        "tests": runs[0]["tests"],
        "failed": len(FLAKY.intersection(name for run in runs for name in run["failed"])),
        "named": len(named & FLAKY),
        "kinds": {name: known[name]["kind"] for name in sorted(known)},
        "missing": sorted(FLAKY - named),
        "order_right": len(right),
        "order_wrong": sorted(set(ORDER) - right),
        "chance_called_order": sorted(wrong_class),
        "sound_named": sorted(named - FLAKY),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--retry-time", default="10m")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="noxline-flaky-"))
    root, luck = place / "project", place / "luck"
    runs = []
    try:
        luck.mkdir()
        write_suite(root, luck, given.seed, given.retry_time)
        for number in range(1, given.runs + 1):
            runs.append(one_run(root))
            if not given.json:
                run = runs[-1]
                print(f"run {number}: {len(run['failed'])} of {run['tests']} failed, {len(run['flaky'])} found flaky,")
                print(f"       exit code {run['exit_code']}, {run['seconds']} s", flush=True)
        verdict = judge(runs, noxline(root, "flaky")["tests"])
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if given.json:
        print(json.dumps({"runs": runs, **verdict}, indent=1))
        return
    print(f"named: {verdict['named']} of {len(FLAKY)} flaky tests, of which {verdict['failed']} failed at least once")
    print(f"missing: {verdict['missing'] or 'none'}")
    for name, kind in verdict["kinds"].items():
        print(f"  {kind:<18} {name}")
    print(f"order-dependent with the right class and polluter: {verdict['order_right']} of {len(ORDER)}")
    print(f"called order-dependent though it was chance: {verdict['chance_called_order'] or 'none'}")
    print(f"sound tests named: {verdict['sound_named'] or 'none'} (of {verdict['tests'] - len(FLAKY)})")


if __name__ == "__main__":
    main()
