#!/usr/bin/env python3
"""Measure whether selected runs miss what full runs find, and how much they run: mutants, on real suites.

    python benchmarks/impact.py safe --suite itsdangerous [--mutants 300] [--seconds 600] [--keep FOLDER] [--seed 1]
    python benchmarks/impact.py selective --suite marshmallow [--edits 100]
    python benchmarks/impact.py history --suite itsdangerous --versions 2.1.0,2.1.2,2.2.0
    python benchmarks/impact.py cost | decide --suite packaging
    python benchmarks/impact_parts.py --suite packaging        (what a traced test costs more, within one run)
    python benchmarks/impact_testmon.py --suite marshmallow    (what pytest-testmon makes of the same edits and mutants)

For each project (its sdist is downloaded with pip) a traced run of the whole suite makes the record. Then

safe: one-place mutants of the source, of defaults, decorators, constants, class bodies, docstrings, data files. Each is
judged by the selected tests, and by the whole suite where these pass: killed by the whole suite alone is a miss. For
some of them (`--exact N`: every Nth) a traced selected run is merged as the stage merges it, and compared with a full
one: JUnit and coverage must be equal, times aside. What was found is kept, a line a mutant: another run goes on there.

selective: the share of tests that an edit of one function selects, beside the floor of rules (a) to (c): the tests in
whose own contexts, fixtures' or imports' the body ran. After a comment or formatting none may run.

history: from sdist to sdist of one project, a file a step: a selected run, on the record of the selected run before it,
against a full one.

cost: CPU of the traced run over `coverage run -m pytest`. decide: the time to decide for 60,000 tests.

The figures are for people to read: no test asserts them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, median

from impact_mutants import KINDS, Mutant, Mutants, edited_function, source_files
from impact_suite import Suite

from noxline.settings.detect.project import detect
from noxline.testing.blocks import Source, read_source
from noxline.testing.impact import Now, select
from noxline.testing.impact_record import Entry, Record, read_record, write_record
from noxline.testing.import_graph import closure

# The requirement, and what its tests need besides.
PROJECTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "itsdangerous": ("itsdangerous==2.2.0", ("freezegun",)),
    "cachetools": ("cachetools==8.0.1", ()),
    "cleo": ("cleo==2.1.0", ("pytest-mock",)),
    "marshmallow": ("marshmallow==4.4.0", ("simplejson",)),
    "pluggy": ("pluggy==1.7.0", ()),
    "click": ("click==8.5.1", ()),
    "parso": ("parso==0.8.7", ()),
    "packaging": ("packaging==26.3", ("pretend", "hypothesis", "tomli_w")),
}
ENOUGH = 50  # killed mutants of one kind


def safe(suite: Suite, given: argparse.Namespace) -> None:
    """Judge mutants until there are enough of them, or the time is over."""
    record = suite.prepared_record()
    kept = suite.state.read_bytes()
    log = suite.root.parent / f"safe-{suite.root.name}-{given.seed}.jsonl"
    known = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    began = time.monotonic()
    for number, mutant in _mutants(Mutants(suite.facts), given.seed, given.mutants, known):
        if time.monotonic() - began > given.seconds:
            break
        with suite.changed({mutant.file: mutant.text}):
            found = _judged(suite, mutant, record, exact=bool(given.exact) and number % given.exact == 0)
        suite.state.write_bytes(kept)
        known.append(found)
        with log.open("a") as stream:
            stream.write(json.dumps(found) + "\n")
        if found["missed"] or found.get("different"):
            print(f"{suite.root.name} {found}", flush=True)
    report(suite.root.name, known)


def killed_mutants(suite: Suite, log: Path, seed: int, most: int) -> Iterator[Mutant]:
    """Yield those mutants of a log that the whole suite killed; `safe` made it with the same seed and `--mutants`."""
    told = [json.loads(line) for line in log.read_text().splitlines()]
    known: list[dict[str, object]] = []
    for number, mutant in _mutants(Mutants(suite.facts), seed, most, known):
        if number >= len(told):
            return
        here = {"kind": mutant.kind, "place": f"{mutant.file}:{mutant.line}"}
        if not here.items() <= told[number].items():
            sys.exit(f"{log}: mutant {number} is another one here ({' '.join(here.values())})")
        known.append(told[number])
        if told[number]["killed"]:
            yield mutant


def _mutants(mutants: Mutants, seed: int, most: int, known: list[dict[str, object]]) -> Iterator[tuple[int, Mutant]]:
    """Yield mutants, those of the kinds first of which the fewest were killed; what is known is made, not yielded."""
    over: set[str] = set()
    number = 0
    while True:
        counts = Counter(str(one["kind"]) for one in known[:number])
        killed = Counter(str(one["kind"]) for one in known[:number] if one["killed"])
        left = [k for k in KINDS if k not in over and killed[k] < ENOUGH and counts[k] < most // 2]
        if not left and number >= most:
            return
        kind = min(left, key=lambda name: counts[name]) if left else "body"
        mutant = mutants.next(kind, random.Random(f"{seed} {number}"))
        if mutant is None:
            if kind == "body" and not left:
                return
            over.add(kind)
            continue
        if number >= len(known):
            yield number, mutant
        if number >= len(known):
            return
        number += 1


def _judged(suite: Suite, mutant: Mutant, record: Record, *, exact: bool) -> dict[str, object]:
    """Run the selected tests, and all of them where these find nothing."""
    run = suite.impact(everything=False)
    variables = run.begin()
    chosen = run.selection
    if chosen is None:
        sys.exit("the record is gone")
    found: dict[str, object] = {
        "kind": mutant.kind,
        "place": f"{mutant.file}:{mutant.line}",
        "whole": chosen.whole,
        "share": len(chosen.run) / len(record.tests),
        "missed": False,
    }
    killed = suite.forked({"NOXLINE_REUSE": variables["NOXLINE_REUSE"]}, "-x") != 0
    if not killed and chosen.reuse and suite.forked({}, "-x") != 0:
        killed = found["missed"] = True
    found["killed"] = killed
    if exact and chosen.reuse:
        suite.traced(everything=False)
        selected = suite.left()
        suite.traced(everything=True)
        found["different"] = selected.difference(suite.left())
    return found


def report(name: str, known: Sequence[Mapping[str, object]]) -> None:
    """Print what was found on one project."""
    compared = [one for one in known if "different" in one]
    figures = {
        "mutants": len(known),
        "killed": dict(Counter(str(one["kind"]) for one in known if one["killed"])),
        "survived": dict(Counter(str(one["kind"]) for one in known if not one["killed"])),
        "killed in selections of less than all": sum(bool(o["killed"]) and float(str(o["share"])) < 1 for o in known),
        "missed": [f"{one['kind']} {one['place']}" for one in known if one["missed"]],
        "compared with a full run": len(compared),
        "different": [f"{one['place']}: {one['different']}" for one in compared if one["different"]],
    }
    print(json.dumps({name: figures}, indent=1), flush=True)


def random_edits(suite: Suite, count: int, dice: random.Random) -> Iterator[tuple[str, bytes, int]]:
    """Yield edits of one function each: the file, its new text, and a line of the function."""
    files = source_files(suite.facts)
    for _ in range(count):
        edit, file = None, ""
        while edit is None:
            file = dice.choices(files, [(suite.root / name).stat().st_size for name in files])[0]
            edit = edited_function((suite.root / file).read_bytes(), dice)
        yield file, *edit


def selective(suite: Suite, given: argparse.Namespace) -> None:
    """Print the share of tests that edits of single functions select, and its floor."""
    record = suite.prepared_record()
    least = Floor(record)
    shares, floors, whole = [], [], Counter[str]()
    files = source_files(suite.facts)
    for file, text, line in random_edits(suite, given.edits, random.Random(given.seed)):
        source = suite.source(file)
        inner = source.owners(line)[-1] if source else 0
        floors.append(least.tests(file, inner) / len(record.tests))
        with suite.changed({file: text}):
            chosen = suite.chosen()
        whole.update([chosen.whole] if chosen.whole else [])
        shares.append(len(chosen.run) / len(record.tests))
        if given.verbose:
            print(f"{file}:{line} {shares[-1]:.3f} floor {floors[-1]:.3f} {chosen.whole}")
    figures = {
        "tests": len(record.tests),
        "edits": len(shares),
        "share": {"mean": round(mean(shares), 4), "median": round(median(shares), 4)},
        "floor": {"mean": round(mean(floors), 4), "median": round(median(floors), 4)},
        "ratio": {
            "mean": round(mean(shares) / mean(floors), 3),
            "median": round(median(shares) / median(floors), 3) if median(floors) else None,
        },
        "whole": dict(whole.most_common(5)),
        "after comments": _after_comments(suite, record, files),
        "after README": _after_readme(suite),
    }
    print(json.dumps({suite.root.name: figures}, indent=1), flush=True)


def _after_comments(suite: Suite, record: Record, files: Sequence[str]) -> dict[str, int]:
    """Return the greatest numbers of tests that any file selects when a comment and blank lines are added to it.

    Those that read the source of that file themselves are counted apart: for them its bytes count.
    """
    most = Counter[str]()
    for file in files:
        with suite.changed({file: b"# a comment\n\n\n" + (suite.root / file).read_bytes() + b"\n# another\n"}):
            chosen = suite.chosen().run
        reading = _readers(record, file).intersection(chosen)
        most |= Counter({"tests": len(chosen) - len(reading), "tests that read the file": len(reading)})
    return {name: most[name] for name in ("tests", "tests that read the file")}


def _readers(record: Record, file: str) -> set[str]:
    data = {number for number, datum in enumerate(record.data) if (datum.kind, datum.path) == ("R", file)}
    units = {number for number, unit in enumerate(record.units) if not data.isdisjoint(unit.data)}
    return {test.id for test in record.tests if not units.isdisjoint((*test.units, test.left))}


def _after_readme(suite: Suite) -> int:
    readme = next(path for path in suite.root.iterdir() if path.name.lower().startswith("readme"))
    with suite.changed({readme.name: readme.read_bytes() + b"\nmore\n"}):
        return len(suite.chosen().run)


def history(suite: Suite, given: argparse.Namespace, place: Path) -> None:
    """Go from version to version, file by file; after each step compare a selected run with a full one."""
    name, requirement = given.suite, PROJECTS[given.suite][0].partition("=")[0]
    versions = given.versions.split(",")
    trees = [_unpacked(f"{requirement}=={version}", place, place / "versions") for version in versions]
    _become(suite.root, trees[0], _differing(suite.root, trees[0]))
    suite.traced(everything=True)
    found: list[dict[str, object]] = []
    for tree in trees[1:]:
        for file in _differing(suite.root, tree):
            if len(found) >= given.steps:
                break
            _become(suite.root, tree, [file])
            run = suite.traced(everything=False)
            selected, kept = suite.left(), suite.state.read_bytes() if suite.state.exists() else b""
            suite.traced(everything=True)
            full = suite.left()
            different = selected.difference(full)
            suite.state.unlink(missing_ok=True)
            if kept:
                suite.state.write_bytes(kept)
            chosen = run.selection
            share = len(chosen.run) / max(1, len(chosen.run) + len(chosen.reuse)) if chosen else 1.0
            step = {"step": f"{tree.name}: {file}", "tests": len(full.cases), "share": round(share, 3)}
            found.append({**step, "different": different})
            print(json.dumps(found[-1]), flush=True)
    shares = [float(str(one["share"])) for one in found if one["tests"]]
    figures = {
        "steps": len(found),
        "without_tests": sum(not one["tests"] for one in found),  # half a version may break the collection of all
        "share": round(mean(shares), 3) if shares else None,
        "different": [one for one in found if one["different"]],
    }
    print(json.dumps({name: figures}), flush=True)


_SOURCES = ("src", "tests")


def _differing(root: Path, tree: Path) -> list[str]:
    """Return the files of sources and tests in which two trees differ, sources first."""
    files = {
        path.relative_to(base).as_posix()
        for base in (root, tree)
        for folder in _SOURCES
        for path in (base / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and ".egg-info" not in str(path)
    }
    return sorted(name for name in files if _content(root / name) != _content(tree / name))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _become(root: Path, tree: Path, files: Sequence[str]) -> None:
    for name in files:
        content = _content(tree / name)
        if content is None:
            (root / name).unlink(missing_ok=True)
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)


class Floor:
    """The tests that must run after an edit of a body, by rules (a) to (c) alone."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._numbers = {place: number for number, place in enumerate(record.blocks)}
        graph = {name: file.imports for name, file in record.files.items()}
        closures: dict[frozenset[str], frozenset[str]] = {}
        self._reached: dict[str, frozenset[str]] = {}
        for test in record.tests:
            starts = self._files(test) | {test.file, *record.base}
            if starts not in closures:
                closures[starts] = closure(starts, graph)
            self._reached[test.id] = closures[starts]

    def _files(self, test: Entry) -> frozenset[str]:
        record = self._record
        blocks = {block for unit in test.units for block in record.units[unit].blocks}
        return frozenset(record.names[record.blocks[block][0]] for block in blocks)

    def tests(self, file: str, inner: int) -> int:
        """Return how many tests ran a block, or import something that ran it while it was imported."""
        record = self._record
        block = self._numbers[record.names.index(file), inner]
        ran = {n for n, unit in enumerate(record.units) if block in unit.blocks}
        importing = {name for name, unit in record.imports.items() if unit in ran}
        if not ran.isdisjoint(record.everyone) or importing.intersection(record.base):
            return len(record.tests)
        return sum(
            not ran.isdisjoint(test.units) or not importing.isdisjoint(self._reached[test.id]) for test in record.tests
        )


def cost(suite: Suite, rounds: int) -> None:
    """Print the CPU seconds of the suite under coverage, plain and traced, alternating; medians."""
    found: dict[str, list[float]] = {"plain": [], "traced": []}
    for _ in range(rounds):
        for name, seconds in found.items():
            run = suite.impact(everything=True)
            variables = run.begin() if name == "traced" else {"NOXLINE_RECORD": ""}
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            suite.pytest(variables, traced=name == "traced")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    middle = {name: median(times) for name, times in found.items()}
    more = round(100 * (middle["traced"] / middle["plain"] - 1), 1)
    print(json.dumps({suite.root.name: {**middle, "more_percent": more, "all": found}}), flush=True)


def decide(suite: Suite, record: Record, tests: int = 60_000) -> dict[str, float]:
    """Return the CPU seconds that it takes to read a record of so many tests and to decide, one body having changed."""
    import msgspec

    many = [_renamed(record.tests[n % len(record.tests)], f"t{n}") for n in range(tests)]
    large = msgspec.structs.replace(record, tests=tuple(many))
    known = {(datum.kind, datum.path): datum.digest for datum in record.data}
    name, source = _another_body(suite, record)
    sources = {file: kept.digest for file, kept in record.files.items()} | {name: "another"}
    now = Now(
        environment=record.environment,
        sources=sources,
        watched=record.watched,
        source=lambda _name: source,
        digest=lambda kind, path: known[kind, path],
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "record.bin")
        write_record(path, large)
        began = time.process_time()
        read = read_record(path)
        reading = time.process_time() - began
        if read is None:
            sys.exit("the record cannot be read")
        chosen = select(read, now)
        json.dumps(chosen.reuse)
        whole = time.process_time() - began
    return {"tests": tests, "run": len(chosen.run), "read": round(reading, 3), "decide_60000": round(whole, 3)}


def _another_body(suite: Suite, record: Record) -> tuple[str, Source]:
    """Return a file and its blocks after an edit that does not select everything."""
    dice = random.Random(1)
    for name in dice.choices(source_files(suite.facts), k=100):
        edit = edited_function((suite.root / name).read_bytes(), dice)
        if edit is None:
            continue
        with suite.changed({name: edit[0]}):
            if 0 < len(suite.chosen().run) < len(record.tests):
                return name, read_source(edit[0])
    sys.exit("no edit selects a part of the tests")


def _renamed(test: Entry, name: str) -> Entry:
    import msgspec

    return msgspec.structs.replace(test, id=name, event={**test.event, "id": name})


def _unpacked(requirement: str, place: Path, target: Path) -> Path:
    """Return the folder of an unpacked sdist, which is downloaded when it is not there."""
    name, _, version = requirement.partition("==")
    downloads, pattern = place / "sdists", f"{name.replace('-', '_')}-{version}.tar.gz"
    if not any(file.name.lower() == pattern for file in downloads.glob("*.tar.gz")):
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-binary", ":all:", "--no-deps"]
        subprocess.run([*pip, "-d", str(downloads), requirement], check=True, stderr=subprocess.DEVNULL, timeout=600)
    archive = next(file for file in downloads.glob("*.tar.gz") if file.name.lower() == pattern)
    with tarfile.open(archive) as tar:
        for member in tar:  # what is as it was keeps its time, and the record counts on
            tar.extract(member, target, filter="data")
    return target / archive.name.removesuffix(".tar.gz")


def prepared(name: str, place: Path) -> Suite:
    """Unpack a project and make its environment."""
    requirement, more = PROJECTS[name]
    version = requirement.rpartition("=")[2]
    root = _unpacked(requirement, place, place)
    environment = place / f"env-{name}"
    if not environment.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=600)
        subprocess.run(
            [str(environment / "bin" / "pip"), "install", "-q", "pytest", "coverage", *more, "-e", str(root)],
            check=True,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SETUPTOOLS_SCM_PRETEND_VERSION": version},
            timeout=600,
        )
    return Suite(detect(root.resolve()), environment)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("safe", "selective", "history", "cost", "decide"))
    parser.add_argument("--suite", required=True, choices=PROJECTS)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--exact", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--versions", default="2.1.0,2.1.1,2.1.2,2.2.0", help="for history")
    parser.add_argument("--steps", type=int, default=50, help="for history")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args(arguments)
    place = given.keep or Path(tempfile.mkdtemp(prefix="noxline-impact-"))
    place.mkdir(parents=True, exist_ok=True)
    suite = prepared(given.suite, place)
    if given.what == "safe":
        safe(suite, given)
    elif given.what == "selective":
        selective(suite, given)
    elif given.what == "history":
        history(suite, given, place)
    elif given.what == "cost":
        cost(suite, given.rounds)
    else:
        print(json.dumps({given.suite: decide(suite, suite.prepared_record())}))
    suite.close()
    if given.keep is None:
        shutil.rmtree(place, ignore_errors=True)
    return 0


if __name__ == "__main__":
    os.environ.pop("NOXLINE_SHARD", None)
    sys.exit(main(sys.argv[1:]))
