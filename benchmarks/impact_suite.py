"""An unpacked project for impact.py, and the ways in which its suite is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from noxline.sessions.coverage_data import Sources, find_data
from noxline.sessions.coverage_settings import run_settings
from noxline.sessions.impact import Impact
from noxline.sessions.impact_files import environment_digest, source_of
from noxline.sessions.measure import INJECTED, recording_environment
from noxline.sessions.suite_command import WORKERS
from noxline.settings.facts import ProjectFacts, TestSuite
from noxline.testing.blocks import Source
from noxline.testing.impact import Selection
from noxline.testing.impact_record import Record, read_record
from noxline.testing.junit import to_junit
from noxline.testing.results import read_results

SLOW = 900
CPU = 120
_VARYING = re.compile(r' time="[0-9.e-]+"|0x[0-9a-f]+|[0-9]+')
_BASE = {**os.environ, "PYTHONHASHSEED": "0"}


@dataclass(frozen=True)
class Left:
    """What a run left: the cases of its JUnit report without times, and the branches or lines that it covered."""

    cases: Mapping[str, str]
    lines: Mapping[str, frozenset[object]]

    def difference(self, full: Left) -> str:
        """Say in which tests and which lines this differs from a full run; nothing where it does not.

        Tests whose names hold the time of day are compared as a set without their digits; and what a failure prints may
        hold the time, so that digits alone are no difference there.
        """
        both = self.cases.keys() & full.cases.keys()
        tests = [n for n in both if _VARYING.sub("", self.cases[n]) != _VARYING.sub("", full.cases[n])]
        only = [Counter(_VARYING.sub("", n + c[n]) for n in c.keys() - both) for c in (self.cases, full.cases)]
        files = [f for f in self.lines.keys() | full.lines.keys() if self.lines.get(f) != full.lines.get(f)]
        lines = [
            (f, sorted(map(str, self.lines.get(f, frozenset()) ^ full.lines.get(f, frozenset())))[:5]) for f in files
        ]
        return f"tests {tests[:3]} {only} lines {lines[:3]}" if tests or files or only[0] != only[1] else ""


class Suite:
    """A project with an environment of its own."""

    def __init__(self, facts: ProjectFacts, environment: Path) -> None:
        self.facts = facts
        self.root = facts.root
        self.bin = environment.resolve() / "bin"
        self.out = self.root / ".noxline" / "bench"
        self.state = self.root / ".noxline" / "state" / "impact" / "tests.bin"
        self._server: subprocess.Popen[str] | None = None
        self._digest = ""
        self._changed = False

    def impact(self, *, everything: bool) -> Impact:
        """Return a run that is traced."""
        suite = self.facts.tests
        if not isinstance(suite, TestSuite):
            sys.exit(f"{self.root.name}: {suite.reason}")
        argv = [command.argv for command in suite.commands]
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        if not self._digest:
            self._digest = environment_digest(self.root, self.facts, bin_folder=self.bin, argv=argv)
        return Impact(
            name="tests",
            facts=self.facts,
            suite=suite,
            output=self.out,
            environment=self._digest,
            everything=everything,
        )

    def chosen(self) -> Selection:
        """Return what would run now."""
        run = self.impact(everything=False)
        with redirect_stdout(None):
            run.begin()
        if run.selection is None:
            sys.exit("the record is gone")
        return run.selection

    def source(self, file: str) -> Source | None:
        """Return the blocks of a file."""
        return source_of(self.root, file)

    def prepared_record(self) -> Record:
        """Return the record of a full run of the project as it is."""
        record = read_record(self.state)
        if record is None or self.chosen().run:
            self.traced(everything=True)
            record = read_record(self.state)
        if record is None:
            sys.exit(f"{self.root.name}: nothing was recorded")
        return record

    @contextmanager
    def changed(self, texts: Mapping[str, bytes]) -> Iterator[None]:
        """Change files for a while; afterwards they are as old as before, so that byte code counts again."""
        self._changed = True
        before = {name: ((self.root / name).read_bytes(), (self.root / name).stat()) for name in texts}
        try:
            for name, text in texts.items():
                (self.root / name).write_bytes(text)
            yield
        finally:
            self._changed = False
            for name, (content, stat) in before.items():
                (self.root / name).write_bytes(content)
                os.utime(self.root / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    @property
    def plain_variables(self) -> dict[str, str]:
        """Return the variables of a run that noxline has no part in."""
        own = dict(self.facts.tests.env) if isinstance(self.facts.tests, TestSuite) else {}
        return {**_BASE, **own}

    def _variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        own = dict(self.facts.tests.env) if isinstance(self.facts.tests, TestSuite) else {}
        recording = recording_environment(self.root, self.out, pythonpath=own.get("PYTHONPATH"))
        byte_code = {"PYTHONDONTWRITEBYTECODE": "1"} if self._changed else {}
        workers = {WORKERS: str(self.out / "coverage.rc")}  # as the stage has it: with this, children trace themselves
        return {**_BASE, **own, **recording, **workers, **byte_code, **variables}

    def forked(self, variables: Mapping[str, str], *options: str) -> int:
        """Run the suite in a fork that has imported pytest already, not measured; return the exit code."""
        if self._server is None:
            command = [str(self.bin / "python"), str(Path(__file__).with_name("impact_server.py"))]
            self._server = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**_BASE, "PYTHONPATH": str(INJECTED)},
            )
        env = {**self._variables(variables), "PYTEST_ADDOPTS": "-p _noxline_pytest"}
        argv = ["-q", "-p", "no:cacheprovider", *options]
        order = {"argv": argv, "cwd": str(self.root), "env": env, "seconds": CPU}
        if self._server.stdin is None or self._server.stdout is None:
            sys.exit("no server")
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """End the server."""
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()
            self._server.wait(timeout=60)

    def pytest(self, variables: Mapping[str, str], *options: str, traced: bool = True, path: str = "") -> int:
        """Run the suite under coverage, with one more place to import from; return the exit code."""
        rcfile = self.out / "coverage.rc"
        rcfile.write_text(run_settings(self.facts, data_file=str(self.out / "coverage.data"), traced=traced))
        command = [
            str(self.bin / "coverage"),
            "run",
            f"--rcfile={rcfile}",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
        null = subprocess.DEVNULL
        env = self._variables(variables)
        env["PYTHONPATH"] = os.pathsep.join(part for part in (env.get("PYTHONPATH", ""), path) if part)
        done = subprocess.run(
            [*command, *options],
            cwd=self.root,
            env=env,
            check=False,
            stdout=null,
            stderr=null,
            timeout=SLOW,
        )
        return done.returncode

    def traced(self, *, everything: bool) -> Impact:
        """Run what has to run, traced, and merge it with the rest."""
        run = self.impact(everything=everything)
        with redirect_stdout(None):
            variables = run.begin()
        self.pytest(variables)
        run.finish()
        return run

    def left(self) -> Left:
        """Return what the last run left, of the package's own source."""
        from coverage import CoverageData

        report = to_junit(read_results([self.out])).decode()
        cases: dict[str, str] = {}
        for case in report.split("<testcase ")[1:]:
            head = case.partition(">")[0]
            cases[re.sub(r' time="[0-9.e-]+"', "", head)] = re.sub(r' time="[0-9.e-]+"|0x[0-9a-f]+', "", case)
        lines: dict[str, set[object]] = {}
        own = Sources(self.facts)
        for path in find_data([self.out]):
            data = CoverageData(basename=str(path))
            data.read()
            for file in data.measured_files():
                if own.own(file) is not None:
                    lines.setdefault(file, set()).update(
                        (data.arcs(file) if data.has_arcs() else data.lines(file)) or ()
                    )
        return Left(cases, {file: frozenset(found) for file, found in lines.items()})
