"""What a project's earlier runs taught: durations. Losing it costs time, never correctness."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from noxline.model.run import TaskResult
from noxline.model.task import Status
from noxline.system.files import write_atomic

_TASKS = ".noxline/state/tasks.json"
_TESTS = ".noxline/state/durations.json"


def task_durations(root: Path) -> dict[str, float]:
    """Return the seconds that each task took last time."""
    return _numbers(root / _TASKS)


def keep_durations(root: Path, results: Sequence[TaskResult]) -> None:
    """Keep the seconds of the tasks that ran to their end, and of the tests in them."""
    ran = [r for r in results if r.decision == "ran" and r.outcome.status in (Status.PASSED, Status.FAILED)]
    tasks = task_durations(root) | {r.task.name: round(r.outcome.seconds, 3) for r in ran}
    tests = _numbers(root / _TESTS)
    for result in ran:
        if result.outcome.output is not None:
            tests |= _numbers(result.outcome.output / "durations.json")
    try:
        write_atomic(root / _TASKS, json.dumps(tasks, indent=1, sort_keys=True))
        if tests:
            write_atomic(root / _TESTS, json.dumps(tests, sort_keys=True))
    except OSError:
        return  # a full disk: the next run merely orders its tasks worse


def _numbers(path: Path) -> dict[str, float]:
    """Return the numbers of a JSON object; an unreadable or torn file counts as empty, for it only saves time."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {str(k): float(v) for k, v in document.items() if isinstance(v, int | float)}
