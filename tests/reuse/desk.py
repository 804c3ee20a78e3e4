"""A project in a folder and what decides about reuse in it, without loop, executor and git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from noxline.cache.disk import DiskStore
from noxline.definitions import Definition
from noxline.fingerprints import Fingerprints, open_index
from noxline.last_seen import LastSeen
from noxline.model.cache import Found, Kept
from noxline.model.decision import Decision, Reuse, Run
from noxline.model.records import Merge, newest
from noxline.model.stage import Source
from noxline.model.task import Cause, Outcome, Status, Task
from noxline.ports import CacheStore
from noxline.reuse import Environments, Reuser
from noxline.split_records import SplitRecords
from tests.reuse.world import FixedEnvironments, as_project, write


def definition(*patterns: str, **changes: Any) -> Definition:
    """Return the definition of a task with these inputs."""
    return Definition(content={"inputs": list(patterns)}, patterns=patterns, **changes)


def task_of(name: str, **changes: Any) -> Task:
    """Return a task that is a stage of its own."""
    return Task(name=name, stage=name, session=name, source=Source.PROJECT, **changes)


class Shelf:
    """A store that finds and keeps nothing, and notes what it was asked; `fails` raises when it is asked to find."""

    def __init__(self, fails: OSError | None = None) -> None:
        self.fails = fails
        self.kept: list[Kept] = []
        self.closed = False

    def find(self, digest: str, max_age: float | None = None) -> Found | None:
        """Find nothing."""
        if self.fails:
            raise self.fails
        return None

    def restore(self, found: Found, output: Path, log: Path) -> bool:
        """Never called: nothing is found."""
        raise AssertionError((found, output, log))

    def text(self, found: Found, name: str) -> bytes | None:
        """Never called: nothing is found."""
        raise AssertionError((found, name))

    def keep(self, kept: Kept) -> None:
        """Note what is to be kept."""
        self.kept.append(kept)

    def read_record(self, kind: str, key: str, merge: Merge = newest) -> Mapping[str, Any] | None:
        """There is none."""
        del kind, key
        return None

    def write_record(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Forget it."""

    def close(self) -> None:
        """Note that this is the end."""
        self.closed = True


@dataclass
class Desk:
    """One project with its tasks; every reuser is one run of it."""

    root: Path
    definitions: dict[str, Definition]
    environments: Environments = field(default_factory=lambda: FixedEnvironments({}))
    warnings: list[str] = field(default_factory=list)
    runs: int = 0

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        write(self.root / name, text)

    @property
    def disk(self) -> DiskStore:
        """Return the store on this disk."""
        return DiskStore(str(self.root.parent / "store"), warn=self.warnings.append, limit=10**9)

    def reuser(self, *, store: CacheStore | None = None, no_cache: bool = False, **changes: Any) -> Reuser:
        """Return what decides in the next run."""
        self.runs += 1
        index = open_index(self.root, self.warnings.append)
        index.refresh()
        local = None if store or no_cache else self.disk
        folder = self.root / ".noxline" / "runs" / str(self.runs)
        return Reuser(
            root=self.root,
            definitions=self.definitions,
            fingerprints=Fingerprints(self.definitions, index, {}, SplitRecords(self.root, store or local)),
            environments=self.environments,
            store=store or local,
            seen=LastSeen.load(self.root, self.warnings.append),
            place=lambda task: (folder / task / "output", folder / task / "log.txt"),
            local=local,
            **changes,
        )

    def do(self, reuser: Reuser, task: Task, left: Mapping[str, str] | None = None, *, passes: bool = True) -> Outcome:
        """Decide that a task runs, have it leave some files, and finish it."""
        decision = reuser.decide(task)
        assert isinstance(decision, Run), decision
        output, log = reuser.place(task.name)
        output.mkdir(parents=True, exist_ok=True)
        for name, text in (left or {}).items():
            write(output / name, text)
        log.write_text("log\n", encoding="utf-8")
        status = Status.PASSED if passes else Status.FAILED
        cause = Cause.NONE if passes else Cause.EXIT
        outcome = Outcome(task=task.name, status=status, cause=cause, exit_code=int(not passes), output=output)
        return reuser.finished(task, outcome)

    def once(self, task: Task, left: Mapping[str, str] | None = None, *, passes: bool = True, **how: Any) -> Outcome:
        """Run a task in a run of its own."""
        reuser = self.reuser(**how)
        outcome = self.do(reuser, task, left, passes=passes)
        reuser.close()
        return outcome

    def decision(self, task: Task, **how: Any) -> Decision:
        """Return what is decided of a task in a run of its own."""
        reuser = self.reuser(**how)
        found = reuser.decide(task)
        reuser.close()
        return found

    def is_reused(self, task: Task, **how: Any) -> bool:
        """Tell whether a task is reused in a run of its own."""
        return isinstance(self.decision(task, **how), Reuse)

    def project(self, tasks: Sequence[Task]) -> Any:
        """Return as much of a project as a preview looks at."""
        return as_project(self.root, tasks)
