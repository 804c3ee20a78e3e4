"""What a project's earlier runs taught: durations. Losing it costs time, never correctness."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from noxline.model.run import TaskResult
from noxline.model.task import Status
from noxline.system.files import write_atomic
from noxline.testing import durations
from noxline.testing.results import read_results

STATE = ".noxline/state"
_TASKS = f"{STATE}/tasks.json"
_TESTS = f"{STATE}/durations.json"
_LEFT = "durations.json"


def task_durations(root: Path) -> dict[str, float]:
    """Return the seconds that each task took last time."""
    document = read_json(root / _TASKS)
    return {str(k): float(v) for k, v in document.items() if isinstance(v, int | float)}


def durations_of_tests(root: Path) -> durations.Record:
    """Return the record of how long the project's tests take."""
    return durations.merge(durations.EMPTY, read_json(root / _TESTS))


def keep_durations(root: Path, results: Sequence[TaskResult]) -> None:
    """Keep the seconds of the tasks that ran to their end, and of the tests in all that left any, reused ones too."""
    ran = [r for r in results if r.decision == "ran" and r.outcome.status in (Status.PASSED, Status.FAILED)]
    tasks = task_durations(root) | {r.task.name: round(r.outcome.seconds, 3) for r in ran}
    write_state(root / _TASKS, tasks)
    add_durations(root, *left_durations(results).values())


def add_durations(root: Path, *records: durations.Record) -> None:
    """Add to what is known of how long the project's tests take."""
    before = durations_of_tests(root)
    known = reduce(durations.merge, records, before)
    if known != before:
        write_state(root / _TESTS, known)


def left_durations(results: Iterable[TaskResult]) -> dict[str, durations.Record]:
    """Return the record of durations that each task with tests left in its output."""
    found: dict[str, durations.Record] = {}
    for result in results:
        output = result.outcome.output
        if output is None or not output.is_dir():
            continue
        left = durations.merge(durations.EMPTY, read_json(output / _LEFT))
        if not left["tests"]:  # a session of the project's own leaves the records of its processes only
            left = durations.of_results(read_results([output]), time.time())
        if left["tests"]:
            found[result.task.name] = left
    return found


def write_state(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of knowledge; on a full disk the next run merely knows less."""
    try:
        write_atomic(path, json.dumps(content, sort_keys=True, separators=(",", ":")))
    except OSError:
        return


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object; an unreadable or torn file counts as empty, for it only saves time."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
