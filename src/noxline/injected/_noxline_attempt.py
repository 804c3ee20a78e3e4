"""What pytest's reports say of one test: its outcome, its phases, and the shared fixtures it used."""

from __future__ import annotations

from typing import Any

import _noxline_records as records

_RANK = ("passed", "skipped", "failed", "error")  # the worst of a test's phases is its outcome
_FINAL = frozenset({"passed", "failed", "skipped"})  # others ("rerun", "retried") announce another attempt
_PHASES = ("setup", "call", "teardown")
_MORE = frozenset({"wasxfail", "worker_id", "noxline"})  # of which a record speaks


def durations(reports: list[Any]) -> tuple[float, ...] | None:
    """Return the seconds of the phases of a test that passed, of which nothing else is to be told; None for others."""
    if len(reports) != len(_PHASES):
        return None
    found = []
    for report, phase in zip(reports, _PHASES):
        known = vars(report)
        seconds = known.get("duration")
        if known.get("outcome") != "passed" or known.get("when") != phase or type(seconds) is not float:
            return None
        if not _MORE.isdisjoint(known) or type(report).__name__ != "TestReport":
            return None
        found.append(seconds)
    return tuple(found)


class Attempt:
    """The phases of one test, and of one attempt when a plugin repeats it."""

    def __init__(self) -> None:
        self.reruns = 0
        self._begin()

    def _begin(self) -> None:
        self.outcome = "passed"
        self.phases: dict[str, float] = {}
        self.message = ""
        self.xfail = False
        self.location: tuple[str, Any] = ("", None)
        self.worker = ""
        self.seen: dict[str, Any] = {}

    def take(self, report: Any) -> None:
        """Add a phase; a subtest counts only when it fails."""
        if report.outcome not in _FINAL:
            reruns = self.reruns + 1
            self._begin()
            self.reruns = reruns
            return
        subtest = type(report).__name__.lower().startswith("subtest")
        if subtest and report.outcome != "failed":
            return
        if report.outcome != "passed":
            self._take_outcome(report)
        self.xfail = self.xfail or hasattr(report, "wasxfail")
        if not subtest:
            self.phases[str(report.when)] = round(getattr(report, "duration", 0.0), 6)
        self.location = report.location[:2]
        self.worker = getattr(report, "worker_id", "")
        seen = getattr(report, "noxline", None)
        if seen:
            self.seen = {**self.seen, **seen}

    def _take_outcome(self, report: Any) -> None:
        outcome = _outcome(report)
        if _RANK.index(outcome) > _RANK.index(self.outcome):
            self.outcome = outcome
            self.message = message(report)

    def fields(self, record: records.Recorder) -> dict[str, Any]:
        """Return the record's fields, those that say nothing left out."""
        optional = {
            "message": self.message,
            "worker": "" if self.worker == "master" else self.worker,
            "xfail": self.xfail,
            "reruns": self.reruns,
            "phases": self.phases,
            **self.seen,
        }
        return {
            "outcome": self.outcome,
            "seconds": round(sum(self.phases.values()), 6),
            "file": record.name(self.location[0]),
            "line": self.location[1] + 1 if isinstance(self.location[1], int) else None,
            **{name: value for name, value in optional.items() if value},
        }


def is_over(reports: list[Any]) -> bool:
    """Tell whether a test came to its end; of an attempt that is to be repeated only the teardown is told."""
    attempt = Attempt()
    for report in reports:
        attempt.take(report)
    return not attempt.reruns or not attempt.phases.keys() <= {"teardown"}


def _outcome(report: Any) -> str:
    if report.outcome == "failed":
        return "error" if report.when in ("setup", "teardown") else "failed"
    return str(report.outcome)


def message(report: Any) -> str:
    """Return why a report is not a pass: the reason of a skip, the text of a failure."""
    if hasattr(report, "wasxfail"):
        return str(records.shorten(str(report.wasxfail)))
    if isinstance(report.longrepr, tuple):
        return str(records.shorten(str(report.longrepr[-1])))
    return str(records.shorten(getattr(report, "longreprtext", "") or str(report.longrepr or "")))
