"""What happens in a run: the engine's only voice to the outside."""

from __future__ import annotations

from dataclasses import dataclass

from noxline.model.finding import Finding
from noxline.model.gate import Verdict
from noxline.model.metric import Metric, Missing
from noxline.model.task import Outcome, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted:
    """The run begins; `tasks` are all selected tasks in graph order, `workers` the number of CPU tokens."""

    run_id: str
    tasks: tuple[Task, ...]
    workers: int
    directory: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskStarted:
    """A task was handed to the executor. `preparing` means that its environment is being made first."""

    task: str
    at: float
    attempt: int = 1
    preparing: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskWaiting:
    """The environment of a task is up to date; it waits for a CPU."""

    task: str
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPrepared:
    """The environment of a task is up to date and there are CPUs for it: its own command starts now.

    `seconds` is the time that the preparation took.
    """

    task: str
    at: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskOutput:
    """Lines that a task printed, without line ends, secrets already masked."""

    task: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRetried:
    """An attempt failed and another one follows."""

    task: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFinished:
    """A task came to its end, one way or another (passed, failed, skipped, cancelled, reused)."""

    outcome: Outcome
    decision: str  # "ran", "reused" or "skipped"
    reasons: tuple[str, ...] = ()
    source: str = ""  # of a reused result: "local" or "remote"
    saved_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningTask:
    """A task that is not over yet: it prepares its environment, then waits for a CPU, then does its work.

    `seconds` counts from its beginning.
    """

    task: str
    seconds: float
    preparing: bool
    waiting: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StillRunning:
    """Nothing happened for a while; these tasks go on."""

    at: float
    tasks: tuple[RunningTask, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What the reports of one task (or of the whole run) hold."""

    stage: str
    metrics: tuple[Metric, ...] = ()
    missing: tuple[Missing, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """The gates have spoken."""

    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """Something the user should know that fails nothing."""

    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFinished:
    """The run is over; everything else is in run.json."""

    status: str
    exit_code: int
    seconds: float


Event = (
    RunStarted
    | TaskStarted
    | TaskWaiting
    | TaskPrepared
    | TaskOutput
    | TaskRetried
    | TaskFinished
    | StillRunning
    | Measured
    | Judged
    | Warned
    | RunFinished
)
