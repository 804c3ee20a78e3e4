"""Run everything now and then, and keep count of what selections would have missed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from noxline.system.files import write_atomic
from noxline.testing.impact import Selection
from noxline.testing.impact_record import Record

METRICS = "metrics.json"
_SOUND = ("passed", "skipped")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """How many selected runs there were since the last check; over all checks, how many tests, and how many missed."""

    since: int = 0
    tests: int = 0
    missed: int = 0

    def selected(self) -> Checks:
        """Return the count after one more run that was not checked."""
        return replace(self, since=self.since + 1)

    def checked(self, tests: int, missed: int) -> Checks:
        """Return the count after a check."""
        return Checks(tests=self.tests + tests, missed=self.missed + missed)

    def metrics(self) -> dict[str, dict[str, object]]:
        """Return the figures as reports show them."""
        return {
            "selection.checked": {"value": float(self.tests), "unit": "tests"},
            "selection.missed": {"value": float(self.missed), "unit": "tests"},
        }


def read_checks(path: Path) -> Checks:
    """Return what is known; nothing where it cannot be read, for then only the count begins anew."""
    try:
        document = json.loads(path.read_bytes())
        return Checks(**{name: int(document[name]) for name in ("since", "tests", "missed")})
    except (OSError, ValueError, KeyError, TypeError):
        return Checks()


def write_checks(path: Path, checks: Checks) -> None:
    """Keep what is known."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(asdict(checks)))


def is_due(checks: Checks, every: int, environ: Mapping[str, str]) -> bool:
    """Tell whether a run has to run everything: each one of so many on a protected branch or for a release."""
    return bool(every) and is_protected(environ) and checks.since + 1 >= every


def is_protected(environ: Mapping[str, str]) -> bool:
    """Tell whether a CI system says that this is a protected branch or a tag.

    >>> is_protected({"CI": "true", "GITHUB_REF_PROTECTED": "true"}), is_protected({})
    (True, False)
    """
    if not environ.get("CI"):
        return False
    protected = any(environ.get(name) == "true" for name in ("GITHUB_REF_PROTECTED", "CI_COMMIT_REF_PROTECTED"))
    return protected or environ.get("GITHUB_REF_TYPE") == "tag" or bool(environ.get("CI_COMMIT_TAG"))


def missed(record: Record, selection: Selection, events: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the tests that a selection would have reused as sound, and that are not."""
    known = {test.id: test.event.get("outcome") for test in record.tests}
    ran = [name for name in selection.reuse if name in events]
    return [name for name in ran if known[name] in _SOUND and events[name]["outcome"] not in _SOUND]
