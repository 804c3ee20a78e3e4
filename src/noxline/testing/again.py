"""What came of flaky tests of a stored result that were run again: a file beside the result, not a part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

_FILE = "again.json"
_OUTCOMES = ("passed", "failed", "broken")


def write_again(output: Path, outcomes: Mapping[str, str]) -> None:
    """Write how each test ended: "passed"; "failed", and then it passed; "broken"."""
    (output.parent / _FILE).write_text(json.dumps(dict(outcomes), indent=1, sort_keys=True), encoding="utf-8")


def read_again(output: Path) -> dict[str, str]:
    """Return how the tests ended that were run again; nothing where none was, or nobody knows."""
    try:
        content = json.loads((output.parent / _FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: how for name, how in content.items() if how in _OUTCOMES} if isinstance(content, dict) else {}
