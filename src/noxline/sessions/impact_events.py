"""The tests' lines in the records of a run, those of reused tests among them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from noxline.testing.impact_record import Record
from noxline.testing.records import FOLDER as RECORDS


def events_of_tests(output: Path) -> dict[str, dict[str, Any]]:
    """Return the line of each test in the records of a run."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((output / RECORDS).glob("*.jsonl")):
        for event in _lines(path):
            if event["event"] == "test":
                found[event["id"]] = event
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def reused_events(before: Record, lines: Mapping[str, int | None]) -> dict[str, dict[str, Any]]:
    """Return what is on record of the reused tests, each with the line on which it stands now."""
    return {test.id: {**test.event, "line": lines[test.id]} for test in before.tests if test.id in lines}


def merge_events(output: Path, reused: Mapping[str, dict[str, Any]], order: Sequence[str]) -> None:
    """Write the reused tests into the record of the run, each at the place where it would have run."""
    for path in sorted((output / RECORDS).glob("*.jsonl")):
        events = _lines(path)
        if _of_kind(events, "collected"):
            lines = [json.dumps(event) for event in _merged(events, reused, order)]
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            return


def _merged(
    events: Sequence[dict[str, Any]], reused: Mapping[str, dict[str, Any]], order: Sequence[str]
) -> list[dict[str, Any]]:
    ranks = {name: number for number, name in enumerate(order)}

    def rank(name: str) -> int:
        return ranks.get(name, len(ranks))

    collected = [
        {**event, "ids": sorted({*event["ids"], *reused}, key=rank)} for event in _of_kind(events, "collected")
    ]
    tests = sorted([*_of_kind(events, "test"), *reused.values()], key=lambda event: rank(event["id"]))
    return [*_of_kind(events, "start", "collect-error"), *collected, *tests, *_of_kind(events, "end")]


def _of_kind(events: Sequence[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] in kinds]
