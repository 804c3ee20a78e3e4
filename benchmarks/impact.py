#!/usr/bin/env python3
"""Measure whether selected runs miss what full runs find, and how much they run: mutants, on real suites.

    python benchmarks/impact.py [--only pluggy,...] [--mutants 300] [--seconds 600] [--keep FOLDER] [--json]

For each project (its sdist is downloaded with pip) a traced run of the whole suite makes the record. Then

1. Safe: one-place mutants of source, tests' data files included. Each is judged by the selected tests, and by the whole
   suite where these pass: killed by the whole suite alone is a miss. There must be none.
2. Selective: the share of tests that each mutant in a function's body selects, beside the floor: the tests that ran
   this body, or import what ran it. After a comment or a reformatted line no test may run.
3. Exact: for some of the mutants, outcomes and covered lines after a selected run against those of a full one.
4. Cost: CPU of the traced run over `coverage run -m pytest`; the time to decide for 60,000 tests.

The figures are for people to read: no test asserts them.
"""

from __future__ import annotations

import argparse
import ast
import copy
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
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from noxline.sessions.coverage_data import find_data
from noxline.sessions.coverage_settings import run_settings
from noxline.sessions.impact import Impact, test_events
from noxline.sessions.impact_files import environment_digest, source_of
from noxline.sessions.measure import recording_environment
from noxline.settings.detect.project import detect
from noxline.settings.facts import ProjectFacts, TestSuite
from noxline.testing.impact import Now, select
from noxline.testing.impact_record import Record, read_record
from noxline.testing.traced import reached_files

PROJECTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "itsdangerous": ("itsdangerous==2.2.0", ("freezegun",)),
    "pluggy": ("pluggy==1.7.0", ()),
    "marshmallow": ("marshmallow==4.4.0", ("simplejson",)),
    "cachetools": ("cachetools", ()),
}
SLOW = 300
STATE = Path(".noxline/state/impact/tests.bin")


@dataclass(frozen=True)
class Mutant:
    """One change of one file; `function` tells whether it lies in the body of a function."""

    kind: str
    file: str
    text: bytes
    line: int


class Suite:
    """An unpacked project with an environment of its own."""

    def __init__(self, root: Path, environment: Path) -> None:
        self.root = root.resolve()
        self.bin = environment.resolve() / "bin"
        self.facts: ProjectFacts = detect(self.root)
        self.out = self.root / ".noxline" / "bench"

    def impact(self, *, everything: bool) -> Impact:
        """Return a run that is traced."""
        suite = self.facts.tests
        if not isinstance(suite, TestSuite):
            sys.exit(f"{self.root.name}: {suite.reason}")
        argv = [command.argv for command in suite.commands]
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        environment = environment_digest(self.root, self.facts, bin_folder=self.bin, argv=argv)
        return Impact(
            name="tests",
            facts=self.facts,
            suite=suite,
            output=self.out,
            environment=environment,
            everything=everything,
        )

    def pytest(self, variables: Mapping[str, str], *options: str, measured: bool = False) -> int:
        """Run the suite; return the exit code."""
        rcfile = self.out / "coverage.rc"
        traced = bool(variables.get("NOXLINE_TRACE"))
        rcfile.write_text(run_settings(self.facts, data_file=str(self.out / "coverage.data"), traced=traced))
        own = dict(self.facts.tests.env) if isinstance(self.facts.tests, TestSuite) else {}
        program = (str(self.bin / "coverage"), "run", f"--rcfile={rcfile}") if measured else (str(self.bin / "python"),)
        recording = recording_environment(self.root, self.out)
        env = {**os.environ, **own, **recording, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", **variables}
        command = [*program, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
        try:
            return subprocess.run(
                command,
                cwd=self.root,
                env=env,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SLOW,
            ).returncode
        except subprocess.TimeoutExpired:
            return 1

    def traced(self, *, everything: bool) -> Impact:
        """Run what has to run, traced, and merge it with the rest."""
        run = self.impact(everything=everything)
        self.pytest(run.begin(), measured=True)
        run.finish()
        return run

    def left(self) -> tuple[dict[str, str], dict[str, list[int]]]:
        """Return the outcomes and the covered lines of the package's own source that a run left."""
        from coverage import CoverageData

        outcomes = {name: event["outcome"] for name, event in test_events(self.out).items()}
        lines: dict[str, set[int]] = {}
        for path in find_data([self.out]):
            data = CoverageData(basename=str(path))
            data.read()
            for file in data.measured_files():
                if any(str(self.root / source) in file for source in self.facts.sources):
                    lines.setdefault(file, set()).update(data.lines(file) or ())
        return outcomes, {file: sorted(found) for file, found in lines.items()}


def mutants(suite: Suite, dice: random.Random) -> Iterator[Mutant]:
    """Yield mutants without end, each kind as often as the others."""
    root = suite.root
    files = [
        path.relative_to(root).as_posix()
        for source in suite.facts.sources
        for path in ([root / source] if (root / source).is_file() else sorted((root / source).rglob("*.py")))
    ]
    by_kind: dict[str, list[tuple[str, ast.AST]]] = {}
    for file in files:
        for kind, node in places(ast.parse((root / file).read_bytes())):
            by_kind.setdefault(kind, []).append((file, node))
    data = [
        path.relative_to(root).as_posix()
        for folder in suite.facts.test_dirs
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    kinds = [*by_kind, "body", "body", *(["data"] if data else [])]
    while True:
        kind = dice.choice(kinds)
        if kind == "data":
            file = dice.choice(data)
            content = (root / file).read_bytes()
            cut = dice.randrange(len(content)) if content else 0
            yield Mutant(kind, file, content[:cut] + b"~" + content[cut + 1 :], 0)
            continue
        file, node = dice.choice(by_kind[kind])
        made = mutated((root / file).read_bytes(), node, dice)
        if made is not None:
            yield Mutant(kind, file, made, getattr(node, "lineno", 0))


def places(tree: ast.AST, kind: str = "module") -> Iterator[tuple[str, ast.AST]]:
    """Yield what can be mutated, with the kind of place it is in."""
    for node in ast.iter_child_nodes(tree):
        inner = kind
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (("decorator", decorator) for decorator in node.decorator_list)
            defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
            yield from (("default", default) for default in defaults)
            if ast.get_docstring(node):
                yield "docstring", node.body[0].value  # type: ignore[attr-defined]
            for statement in node.body:
                yield from places(ast.Module([statement], []), "body")
            continue
        if isinstance(node, ast.ClassDef):
            inner = "class"
        if isinstance(node, ast.Constant | ast.Compare | ast.BoolOp | ast.BinOp | ast.Return | ast.UnaryOp):
            yield kind, node
        yield from places(node, inner)


def mutated(content: bytes, node: ast.AST, dice: random.Random) -> bytes | None:
    """Return the file with this node changed; None when there is no change to make."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Constant):
        new.value = another(new.value, dice)
    elif isinstance(new, ast.Compare):
        new.ops[0] = dice.choice([op for op in _COMPARISONS if not isinstance(new.ops[0], op)])()
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
    elif isinstance(new, ast.BinOp):
        new.op = ast.Sub() if isinstance(new.op, ast.Add) else ast.Add()
    elif isinstance(new, ast.Return):
        new.value = ast.Constant(None) if new.value is not None else ast.Constant(1)
    elif isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.Not):
        return replaced(content, node, ast.unparse(new.operand))
    else:  # a decorator: one that changes nothing
        return replaced(content, node, "(lambda decorated: decorated)")
    return replaced(content, node, ast.unparse(new))


def another(value: object, dice: random.Random) -> object:
    """Return another constant of the same type; the same where there is none."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + dice.choice((1, -1))
    if isinstance(value, str):
        return "XX" + value
    return b"XX" + value if isinstance(value, bytes) else value


_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.GtE, ast.Is, ast.In)


def replaced(content: bytes, node: ast.AST, text: str) -> bytes | None:
    """Return the file with the node's text replaced; None where that is no Python any more, or the same."""
    lines = content.splitlines(keepends=True)
    before = sum(map(len, lines[: node.lineno - 1])) + node.col_offset  # type: ignore[attr-defined]
    after = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset  # type: ignore[attr-defined]
    if not isinstance(node, ast.Return) and "\n" not in text:
        text = f"({text})" if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.UnaryOp) else text
    made = content[:before] + text.encode() + content[after:]
    try:
        return made if ast.dump(ast.parse(made)) != ast.dump(ast.parse(content)) else None
    except (SyntaxError, ValueError):
        return None


def floor(record: Record, file: str, suite: Suite, line: int) -> int:
    """Return how many tests ran the body that holds a line, or import something that ran it while it was imported."""
    source = source_of(suite.root, file)
    number = record.names.index(file)
    inner = source.owners(line)[-1] if source else 0
    block = record.blocks.index((number, inner))
    ran = {n for n, unit in enumerate(record.units) if block in unit.blocks}
    importing = {name for name, unit in record.imports.items() if unit in ran}
    return sum(
        bool(ran.intersection(test.units)) or not importing.isdisjoint(reached_files(record, test))
        for test in record.tests
    )


@dataclass
class Tally:
    """What was found on one project."""

    killed: Counter[str]
    survived: Counter[str]
    missed: list[str]
    shares: list[float]
    floors: list[float]
    exact: int = 0
    different: tuple[str, ...] = ()
    whole: int = 0


def measure(suite: Suite, count: int, seconds: float, dice: random.Random) -> dict[str, object]:
    """Judge mutants until there are enough of them, or the time is over."""
    suite.traced(everything=True)
    state = suite.root / STATE
    record = read_record(state)
    if record is None:
        sys.exit(f"{suite.root.name}: nothing was recorded")
    kept = state.read_bytes()
    tally = Tally(Counter(), Counter(), [], [], [])
    began = time.monotonic()
    for number, mutant in enumerate(mutants(suite, dice)):
        if number >= count or time.monotonic() - began > seconds:
            break
        path = suite.root / mutant.file
        content = path.read_bytes()
        if mutant.kind == "body":
            tally.floors.append(floor(record, mutant.file, suite, mutant.line) / len(record.tests))
        path.write_bytes(mutant.text)
        try:
            judge(suite, mutant, record, tally, exact=number % 10 == 0)
        finally:
            path.write_bytes(content)
            state.write_bytes(kept)
    return summary(tally, record)


def judge(suite: Suite, mutant: Mutant, record: Record, tally: Tally, *, exact: bool) -> None:
    """Run the selected tests, and all of them where these find nothing."""
    run = suite.impact(everything=False)
    variables = run.begin()
    chosen = run.selection
    if chosen is None:
        sys.exit("the record is gone")
    tally.whole += bool(chosen.whole)
    if mutant.kind == "body":
        tally.shares.append(len(chosen.run) / len(record.tests))
    plain = {"NOXLINE_REUSE": variables["NOXLINE_REUSE"]}
    killed = suite.pytest(plain, "-x") != 0
    if not killed and chosen.reuse and suite.pytest({}, "-x") != 0:
        killed = True
        tally.missed.append(f"{mutant.kind} {mutant.file}:{mutant.line}")
    (tally.killed if killed else tally.survived)[mutant.kind] += 1
    if exact and chosen.reuse:
        suite.traced(everything=False)
        selected = suite.left()
        suite.traced(everything=True)
        if selected == suite.left():
            tally.exact += 1
        else:
            tally.different += (f"{mutant.kind} {mutant.file}:{mutant.line} {difference(selected, suite.left())}",)


def difference(selected: tuple[dict[str, str], dict[str, list[int]]], full: object) -> str:
    """Say in which tests and which lines two runs differ."""
    outcomes, lines = full  # type: ignore[misc]
    tests = [n for n in {**outcomes, **selected[0]} if outcomes.get(n) != selected[0].get(n)]
    found = [
        f"{Path(f).name}:{sorted(set(lines.get(f, ())) ^ set(selected[1].get(f, ())))[:5]}"
        for f in lines
        if lines.get(f) != selected[1].get(f)
    ]
    return f"tests {tests[:3]} lines {found[:3]}"


def summary(tally: Tally, record: Record) -> dict[str, object]:
    """Return the figures."""
    return {
        "tests": len(record.tests),
        "killed": dict(tally.killed),
        "survived": dict(tally.survived),
        "missed": tally.missed,
        "whole": tally.whole,
        "share": {"mean": mean(tally.shares), "median": median(tally.shares)} if tally.shares else {},
        "floor": {"mean": mean(tally.floors), "median": median(tally.floors)} if tally.floors else {},
        "exact": tally.exact,
        "different": list(tally.different),
    }


def cost(suite: Suite, rounds: int = 3) -> dict[str, float]:
    """Return the CPU seconds of the suite under coverage, plain and traced, the best of some rounds."""
    found: dict[str, list[float]] = {"plain": [], "traced": []}
    for _ in range(rounds):
        for name, seconds in found.items():
            run = suite.impact(everything=True)
            variables = run.begin() if name == "traced" else {"NOXLINE_RECORD": ""}
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            suite.pytest(variables, measured=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    best = {name: min(times) for name, times in found.items()}
    return {**best, "more_percent": round(100 * (best["traced"] / best["plain"] - 1), 1)}


def decision(record: Record, tests: int = 60_000) -> float:
    """Return the seconds that it takes to decide for a suite of so many tests, one function having changed."""
    import msgspec

    many = [msgspec.structs.replace(record.tests[n % len(record.tests)], id=f"t{n}") for n in range(tests)]
    large = msgspec.structs.replace(record, tests=tuple(many))
    known = {(datum.kind, datum.path): datum.digest for datum in record.data}
    name = record.names[-1]
    sources = {file: kept.digest for file, kept in record.files.items()} | {name: "another"}
    now = Now(
        environment=record.environment,
        sources=sources,
        watched=record.watched,
        source=lambda _name: None,
        digest=lambda kind, path: known[kind, path],
    )
    began = time.perf_counter()
    select(large, now)
    return time.perf_counter() - began


def prepared(name: str, place: Path) -> Suite:
    """Unpack a project and make its environment."""
    requirement, more = PROJECTS[name]
    downloads = place / "sdists"
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-binary", ":all:", "--no-deps"]
    if not list(downloads.glob(f"{name}-*.tar.gz")):
        subprocess.run([*pip, "-d", str(downloads), requirement], check=True, stderr=subprocess.DEVNULL, timeout=600)
    archive = next(downloads.glob(f"{name}-*.tar.gz"))
    root = place / archive.name.removesuffix(".tar.gz")
    shutil.rmtree(root, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    environment = place / f"env-{name}"
    if not environment.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=600)
        version = archive.name.removesuffix(".tar.gz").rpartition("-")[2]
        subprocess.run(
            [str(environment / "bin" / "pip"), "install", "-q", "pytest", "coverage", *more, "-e", str(root)],
            check=True,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SETUPTOOLS_SCM_PRETEND_VERSION": version},
            timeout=600,
        )
    return Suite(root, environment)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PROJECTS))
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--cost", action="store_true", help="only the cost of the trace")
    given = parser.parse_args(arguments)
    place = given.keep or Path(tempfile.mkdtemp(prefix="noxline-impact-"))
    place.mkdir(parents=True, exist_ok=True)
    missed = 0
    for name in given.only.split(","):
        suite = prepared(name, place)
        if given.cost:
            found: dict[str, object] = dict(cost(suite))
        else:
            found = measure(suite, given.mutants, given.seconds, random.Random(given.seed))
            missed += len(found["missed"])  # type: ignore[arg-type]
            record = read_record(suite.root / STATE)
            found["decide_60000"] = round(decision(record), 3) if record else None
        print(json.dumps({name: found}, indent=1), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ.pop("NOXLINE_SHARD", None)
    sys.exit(main(sys.argv[1:]))
