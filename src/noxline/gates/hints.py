"""What to do about a rule that is not kept."""

from __future__ import annotations

from collections.abc import Mapping

from noxline.model.metric import Metric

# By the longest beginning of the metric's name.
_ADVICE: Mapping[str, str] = {
    "tests.seconds": "speed up the longest tests, or give the stage shards",
    "tests.failed": "mend the failing tests",
    "tests.errors": "mend the tests that could not run",
    "coverage": "test the lines that no test reaches",
    "complexity": "split the most complex functions",
    "maintainability": "split the least maintainable file",
    "duplication": "give the repeated lines one home",
    "security": "mend it, or say beside it why it is safe",
    "dependencies": "update it, or pin a version that is not affected",
    # pragma: allowlist nextline secret - an advice
    "secrets": "take it out and revoke it, or mark it as no secret in .secrets.baseline",
    "docs": "build the documentation and mend its warnings",
    "build.reproducible": "find what differs between two builds",
}


def remedy(metric: Metric) -> str:
    """Return what to do first, with the place when the report named one.

    >>> remedy(Metric(name="complexity.max", value=12, hint="src/a.py:10 parse: 12"))
    'split the most complex functions (src/a.py:10 parse: 12)'
    """
    known = [name for name in _ADVICE if metric.name == name or metric.name.startswith(f"{name}.")]
    advice = _ADVICE[max(known, key=len)] if known else ""
    if advice and metric.hint:
        return f"{advice} ({metric.hint})"
    return advice or metric.hint
