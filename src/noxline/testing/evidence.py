"""What is known of flaky tests over runs and machines: a record that merges in any order.

A record is plain data: `{"schema": 1, "tests": {id: {"first", "kind", "polluters", "seen": {run: outcome}, "failed":
{fingerprint: when}}}}`. Tests come in when they fail or are found flaky; from then on each run adds what it saw of
them: "passed", "failed" or "flaky". A test that failed and passed under one fingerprint is flaky, whoever ran it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from noxline.testing.verdicts import Verdicts

Record = Mapping[str, Any]
SCHEMA = 1
EMPTY: Record = {"schema": SCHEMA, "tests": {}}
# The later says more.
_KINDS = ("failed", "flaky", "timing-dependent", "resource-dependent", "order-dependent")
_FAILED = ("failed", "error")
_OUTCOMES = ("passed", "flaky", "failed")
_FORMS: Mapping[str, type | tuple[type, ...]] = {"first": (int, float), "polluters": list, "seen": dict, "failed": dict}
_KEPT = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one run saw: the outcome of each test as it ran first, and what running it again showed."""

    run: str
    when: float
    outcomes: Mapping[str, str]
    verdicts: Verdicts = field(default_factory=Verdicts)
    fingerprint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FlakyTest:
    """A flaky test: when that was first seen (seconds since the epoch), and in how many of the runs since."""

    id: str
    kind: str
    first: float
    runs: int
    failures: int
    polluters: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Return the share of runs in which it failed."""
        return self.failures / self.runs if self.runs else 0.0


def observe(record: Record, seen: Seen) -> Record:
    """Return the record with what one run saw."""
    known = _tests(record)
    added = {
        name: _entry(name, seen, known.get(name, {}))
        for name, outcome in seen.outcomes.items()
        if outcome in _FAILED or (outcome == "passed" and name in known)
    }
    return merge(record, {"schema": SCHEMA, "tests": added})


def _entry(name: str, seen: Seen, before: Mapping[str, Any]) -> dict[str, Any]:
    entry = _as_it_ran_first(name, seen, before)
    finding = next((one for one in seen.verdicts.flaky if one.id == name), None)
    if finding is None:
        return entry
    return {**entry, "kind": finding.kind, "polluters": list(finding.polluters), "seen": {seen.run: "flaky"}}


def _as_it_ran_first(name: str, seen: Seen, before: Mapping[str, Any]) -> dict[str, Any]:
    failed = seen.outcomes[name] in _FAILED
    failed_before = bool(seen.fingerprint) and seen.fingerprint in before.get("failed", {})
    return {
        "first": seen.when,
        "kind": "flaky" if failed_before and not failed else "failed",
        "polluters": [],
        "seen": {seen.run: "failed" if failed else "passed"},
        "failed": {seen.fingerprint: seen.when} if failed and seen.fingerprint else {},
    }


def merge(old: Record, new: Record) -> Record:
    """Return what two records know together; commutative, associative and idempotent."""
    tests = dict(_tests(old))
    for name, entry in _tests(new).items():
        tests[name] = _both(tests[name], entry) if name in tests else entry
    return {"schema": SCHEMA, "tests": tests}


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    telling = max(one, other, key=lambda entry: (_KINDS.index(entry["kind"]), entry["polluters"]))
    keys = sorted({*one["failed"], *other["failed"]})
    return {
        "first": min(one["first"], other["first"]),
        "kind": telling["kind"],
        "polluters": telling["polluters"],
        "seen": _newest(one["seen"], other["seen"]),
        "failed": {key: min(found[key] for found in (one["failed"], other["failed"]) if key in found) for key in keys},
    }


def _newest(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Return the newest observations of both, of a run that both saw the worse; the ids of runs sort by time."""
    runs = sorted({*one, *other})[-_KEPT:]
    return {run: _worse(run, one, other) for run in runs}


def _worse(run: str, one: Mapping[str, str], other: Mapping[str, str]) -> str:
    return max((seen[run] for seen in (one, other) if run in seen), key=_OUTCOMES.index)


def _tests(record: Record) -> dict[str, dict[str, Any]]:
    """Return the entries of a record; what has not the form of one is as if it were not there."""
    tests = record.get("tests") if record.get("schema") == SCHEMA else None
    if not isinstance(tests, dict):
        return {}
    return {str(name): entry for name, entry in tests.items() if _is_entry(entry)}


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("kind") in _KINDS
        and all(isinstance(entry.get(part), form) for part, form in _FORMS.items())
        and all(outcome in _OUTCOMES for outcome in entry["seen"].values())
        and all(isinstance(when, int | float) for when in entry["failed"].values())
    )


def pruned(record: Record, oldest_run: str) -> Record:
    """Return the record without tests that nothing was seen of since a run; ids of runs sort by time."""
    tests = {name: entry for name, entry in _tests(record).items() if max(entry["seen"], default="") >= oldest_run}
    return {"schema": SCHEMA, "tests": tests}


def flaky_tests(record: Record) -> tuple[FlakyTest, ...]:
    """Return the tests that are flaky, those that fail most often first."""
    found = [
        FlakyTest(
            id=name,
            kind=entry["kind"],
            first=float(entry["first"]),
            runs=len(entry["seen"]),
            failures=sum(outcome != "passed" for outcome in entry["seen"].values()),
            polluters=tuple(map(str, entry["polluters"])),
        )
        for name, entry in _tests(record).items()
        if entry["kind"] != "failed"
    ]
    return tuple(sorted(found, key=lambda test: (-test.rate, test.id)))


def failed_last(record: Record) -> tuple[str, ...]:
    """Return the tests to begin with: those that failed when they were last seen.

    Tests that depend on the order are left where they are: elsewhere they prove nothing.
    """
    return tuple(
        sorted(
            name
            for name, entry in _tests(record).items()
            if entry["seen"] and entry["seen"][max(entry["seen"])] != "passed" and entry["kind"] != "order-dependent"
        )
    )
