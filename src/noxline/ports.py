"""The seams of noxline: what the engine asks of the outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from noxline.model.cache import Found, Kept
from noxline.model.event import Event
from noxline.model.finding import Finding
from noxline.model.gate import Rule, Verdict
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.model.records import Merge, newest
from noxline.model.run import Run
from noxline.model.task import Outcome, Task, TaskRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """Message of an executor: the environment of a task is up to date, and the task waits until it may proceed."""

    task: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """Message of an executor: lines a task printed, without line ends."""

    task: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """Message of an executor: a task came to its end (`outcome.started` is left at 0; the engine knows it)."""

    outcome: Outcome


Message = Prepared | Output | Finished


class Executor(Protocol):
    """Takes TaskRequests and hands back messages; knows no graph and no cache, and never calls back."""

    def submit(self, request: TaskRequest) -> None:
        """Start a request; return at once."""

    def proceed(self, task: str, cpus: int) -> None:
        """Let a prepared task run its own command, with so many CPUs; one that is over is none any more."""

    def wait(self, timeout: float | None = None) -> Sequence[Message]:
        """Return the messages that have come in, waiting up to `timeout` seconds for the first."""

    def cancel(self, tasks: Sequence[str] | None = None) -> None:
        """End the processes of these tasks, or of all; each still comes back as Finished(cancelled)."""

    def close(self) -> None:
        """End whatever is left and free everything; may be called twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one reader found in an output directory."""

    metrics: tuple[Metric, ...] = ()
    missing: tuple[Missing, ...] = ()
    findings: tuple[Finding, ...] = ()
    tools: tuple[ToolReport, ...] = ()


class MetricReader(Protocol):
    """Reads the reports that the tasks of one stage left behind."""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return what the output directories of one stage's tasks hold together; None when no report of mine is there.

        A report that is there and cannot be read gives `Missing`, never silence.
        """


class Gate(Protocol):
    """Applies rules to metrics."""

    def judge(self, rules: Sequence[Rule], run: Run) -> tuple[Verdict, ...]:
        """Return a verdict for each rule, in the order of the rules."""


class Reporter(Protocol):
    """Listens to events and to the final run; cannot change the run."""

    def handle(self, event: Event) -> None:
        """Take notice of an event."""

    def finish(self, run: Run) -> None:
        """Report the run as a whole."""


class CacheStore(Protocol):
    """A place that gives and takes entries and records. Whatever goes wrong in it is a miss and one warning.

    No method raises for a broken, full, slow or hostile store.
    """

    def find(self, digest: str, max_age: float | None = None) -> Found | None:
        """Return the entry under a fingerprint's digest; None is a miss.

        With `max_age`, in seconds, one that is young enough is looked for everywhere; it may still be an older one.
        """

    def restore(self, found: Found, output: Path, log: Path) -> bool:
        """Put the files and the log of an entry where a run of the task would have left them.

        Every blob is there and has its digest before `output` is touched; False is a miss, and nothing was changed.
        """

    def text(self, found: Found, name: str) -> bytes | None:
        """Return the blob called "log" or "inputs" of an entry; None when it is not to be had."""

    def keep(self, kept: Kept) -> None:
        """Store an entry and its files; one that is there stays, unless `kept.replaces` and this disk alone has it."""

    def read_record(self, kind: str, key: str, merge: Merge = newest) -> Mapping[str, Any] | None:
        """Return a record, made by `merge` of all that are found: here, and where others write.

        None when there is none. Losing one costs time, never correctness.
        """

    def write_record(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Write a record, plain data of at most 32 MB as JSON, in place of the one that may be there."""

    def close(self) -> None:
        """Finish what is under way, bounded in time."""


class Environments(Protocol):
    """Knows what the environments of tasks hold, before and after they are made."""

    def before(self, task: Task) -> tuple[Mapping[str, Any] | None, str]:
        """Return the identity of a task's environment without building it, or None and why it is not known."""

    def after(self, task: Task) -> Mapping[str, Any]:
        """Return the identity of a task's environment as it really is once the task ran in it."""

    def expires(self) -> float:
        """Return until when what is known of environments counts, in seconds since the epoch."""

    def are_known_ahead(self) -> bool:
        """Tell whether what all environments hold is known without any being there."""

    def folders(self) -> tuple[str, ...]:
        """Return the folders outside noxline's own environments whose names tell what tasks find installed."""
