"""Run failed tests again in fresh processes, and say of each failure whether it counts."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.sessions.command import capture
from noxline.sessions.suite_command import Place, commands, plain_commands
from noxline.settings.facts import Runner, TestSuite
from noxline.settings.schema import QuarantineSettings
from noxline.testing.causes import shown_by
from noxline.testing.retry import Allowance, Budget, Failing, Finding, Retrying
from noxline.testing.verdicts import Excused, Verdicts, failing

if TYPE_CHECKING:
    import nox

    from noxline.testing.records import Process
    from noxline.testing.results import Result, Results


_NOT_FOR_TRIALS = (
    "NOXLINE_SHARD",
    "NOXLINE_FIRST",
    "NOXLINE_FAIL_FAST",
    "NOXLINE_TRACE",
    "NOXLINE_REUSE",
    "NOXLINE_ORDER",
)


# Of the time between the tests of a suite only a part is that of a start: how long one takes, the first will show.
_STARTS = 4


@dataclass(slots=True)
class SuiteTrials:
    """Runs chosen tests by the suite's own commands, within a budget of time."""

    session: nox.Session
    suite: TestSuite
    place: Place
    env: Mapping[str, str]
    directory: Path
    budget: Budget
    seconds: Mapping[str, float]
    startup: float
    distributed: bool = False
    count: int = field(default=0, init=False)

    def affords(self, tests: Sequence[str]) -> bool:
        """Tell whether there is time to run these tests."""
        return self.startup + sum(self.seconds.get(name, 0.0) for name in tests) <= self.budget.left

    def run(self, tests: Sequence[str], *, measured: bool = False, starved: bool = False) -> Mapping[str, str]:
        """Run these tests in this order in a fresh process; return the outcomes of those that came to an end.

        `measured`: their coverage counts, as it would have if they had passed in the first place. `starved`: they get
        little CPU time.
        """
        self.count += 1
        # Beside the folder for temporary files: pytest may empty that.
        folder = self.place.tmp.with_name(f"{self.place.tmp.name}.retry-{self.count}")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return self._run(tests, folder, measured=measured, starved=starved)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, tests: Sequence[str], folder: Path, *, measured: bool, starved: bool) -> Mapping[str, str]:
        only = folder / "only.json"
        only.write_text(json.dumps(list(tests)), encoding="utf-8")
        env = {**self.env, "NOXLINE_OUTPUT": str(folder), "NOXLINE_ONLY": str(only)}
        env |= dict.fromkeys(_NOT_FOR_TRIALS, "")
        env["NOXLINE_STARVED"] = "1" if starved else ""
        lines = (commands if measured else plain_commands)(self.suite, self.session.posargs, self.place)
        more = ("--maxfail=0", *(("-n0",) if self.distributed else ()))
        outcomes: dict[str, str] = {}
        for command, argv in lines:
            if command.runner is Runner.PYTEST and tests[-1] not in outcomes:
                began = time.monotonic()
                capture(self.session, *argv, *more, env=env, directory=self.directory, echo=False)
                outcomes |= _outcomes(folder)
                spent = time.monotonic() - began - sum(self.seconds.get(name, 0.0) for name in tests)
                self.startup = self.startup if starved else max(self.startup, spent)
        return outcomes


def _outcomes(folder: Path) -> dict[str, str]:
    from noxline.testing.results import read_results

    results = read_results([folder])
    died = {name for process in results.processes for name in process.running}
    return {result.id: result.outcome for result in results.all() if result.id not in died}


def quarantined(results: Results, entries: Sequence[QuarantineSettings], today: date) -> tuple[Excused, ...]:
    """Return the failed tests that are in quarantine on this day."""
    active = [entry for entry in entries if today <= entry.expires]
    found: dict[str, Excused] = {}
    for result in failing(results):
        for entry in active:
            if entry.covers(result.id):
                found[result.id] = Excused(id=result.id, until=entry.expires.isoformat(), reason=entry.reason)
    return tuple(found.values())


def candidates(
    results: Results, excused: Sequence[Excused], suspects: Mapping[str, tuple[str, ...]]
) -> tuple[Failing, ...]:
    """Return the failed tests that can be run again: those of pytest in processes that came to their end.

    `suspects` are tests behind which a test failed in earlier runs.
    """
    known = {test.id for test in excused}
    found: dict[str, Failing] = {}
    for process in results.processes:
        if process.start.runner == "pytest" and process.end is not None:
            for test in _failed(process, known):
                found.setdefault(test.id, replace(test, suspects=suspects.get(test.id, ())))
    return tuple(found.values())


def _failed(process: Process, known: set[str]) -> list[Failing]:
    """Return the failed tests of a process with those that ran before them, in the same worker of pytest-xdist."""
    before: dict[str, list[str]] = {}
    found = []
    for test in process.tests:
        ran = before.setdefault(test.worker, [])
        if test.outcome in ("failed", "error") and test.id not in known:
            message, shown = _last_line(test.message), shown_by(test.message)
            found.append(Failing(id=test.id, before=tuple(ran), message=message, shown=shown))
        ran.append(test.id)
    return found


def _last_line(message: str) -> str:
    lines = [line[1:].strip() for line in message.splitlines() if line.startswith("E ")]
    return (lines or message.strip().splitlines() or [""])[0][:300]


def trials_of(
    session: nox.Session,
    suite: TestSuite,
    place: Place,
    *,
    env: Mapping[str, str],
    root: Path,
    results: Results,
    allowance: Allowance,
) -> SuiteTrials:
    """Return the trials for what failed in a run of the suite."""
    suite_seconds = sum(process.end.seconds for process in results.processes if process.end)
    seconds = {result.id: result.seconds for result in results.all()}
    workers = any(test.worker for process in results.processes for test in process.tests)
    budget = Budget(allowance.seconds(suite_seconds), time.monotonic)
    between_tests = max(0.0, suite_seconds - sum(seconds.values()))
    return SuiteTrials(
        session=session,
        suite=suite,
        place=place,
        env=env,
        directory=root / suite.directory,
        budget=budget,
        seconds=seconds,
        startup=0.0 if workers else min(between_tests, budget.seconds / _STARTS),
        distributed=workers,
    )


def find_out(
    results: Results, trials: SuiteTrials, allowance: Allowance, *, excused: tuple[Excused, ...], root: Path
) -> Verdicts:
    """Return what is to be said of the failed tests; those that fail again, alone too, are left as they are."""
    failed = candidates(results, excused, _suspects(root))
    refused = allowance.why_not(len(failed))
    if refused:
        print(f"noxline: {refused}", flush=True)
    if refused or not allowance.retries or not failed:
        return Verdicts(quarantined=excused)
    print(f"noxline: {len(failed)} failed: running again, at most {trials.budget.seconds:.0f} s", flush=True)
    findings = Retrying(trials, allowance.retries).find_out(failed)
    for line in told(findings):
        print(f"noxline: {line}", flush=True)
    return Verdicts(flaky=tuple(one for one in findings if _counts_as_passed(one)), quarantined=excused)


def told(findings: Sequence[Finding]) -> list[str]:
    """Return a line for each finding; those that only failed again share one, so that pytest's words stay in sight."""
    again = [finding for finding in findings if finding.kind == "broken" and finding.attempts]
    lines = [
        f"{finding.id}: {', '.join(finding.attempts) or 'no time left'}: {finding.kind}"
        for finding in findings
        if finding not in again
    ]
    if again:
        more = f" and {len(again) - 1} more" if len(again) > 1 else ""
        lines.append(f"{again[0].id}{more}: failed again: broken")
    return lines


def _suspects(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the tests behind which tests failed in earlier runs: what is known saves looking for it again."""
    from noxline.testing.evidence import flaky_tests

    try:
        record = json.loads((root / ".noxline" / "state" / "flaky.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return {test.id: test.polluters for test in flaky_tests(record if isinstance(record, dict) else {})}


def _counts_as_passed(finding: Finding) -> bool:
    return finding.kind != "broken"


def uncounted(results: Sequence[Result], verdicts: Verdicts) -> bool:
    """Tell whether no failure is left that counts."""
    return bool(results) and all(result.id in verdicts.ids for result in results)
