"""Run test runners in real processes as noxline does, and read what they recorded."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from noxline.sessions.measure import recording_environment
from noxline.testing.records import Process, read_processes


@dataclass
class Project:
    """A folder with tests, and what their processes leave."""

    root: Path
    extra: dict[str, str] = field(default_factory=dict)
    runs: int = 0
    said: str = ""
    python: str = sys.executable

    def write(self, name: str, content: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def environ(self, output: Path, **changes: str) -> dict[str, str]:
        base = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COVERAGE_", "NOXLINE_"))}
        return {**base, **recording_environment(self.root, output, pythonpath=""), **self.extra, **changes}

    def run(self, *arguments: str, **changes: str) -> tuple[int, list[Process]]:
        """Run Python with these arguments; return its exit code and the records."""
        self.runs += 1
        output = self.root.parent / f"output-{self.runs}"
        output.mkdir()
        done = subprocess.run(
            [self.python, *arguments],
            cwd=self.root,
            env=self.environ(output, **changes),
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.said = done.stdout + done.stderr
        processes = read_processes(output)
        assert all(isinstance(process, Process) for process in processes), processes
        return done.returncode, [process for process in processes if isinstance(process, Process)]

    def pytest(self, *arguments: str, **changes: str) -> tuple[int, Process]:
        """Run pytest; exactly one process is to have recorded."""
        code, processes = self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, **changes)
        assert len(processes) == 1, self.said
        return code, processes[0]

    def unittest(self, *arguments: str, **changes: str) -> tuple[int, Process]:
        """Run unittest; exactly one process is to have recorded."""
        code, processes = self.run("-m", "unittest", *arguments, **changes)
        assert len(processes) == 1, self.said
        return code, processes[0]


def outcomes(process: Process) -> dict[str, str]:
    """Return the outcome of each recorded test."""
    return {test.id: test.outcome for test in process.tests}
