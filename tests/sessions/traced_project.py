"""A small project whose tests run as the tests stage runs them when they are traced."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from noxline.sessions.coverage_data import find_data
from noxline.sessions.coverage_settings import run_settings
from noxline.sessions.impact import RECORD, Impact
from noxline.sessions.impact_events import events_of_tests
from noxline.sessions.measure import recording_environment
from noxline.settings.facts import ProjectFacts
from noxline.testing.impact_record import read_record
from noxline.testing.junit import to_junit
from noxline.testing.results import read_results
from tests.sessions import samples


@dataclass
class TracedProject:
    """Writes files, runs what has to run, and knows what ran."""

    root: Path
    runs: int = 0
    said: str = ""
    options: tuple[str, ...] = ()
    ran: set[str] = field(default_factory=set)
    ran_in_workers: set[str] = field(default_factory=set)
    last: Impact | None = None

    @property
    def facts(self) -> ProjectFacts:
        return samples.facts(self.root, test_dirs=("tests",))

    @property
    def output(self) -> Path:
        return self.root.parent / f"out-{self.runs}"

    def write(self, name: str, content: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        # Byte code is compared by whole seconds and size.
        for folder in self.root.rglob("__pycache__"):
            shutil.rmtree(folder)

    def change(self, name: str, old: str, new: str) -> None:
        content = (self.root / name).read_text(encoding="utf-8")
        assert old in content
        self.write(name, content.replace(old, new))

    def run(self, *, everything: bool = False, environment: str = "same") -> set[str]:
        """Run the tests that have to run; return the short names of those that did."""
        self.runs += 1
        output = self.output
        output.mkdir()
        self.last = impact = Impact(
            name="tests",
            facts=self.facts,
            suite=samples.suite(),
            output=output,
            environment=environment,
            everything=everything,
        )
        variables = impact.begin()
        rcfile = output / "coverage.rc"
        rcfile.write_text(run_settings(self.facts, data_file=str(output / "coverage.data"), traced=True))
        base = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COVERAGE_", "NOXLINE_"))}
        recording = recording_environment(self.root, output, pythonpath=str(self.root / "src"))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "coverage", "run", f"--rcfile={rcfile}", "-m", "pytest"),
                *("-v", "--color=no", "-p", "no:cacheprovider", *self.options),
            ],
            cwd=self.root,
            env={
                **base,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                **recording,
                **variables,
                "NOXLINE_WORKERS": str(rcfile),
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.said = done.stdout + done.stderr
        impact.finish()
        self.ran_in_workers = set(re.findall(r"(?:PASSED|FAILED) \S+::(\w+)", self.said))
        self.ran = set(re.findall(r"::(\w+(?:\[[^]]*\])?) (?:PASSED|FAILED|ERROR|SKIPPED)", self.said))
        return self.ran

    def report(self) -> tuple[str, dict[str, list[int]]]:
        """Return JUnit without times, and the lines that are covered, of the last run."""
        from coverage import CoverageData

        junit = re.sub(r' time="[0-9.]+"', "", to_junit(read_results([self.output])).decode())
        lines: dict[str, set[int]] = {}
        for path in find_data([self.output]):
            data = CoverageData(basename=str(path))
            data.read()
            for file in data.measured_files():
                lines.setdefault(Path(file).name, set()).update(data.lines(file) or ())
        return junit, {name: sorted(found) for name, found in sorted(lines.items())}

    @property
    def outcomes(self) -> dict[str, str]:
        return {name.rpartition("::")[2]: event["outcome"] for name, event in events_of_tests(self.output).items()}

    def dependencies(self) -> dict[str, tuple[set[str], set[str]]]:
        """Return the blocks and the data on which each test depends, as the record of the last run has them."""
        record = read_record(self.output / RECORD)
        assert record is not None, self.said
        found = {}
        for test in record.tests:
            units = [record.units[number] for number in (*test.units, test.left)]
            blocks = {record.blocks[number] for unit in units for number in unit.blocks}
            names = {f"{record.names[f]}:{record.files[record.names[f]].blocks[inner].name}" for f, inner in blocks}
            found[test.id] = names, {record.data[number].path for unit in units for number in unit.data}
        return found
