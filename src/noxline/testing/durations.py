"""How long tests take: a record that merges over shards, Pythons, runs and machines in any order.

A record is plain data: `{"schema": 1, "tests": {id: {"seconds", "when", "earlier"?, "uses"?, "group"?}}, "shared":
{name of a fixture: {"seconds", "when", "earlier"?}}}`. `seconds` of a test are its own, without the shared fixtures
that were set up in it; `when` is in seconds since the epoch. Where two records know the same test, the younger
knowledge counts; `earlier` keeps the two measurements before it, `[[when, seconds]]`: one that a busy machine spoilt is
outvoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from noxline.injected._noxline_split import Known
from noxline.testing.records import Process, Test
from noxline.testing.results import Results

Record = Mapping[str, Any]
SCHEMA = 1
EMPTY: Record = {"schema": SCHEMA, "tests": {}, "shared": {}}
_PARTS = ("tests", "shared")
_MEASUREMENTS = 3


def of_results(results: Results, when: float) -> Record:
    """Return what one run taught; on several Pythons the one where a test takes longest counts."""
    tests: dict[str, dict[str, Any]] = {}
    shared: dict[str, dict[str, Any]] = {}
    for test in _tests(results.processes):
        _take(tests, test.id, _entry(test, when))
        for key, seconds in test.shared.items():
            _take(shared, key, {"seconds": seconds, "when": when})
    return {"schema": SCHEMA, "tests": tests, "shared": shared}


def _tests(processes: Iterable[Process]) -> Iterable[Test]:
    return (test for process in processes for test in process.tests)


def _entry(test: Test, when: float) -> dict[str, Any]:
    own = (test.cost or test.seconds) - sum(test.shared.values())
    entry: dict[str, Any] = {"seconds": round(max(own, 0.0), 6), "when": when}
    if test.uses:
        entry["uses"] = sorted({*test.uses, *test.shared})
    if test.group:
        entry["group"] = test.group
    return entry


def _take(known: dict[str, dict[str, Any]], name: str, entry: dict[str, Any]) -> None:
    before = known.get(name)
    known[name] = entry if before is None else _both(before, entry)


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the younger entry with the newest measurements of both; of those of one moment the longest."""
    measured: dict[float, float] = {}
    for when, seconds in (*_measurements(one), *_measurements(other)):
        measured[when] = max(seconds, measured.get(when, 0.0))
    younger = max(one, other, key=_age)
    kept = {name: value for name, value in younger.items() if name != "earlier"}
    earlier = [[when, measured[when]] for when in sorted(measured, reverse=True) if when < younger["when"]]
    return {**kept, "earlier": earlier[: _MEASUREMENTS - 1]} if earlier else kept


def _measurements(entry: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return when a test was measured, and how long it took."""
    earlier = entry.get("earlier")
    pairs = earlier if isinstance(earlier, list) and all(map(_is_pair, earlier)) else []
    return [(entry["when"], entry["seconds"]), *((when, seconds) for when, seconds in pairs)]


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _usual(entry: Mapping[str, Any]) -> float:
    """Return the middle of what was measured, of two the shorter: what else a machine does only adds to a test."""
    seconds = sorted(seconds for _, seconds in _measurements(entry))
    return float(seconds[(len(seconds) - 1) // 2])


def _age(entry: Mapping[str, Any]) -> tuple[float, float, str]:
    """Order entries: the younger, then the longer; the rest only so that merging does not depend on the order."""
    rest = str(sorted((name, value) for name, value in entry.items() if name not in ("when", "seconds", "earlier")))
    return float(entry["when"]), float(entry["seconds"]), rest


def merge(old: Record, new: Record) -> Record:
    """Return what two records know together; commutative, associative and idempotent."""
    merged: dict[str, Any] = {"schema": SCHEMA}
    for part in _PARTS:
        known = dict(_part(old, part))
        for name, entry in _part(new, part).items():
            _take(known, name, entry)
        merged[part] = known
    return merged


def _part(record: Record, name: str) -> dict[str, dict[str, Any]]:
    """Return one part of a record; what has not the form of one is as if it were not there."""
    part = record.get(name) if record.get("schema") == SCHEMA else None
    if not isinstance(part, dict):
        return {}
    return {str(key): entry for key, entry in part.items() if _is_entry(entry)}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and all(_is_number(entry.get(name)) for name in ("seconds", "when"))


def known(record: Record) -> Known:
    """Return what a record says in the form that splitting needs."""
    tests = _part(record, "tests")
    return Known(
        seconds={name: _usual(entry) for name, entry in tests.items()},
        uses={name: tuple(entry["uses"]) for name, entry in tests.items() if isinstance(entry.get("uses"), list)},
        costs={key: _usual(entry) for key, entry in _part(record, "shared").items()},
        groups={name: str(entry["group"]) for name, entry in tests.items() if entry.get("group")},
    )
