"""Read the records that test processes leave (`tests/*.jsonl`), as docs/decisions/0001-contracts.md defines them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

FOLDER = "tests"
Outcome = Literal["passed", "skipped", "failed", "error"]


class Start(msgspec.Struct, tag_field="event", tag="start", frozen=True):
    """The first line of a record."""

    runner: str
    python: str
    version: str = ""
    implementation: str = "CPython"
    rootdir: str = ""


class Collected(msgspec.Struct, tag_field="event", tag="collected", frozen=True):
    """What is going to run. The last such line counts.

    `total`, `files` and `universe` (the digest of all ids) are those before a shard was taken out.
    """

    ids: tuple[str, ...]
    deselected: int = 0
    total: int = 0
    universe: str = ""
    files: tuple[str, ...] = ()


class CollectError(msgspec.Struct, tag_field="event", tag="collect-error", frozen=True):
    """Something that could not be collected."""

    id: str
    message: str = ""


class Begin(msgspec.Struct, tag_field="event", tag="begin", frozen=True):
    """A test starts."""

    id: str


class Test(msgspec.Struct, tag_field="event", tag="test", frozen=True):
    """A test came to its end.

    `seconds` are those of its phases; `cost` those that it took all in all, without the time in which the machine was
    busy with something else (left out where several ran at a time).
    `shared` holds the seconds of the fixtures of a wider scope that were set up in it, `uses` the names of all such
    fixtures that it uses and that take time.
    """

    __test__ = False  # for pytest, which would collect a class of this name

    id: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    file: str = ""
    line: int | None = None
    xfail: bool = False
    reruns: int = 0
    worker: str = ""
    phases: dict[str, float] = {}
    cost: float = 0.0
    shared: dict[str, float] = {}
    uses: tuple[str, ...] = ()
    group: str = ""


class End(msgspec.Struct, tag_field="event", tag="end", frozen=True):
    """The run came to its end. The last such line counts."""

    exit_code: int
    seconds: float


Event = Start | Collected | CollectError | Begin | Test | End
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """What one test process did. `end` is None when it died; `running` names the tests it was at."""

    source: Path
    start: Start
    collected: Collected | None = None
    errors: tuple[CollectError, ...] = ()
    tests: tuple[Test, ...] = ()
    running: tuple[str, ...] = ()
    end: End | None = None

    @property
    def python(self) -> str:
        """Return the Python as the matrix names it: `3.12`, or `PyPy 3.10`."""
        version = ".".join(self.start.python.split(".")[:2])
        return version if self.start.implementation == "CPython" else f"{self.start.implementation} {version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A record that makes no sense, and why."""

    source: Path
    reason: str


@dataclass
class _Reading:
    start: Start | None = None
    collected: Collected | None = None
    errors: list[CollectError] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    running: dict[str, None] = field(default_factory=dict)
    end: End | None = None

    def take(self, event: Event) -> None:
        match event:
            case Start():
                self.start = event
            case Collected():
                self.collected = event
            case CollectError():
                self.errors.append(event)
            case Begin():
                self.running[event.id] = None
            case Test():
                self.running.pop(event.id, None)
                self.tests.append(event)
            case End():
                self.end = event


def read_processes(output: Path) -> tuple[Process | Unreadable, ...]:
    """Return what each test process left in an output directory."""
    return tuple(read_process(path) for path in sorted((output / FOLDER).glob("*.jsonl")))


def read_process(path: Path) -> Process | Unreadable:
    """Return what one test process left; a torn last line is what a killed process leaves, and no error."""
    reading = _Reading()
    try:
        for event in _events(path.read_bytes()):
            reading.take(event)
    except OSError as error:
        return Unreadable(source=path, reason=f"{path.name} cannot be read: {error.strerror}")
    except msgspec.MsgspecError as error:
        return Unreadable(source=path, reason=f"{path.name} is no record of tests: {error}")
    if reading.start is None:
        return Unreadable(source=path, reason=f"{path.name} does not begin with a start line")
    return Process(
        source=path,
        start=reading.start,
        collected=reading.collected,
        errors=tuple(reading.errors),
        tests=tuple(reading.tests),
        running=tuple(reading.running),
        end=reading.end,
    )


def _events(content: bytes) -> Iterator[Event]:
    whole, _, _torn = content.rpartition(b"\n")
    for line in whole.splitlines():
        yield _DECODER.decode(line)
