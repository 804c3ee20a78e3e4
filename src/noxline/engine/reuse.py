"""Whether a stored result may stand for a task that would run now: pure, told everything, asks nothing."""

from __future__ import annotations

from dataclasses import dataclass

from noxline.model.cache import CacheEntry, Found
from noxline.model.decision import Reuse
from noxline.model.task import Outcome, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """On which terms a result may be reused: `max_age` in seconds, `machine` where only its own results count."""

    now: float
    max_age: float | None = None
    machine: str = ""


def refusal(found: Found, terms: Terms) -> str:
    """Return why an entry may not be reused, or "" when it may."""
    entry = found.entry
    if terms.max_age is not None and not entry.is_young(terms.max_age, terms.now):
        return f"its stored result is {_hours(terms.now - entry.created)} old, of at most {_hours(terms.max_age)}"
    if terms.machine and (found.source != "local" or entry.machine != terms.machine):
        return "results of a stage that runs alone come from this machine only"
    return ""


def reuse(found: Found) -> Reuse:
    """Return the decision to take an entry in place of a run."""
    entry = found.entry
    return Reuse(
        reasons=(),
        outcome=_outcome(entry),
        source=found.source,
        saved_seconds=entry.seconds,
    )


def _outcome(entry: CacheEntry) -> Outcome:
    return Outcome(task=entry.task, status=Status.PASSED, exit_code=0, warnings=entry.warnings)


def _hours(seconds: float) -> str:
    """Return a length of time in the unit that people would take.

    >>> _hours(90000), _hours(7200), _hours(50)
    ('25 h', '2 h', '50 s')
    """
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
