"""Write records as test processes do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from noxline.injected._noxline_split import digest


def record(
    output: Path, *events: dict[str, Any], name: str = "1-1", python: str = "3.11.7", end: float | None = 1.0
) -> Path:
    """Write the record of one pytest process; without `end` (its seconds) the process died."""
    folder = output / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, Any]] = [{"event": "start", "runner": "pytest", "python": python, "schema": 1}, *events]
    if end is not None:
        lines.append({"event": "end", "exit_code": 0, "seconds": end})
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def ran(name: str, outcome: str = "passed", **more: Any) -> dict[str, Any]:
    """Return the line of one test."""
    return {"event": "test", "id": name, "outcome": outcome, "seconds": 0.5, **more}


def collected(ids: list[str], *, everything: list[str] | None = None) -> dict[str, Any]:
    """Return the line that says what is going to run; `everything` is what all shards together run."""
    whole = ids if everything is None else everything
    return {"event": "collected", "ids": ids, "deselected": 0, "total": len(whole), "universe": digest(whole)}
