"""Count the tests of a stage from the records of its test processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from noxline.model.metric import Metric, Missing
from noxline.ports import Reading
from noxline.testing.results import Results
from noxline.testing.verdicts import read_judged

SOURCE = "tests/*.jsonl"
_COUNTS = ("tests.passed", "tests.failed", "tests.errors", "tests.skipped", "tests.flaky", "tests.seconds")


class TestsReader:
    """Counts distinct tests per Python, shards merged, reruns not counted twice.

    `tests.seconds` is how long a user waits for the suite: on each Python the longest shard (the processes of one
    shard added up), and of these the longest. `tests.flaky` counts tests that passed only when run again. A process
    that died makes every count incomplete: what is missing could be anything.
    """

    __test__ = False  # for pytest, which would collect a class of this name

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:  # noqa: ARG002 - the port's signature
        """Return the counts over all output directories; None when no test process left a record."""
        results = read_judged(outputs)
        if not results.processes and not results.incomplete:
            return None
        if results.incomplete:
            return Reading(metrics=_counts(results), missing=_missing("; ".join(results.incomplete)))
        if not results.all():
            return Reading(missing=_missing("the test processes ran no test at all"))
        return Reading(metrics=_counts(results))


def _missing(reason: str) -> tuple[Missing, ...]:
    return tuple(Missing(name=name, reason=reason) for name in _COUNTS)


def _counts(results: Results) -> tuple[Metric, ...]:
    counts = {
        "tests.passed": results.count("passed"),
        "tests.failed": results.count("failed"),
        "tests.errors": results.count("error"),
        "tests.skipped": results.count("skipped"),
        "tests.flaky": sum(result.flaky for result in results.all()),
    }
    seconds = max(results.seconds.values(), default=0.0)
    return (
        *(_metric(name, count, results) for name, count in counts.items()),
        Metric(name="tests.seconds", value=round(seconds, 3), unit="s", source=SOURCE),
    )


def _metric(name: str, count: int, results: Results) -> Metric:
    return Metric(name=name, value=float(count), source=SOURCE, hint=_first(name, results))


def _first(name: str, results: Results) -> str:
    """Return the first test behind a count that should be zero."""
    outcome = {"tests.failed": "failed", "tests.errors": "error"}.get(name)
    bad = sorted(
        result.id for result in results.all() if result.outcome == outcome or (name == "tests.flaky" and result.flaky)
    )
    return bad[0] if bad else ""
