"""What is known beyond the records of a run: tests found flaky, tests in quarantine. It changes what failures count.

Two files in an output directory: `flaky.json`, `{"schema": 1, "flaky": [{"id", "kind", "attempts", "polluters",
"message"}]}`, and `quarantine.json`, `{"schema": 1, "quarantined": [{"id", "until", "reason"}]}`. Each is there only
when there is something to say: a stored result with a `flaky.json` has tests that run again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from noxline.testing.records import Process, Test, Unreadable, read_processes
from noxline.testing.results import Result, Results, merge
from noxline.testing.retry import Finding, Kind

FILE = "flaky.json"
QUARANTINE = "quarantine.json"
_WORDS: Mapping[Kind, str] = {
    "flaky": "flaky",
    "timing-dependent": "flaky, and depends on time",
    "resource-dependent": "flaky, and depends on a resource of the machine",
}
_FILES = {"flaky": FILE, "quarantined": QUARANTINE}
SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Excused:
    """A failed test that is in quarantine."""

    id: str
    until: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """What a task says of tests that failed in it."""

    flaky: tuple[Finding, ...] = ()
    quarantined: tuple[Excused, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Return the tests whose failure does not count."""
        return frozenset([*(finding.id for finding in self.flaky), *(test.id for test in self.quarantined)])

    def and_those(self, earlier: Verdicts) -> Verdicts:
        """Return these verdicts and earlier ones about other tests."""
        flaky = [finding for finding in earlier.flaky if finding.id not in self.ids]
        quarantined = [test for test in earlier.quarantined if test.id not in self.ids]
        return Verdicts(flaky=(*flaky, *self.flaky), quarantined=(*quarantined, *self.quarantined))


def write_verdicts(output: Path, verdicts: Verdicts) -> None:
    """Write what is known beyond the records; where there is nothing of a kind, no file of it is left."""
    for part, said in msgspec.to_builtins(verdicts).items():
        path = output / _FILES[part]
        if said:
            path.write_text(json.dumps({"schema": SCHEMA, part: said}, indent=1, sort_keys=True), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)


def read_verdicts(output: Path) -> Verdicts:
    """Return what a task says of its failed tests; nothing for a file that it did not leave, or a torn one."""
    flaky = _read(output / FILE, "flaky", tuple[Finding, ...])
    return Verdicts(flaky=flaky, quarantined=_read(output / QUARANTINE, "quarantined", tuple[Excused, ...]))


def _read(path: Path, part: str, form: Any) -> Any:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        return msgspec.convert(document[part], form)
    except (OSError, ValueError, LookupError, TypeError, msgspec.ValidationError):
        return ()  # the tests then count as the failures that they were


def read_judged(outputs: Sequence[Path]) -> Results:
    """Return the merged results of output directories, with what each of them says of its failed tests."""
    read = {}
    for output in outputs:
        verdicts = read_verdicts(output)
        found = tuple(judged(process, verdicts) for process in read_processes(output))
        if found:
            read[output] = found
    return merge(read)


def judged(process: Process | Unreadable, verdicts: Verdicts) -> Process | Unreadable:
    """Return the process with flaky tests as passed on another attempt, quarantined ones as expected failures."""
    if isinstance(process, Unreadable) or not verdicts.ids:
        return process
    flaky = {finding.id: finding for finding in verdicts.flaky}
    excused = {test.id: test for test in verdicts.quarantined}
    return replace(process, tests=tuple(_judged(test, flaky, excused) for test in process.tests))


def _judged(test: Test, flaky: Mapping[str, Finding], excused: Mapping[str, Excused]) -> Test:
    if test.outcome == "passed" and test.id in flaky:  # it failed in an earlier run of the very same state
        return msgspec.structs.replace(test, reruns=max(1, test.reruns))
    if test.outcome not in ("failed", "error"):
        return test
    if test.id in flaky:
        reruns = test.reruns + max(1, len(flaky[test.id].attempts))
        return msgspec.structs.replace(test, outcome="passed", reruns=reruns)
    if test.id in excused:
        known = excused[test.id]
        message = f"in quarantine until {known.until} ({known.reason}): {test.message}"
        return msgspec.structs.replace(test, outcome="skipped", xfail=True, message=message)
    return test


def failing(results: Results) -> tuple[Result, ...]:
    """Return what failed, each Python counted."""
    return tuple(result for result in results.all() if result.outcome in ("failed", "error"))


def sentences(verdicts: Verdicts) -> Sequence[str]:
    """Return a warning for each test whose failure does not count."""
    said = []
    for finding in verdicts.flaky:
        if finding.kind == "order-dependent":
            behind = ", ".join(finding.polluters) or "tests that ran before it"
            said.append(f"{finding.id} depends on the order of tests: it fails behind {behind} and passes alone")
        else:
            said.append(f"{finding.id} is {_WORDS[finding.kind]}: it failed, then {', '.join(finding.attempts)}")
    said += [f"{test.id} failed in quarantine until {test.until}: {test.reason}" for test in verdicts.quarantined]
    return said
