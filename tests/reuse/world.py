"""Work trees that share one store, and runs in them over the real index, fingerprints, store and loop."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from noxline.cache.disk import DiskStore
from noxline.engine.plan import Plan, Slot
from noxline.engine.run_loop import run_tasks
from noxline.explaining import Explanation, explain
from noxline.fingerprints import Fingerprints, open_index
from noxline.graph import TaskGraph
from noxline.last_seen import LastSeen
from noxline.model.event import Event, Warned
from noxline.model.run import TaskResult
from noxline.model.task import Task, TaskRequest
from noxline.reuse import Reuser
from noxline.split_records import SplitRecords
from tests.inputs.test_index import git
from tests.reuse.synthetic import GITIGNORE, PureExecutor, Settings, definitions, foretold, read_output, tasks

FILES: Mapping[str, str] = {
    ".gitignore": GITIGNORE,
    "README.md": "read me\n",
    "pyproject.toml": "[project]\n",
    "conf.toml": "x = 1\n",
    "src/a.py": "a = 1\n# why\n",
    "src/b.py": "b = 2\n",
    "src/pkg/c.py": "c = 3\n",
    "docs/x.md": "text\n",
    "bench/b.txt": "bench\n",
    **{f"tests/t{number}.py": f"test {number}\n" for number in range(1, 5)},
}
UNTRACKED: Mapping[str, str] = {
    "secret.env": "key\n",
    "other.env": "key\n",
    "src/local.env": "key\n",
    "src/gen/d.py": "d = 4\n",
}


@dataclass
class FixedEnvironments:
    """Every environment holds the same packages; of some it is not known before they are made."""

    packages: Mapping[str, str]
    unknown: frozenset[str] = frozenset()

    def before(self, task: Task) -> tuple[Mapping[str, Any] | None, str]:
        """Return the identity of an environment, if it is known."""
        return (None, "its environment is made anew") if task.name in self.unknown else (self.after(task), "")

    def after(self, task: Task) -> Mapping[str, Any]:
        """Return the identity of an environment as it is."""
        del task
        return {"python": "cpython 3.11.7", "platform": "linux", "packages": dict(self.packages)}

    def expires(self) -> float:
        """Return until when this counts."""
        return float("inf")

    def folders(self) -> tuple[str, ...]:
        """Return where else something is installed: nowhere."""
        return ()


@dataclass
class Ran:
    """What a run came to."""

    results: Mapping[str, TaskResult]
    left: Mapping[str, Mapping[str, str]]
    warnings: list[str]

    @property
    def ends(self) -> dict[str, tuple[str, Any]]:
        """Return how each task ended and what counts of what it left."""
        return {
            name: (result.outcome.status.value, {n: text.split(' time="')[0] for n, text in self.left[name].items()})
            for name, result in self.results.items()
        }

    def decided(self, decision: str) -> set[str]:
        """Return the tasks of which this was decided."""
        return {name for name, result in self.results.items() if result.decision == decision}

    def reasons(self, task: str) -> tuple[str, ...]:
        """Return why a task ran."""
        return self.results[task].reasons


@dataclass
class WorkTree:
    """One checkout with its own state; `store` is shared with others."""

    root: Path
    store: Path
    settings: Settings = field(default_factory=Settings)
    runs: int = 0

    @classmethod
    def make(cls, root: Path, store: Path) -> WorkTree:
        """Make a repository with the synthetic project."""
        root.mkdir(parents=True)
        git(root, "init", "-q")
        for name, text in FILES.items():
            write(root / name, text)
        git(root, "add", ".")
        git(root, "commit", "-qm", "first")
        for name, text in UNTRACKED.items():
            write(root / name, text)
        return cls(root, store)

    def foretold(self) -> dict[str, tuple[str, Any]]:
        """Return what a run without a cache comes to."""
        return foretold(self.root, self.settings)

    def run(
        self,
        chance: Random | None = None,
        *,
        meanwhile: Callable[[str, str], None] = lambda _name, _moment: None,
        forced: frozenset[str] = frozenset(),
        unknown: frozenset[str] = frozenset(),
        cached: bool = True,
    ) -> Ran:
        """Run the pipeline once."""
        self.runs += 1
        directory = self.root / ".noxline" / "runs" / str(self.runs)
        warnings: list[str] = []
        events: list[Event] = []
        reuser = self._reuser(directory, warnings, forced=forced, unknown=unknown, cached=cached)
        choose = chance.choice if chance else lambda names: names[0]
        executor = PureExecutor(self.root, self.settings, choose, meanwhile)
        try:
            result = run_tasks(
                Plan(TaskGraph.of(tasks()), cpus=3),
                executor,
                request=lambda task, slot, _attempt: _request(self.root, directory, task, slot),
                decide=reuser.decide,
                finish=reuser.finished,
                emit=events.append,
                fail_fast=False,
                clock=lambda: 0.0,
            )
        finally:
            reuser.close()
        warnings += [event.message for event in events if isinstance(event, Warned)]
        left = {task.name: read_output(_folder(directory, task.name) / "output") for task in tasks()}
        shutil.rmtree(directory)
        return Ran({one.task.name: one for one in result.results}, left, warnings)

    def explain(self, task: str) -> Explanation:
        """Return what `noxline explain` tells of a task; nothing is run."""
        warnings: list[str] = []
        reuser = self._reuser(
            self.root / ".noxline" / "none", warnings, forced=frozenset(), unknown=frozenset(), cached=True
        )
        assert warnings == []
        return explain(as_project(self.root, tasks()), reuser, task, None)

    def _reuser(
        self, directory: Path, warnings: list[str], *, forced: frozenset[str], unknown: frozenset[str], cached: bool
    ) -> Reuser:
        defined = definitions(self.settings)
        index = open_index(self.root, warnings.append)
        index.refresh()
        store = DiskStore(str(self.store), warn=warnings.append, limit=10**9) if cached else None
        return Reuser(
            root=self.root,
            definitions=defined,
            fingerprints=Fingerprints(defined, index, self.settings.environ, SplitRecords(self.root, store)),
            environments=FixedEnvironments(self.settings.packages, unknown),
            store=store,
            local=store,
            seen=LastSeen.load(self.root, warnings.append),
            place=lambda task: (_folder(directory, task) / "output", _folder(directory, task) / "log.txt"),
            forced=dict.fromkeys(forced, "--force"),
        )


def as_project(root: Path, tasks: Sequence[Task]) -> Any:
    """Return as much of a project as a preview looks at."""
    graph = SimpleNamespace(tasks={task.name: task for task in tasks})
    return SimpleNamespace(root=root, graph=graph, selection=SimpleNamespace(tasks=tuple(graph.tasks)))


def write(path: Path, text: str) -> None:
    """Write a file, and the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _folder(directory: Path, task: str) -> Path:
    return directory / "tasks" / task.replace("/", "_")


def _request(root: Path, directory: Path, task: Task, slot: Slot) -> TaskRequest:
    output = _folder(directory, task.name) / "output"
    shutil.rmtree(output, ignore_errors=True)  # as executors do
    output.mkdir(parents=True)
    return TaskRequest(
        task=task.name,
        argv=("true",),
        directory=root,
        environ=dict(os.environ),
        log=output.parent / "log.txt",
        output=output,
        cpus=slot.cpus or 1,
    )
