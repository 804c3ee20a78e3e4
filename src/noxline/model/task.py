"""A task, the order that an executor gets for it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from noxline.model.stage import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One node of the graph: one session at one Python, one set of parameters, one shard.

    `needs` are names of tasks. `environment` names the virtual environment that the task runs in; two tasks with the
    same environment are never prepared at the same time. `cpus` is the most CPU tokens the task can use.
    `skip` is the reason why the task has nothing to do; such a task is in the graph, is never started, and blocks
    nobody. A `tolerant` task runs as soon as all its needs came to an end and one of them left output behind.
    """

    name: str
    stage: str
    session: str
    source: Source
    python: str | None = None
    shard: tuple[int, int] | None = None
    needs: tuple[str, ...] = ()
    environment: str = ""
    exclusive: bool = False
    timeout: float | None = None
    retries: int = 0
    warn_only: bool = False
    cpus: int = 1
    rank: int = 50
    skip: str = ""
    tolerant: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRequest:
    """The serialisable order to an executor: one or two commands, in order, each in its own process group.

    `prepare` (may be empty) brings the environment up to date; when it ends with status 0 the executor reports
    `Prepared`, waits until it is told to proceed, and only then runs `argv`. Where `argv` prepares by itself, `gate` is
    a folder: the command makes the file `prepared` in it, which the executor reports, and goes on when it finds `go`.
    Output of both commands goes to `log`. The executor creates `output` (empty) before the start. `environ` is the
    whole environment of the child; `cpu_variables` are those in it that hold the number of CPUs, which is only known
    when a prepared task proceeds. `timeout` is in seconds, over what comes after the preparation.
    """

    task: str
    argv: tuple[str, ...]
    prepare: tuple[str, ...] = ()
    gate: Path | None = None
    directory: Path
    environ: Mapping[str, str]
    cpu_variables: tuple[str, ...] = ()
    log: Path
    output: Path
    timeout: float | None = None
    cpus: int = 1


class Status(str, Enum):
    """How a task ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Cause(str, Enum):
    """Why a task did not pass."""

    NONE = ""
    EXIT = "exit"  # the command said no
    SETUP = "setup"  # the environment could not be made
    TIMEOUT = "timeout"
    SIGNAL = "signal"  # the process was killed from outside
    START = "start"  # the command could not be started at all
    NEED = "need"  # something it needs did not pass
    FAIL_FAST = "fail_fast"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What happened to one task. Times are in seconds; `started` counts from the start of the run.

    `setup_seconds` is the part of `seconds` that went into preparing the environment; `waited_seconds`, which no other
    figure holds, are those in which the prepared task waited for a CPU. `reason` is one line for people: why it was
    skipped, cancelled, or could not be started.
    """

    task: str
    status: Status
    exit_code: int | None = None
    cause: Cause = Cause.NONE
    reason: str = ""
    started: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    setup_seconds: float = 0.0
    waited_seconds: float = 0.0
    attempts: int = 1
    output: Path | None = None
    log: Path | None = None
    warnings: tuple[str, ...] = field(default=())
