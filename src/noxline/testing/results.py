"""Merge the records of test processes: shards and repeated runs into one result per test and Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from noxline.testing.records import Outcome, Process, Unreadable, read_processes

_RANK: Mapping[Outcome, int] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The result of one test on one Python; `runner` is what ran it."""

    id: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    file: str = ""
    line: int | None = None
    xfail: bool = False
    reruns: int = 0
    runner: str = ""

    @property
    def flaky(self) -> bool:
        """Tell whether the test passed only after it was run again."""
        return self.outcome == "passed" and self.reruns > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """All that is known of the tests of some output directories.

    `tests` holds the results by Python and by id. `seconds` is, by Python, the time of the longest output directory:
    shards run side by side, the processes of one session one after the other. `incomplete` says for each process that
    died, and for each record that cannot be read, what happened: with any of it no count is to be trusted.
    """

    tests: Mapping[str, Mapping[str, Result]]
    seconds: Mapping[str, float]
    processes: tuple[Process, ...] = ()
    incomplete: tuple[str, ...] = ()

    def all(self) -> tuple[Result, ...]:
        """Return the results of all Pythons."""
        return tuple(result for results in self.tests.values() for result in results.values())

    def count(self, outcome: Outcome) -> int:
        """Return how many tests ended so, each Python counted."""
        return sum(result.outcome == outcome for result in self.all())


def read_results(outputs: Sequence[Path]) -> Results:
    """Return the merged results of the output directories of one stage's tasks."""
    read = {output: read_processes(output) for output in outputs}
    return merge({output: found for output, found in read.items() if found})


def merge(read: Mapping[Path, Sequence[Process | Unreadable]]) -> Results:
    """Merge what was read, by output directory: one test on one Python counts once, with its worst outcome."""
    tests: dict[str, dict[str, Result]] = {}
    seconds: dict[str, float] = {}
    processes: list[Process] = []
    incomplete: list[str] = []
    for found in read.values():
        here: dict[str, float] = {}
        for process in found:
            if isinstance(process, Unreadable):
                incomplete.append(process.reason)
                continue
            processes.append(process)
            here[process.python] = here.get(process.python, 0.0) + (process.end.seconds if process.end else 0.0)
            if process.end is None:
                incomplete.append(_death(process))
            _add(tests.setdefault(process.python, {}), results_of(process))
        for python, spent in here.items():
            seconds[python] = max(spent, seconds.get(python, 0.0))
    return Results(tests=tests, seconds=seconds, processes=tuple(processes), incomplete=tuple(incomplete))


def _death(process: Process) -> str:
    during = f" while running {', '.join(process.running)}" if process.running else ""
    return f"a {process.start.runner} process on Python {process.python} died{during}"


def results_of(process: Process) -> tuple[Result, ...]:
    """Return the results of one process; a test it died in and a file it could not collect are errors."""
    runner = process.start.runner
    ran = (
        Result(
            id=test.id,
            outcome=test.outcome,
            seconds=test.seconds,
            message=test.message,
            file=test.file,
            line=test.line,
            xfail=test.xfail,
            reruns=test.reruns,
            runner=runner,
        )
        for test in process.tests
    )
    broken = (Result(id=e.id, outcome="error", message=e.message, runner=runner) for e in process.errors)
    running = process.running or (() if process.end else ("(test process)",))
    died = (Result(id=name, outcome="error", message=_death(process), runner=runner) for name in running)
    return (*ran, *broken, *died) if process.end is None else (*ran, *broken)


def _add(known: dict[str, Result], results: Iterable[Result]) -> None:
    for result in results:
        before = known.get(result.id)
        if before is None:
            known[result.id] = result
            continue
        worst = max((before, result), key=lambda r: _RANK[r.outcome])
        known[result.id] = replace(
            worst, seconds=max(before.seconds, result.seconds), reruns=before.reruns + result.reruns
        )
