"""Check what tasks really read and wrote: which tasks, with what command, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from noxline.audit.observed import Observed
from noxline.audit.reading import TRACE, read_observed
from noxline.audit.tracer import find_tracer, tracing_argv
from noxline.audit.undeclared import Declared, undeclared
from noxline.inputs.lots import is_chosen
from noxline.model.event import Warned
from noxline.model.task import Task
from noxline.model.undeclared import Undeclared
from noxline.project import Options, Project
from noxline.system.files import task_folder

_RATE_IN_CI = 0.02


def share_checked(options: Options, rate: float | None, environ: Mapping[str, str]) -> float:
    """Return the share of tasks that are checked: all when asked for, else by the settings; a few in CI."""
    if options.check_inputs:
        return 1.0
    in_ci = environ.get("CI", "").lower() not in ("", "0", "false")
    return rate if rate is not None else _RATE_IN_CI if in_ci else 0.0


@dataclass(frozen=True, kw_only=True)
class InputCheck:
    """The input checks of one run. Tasks on which the lot falls are watched by the audit hook alone, without strace."""

    project: Project
    options: Options
    run_id: str
    directory: Path
    declare: Callable[[Project], Callable[[Task], Declared]]
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def is_checked(self, task: str) -> bool:
        """Tell whether a task is watched."""
        return is_chosen(self.run_id, task, self._share)

    def command(self, task: Task, argv: tuple[str, ...], *, own: bool) -> tuple[str, ...]:
        """Return the command of a session with everything that watches it; `own`: nox's process is watched, too."""
        self._declared  # noqa: B018 - the files are those that are there before any task runs
        folder = self.folder(task.name)
        shutil.rmtree(folder, ignore_errors=True)  # what an earlier attempt left
        folder.mkdir(parents=True)
        python, start, *arguments = argv
        watched = (python, start, "audited", str(folder), "own" if own else "children", *arguments)
        tracer = self._tracer[0]
        return tracing_argv(tracer, watched, folder / TRACE) if tracer else watched

    def folder(self, task: str) -> Path:
        """Return the folder that the processes of a task record into."""
        return self.directory / "tasks" / task_folder(task) / "used"

    def result(self, task: Task) -> tuple[Undeclared, ...] | None:
        """Return what a task used beyond its declarations; None when nothing of it was seen."""
        folder = self.folder(task.name)
        if not folder.is_dir():
            return None
        found = read_observed(folder, self.project.root)
        shutil.rmtree(folder, ignore_errors=True)  # a trace is large, and everything is in the file below
        if found is None or not (found.processes or found.traced):
            return None
        _write(folder.with_suffix(".json"), found)
        return undeclared(found, self._declared(task), stage=task.stage, environment=self.environ.keys())

    def warning(self) -> Warned | None:
        """Return what is to be said before the run: that some reads cannot be seen."""
        missing = self._tracer[1]
        if not missing or not self.options.check_inputs:
            return None
        return Warned(
            message=f"{missing}: --check-inputs sees what Python code reads, not what other programs and C code read",
            hint="install strace, on Debian: apt-get install strace",
        )

    @cached_property
    def _share(self) -> float:
        return share_checked(self.options, self.project.settings.pipeline.cache.check_rate, self.environ)

    @cached_property
    def _declared(self) -> Callable[[Task], Declared]:
        return self.declare(self.project)

    @cached_property
    def _tracer(self) -> tuple[str, str]:
        """Return the path of strace, and why there is none."""
        if not self.options.check_inputs:
            return "", ""
        self.directory.mkdir(parents=True, exist_ok=True)
        return find_tracer(self.directory)


def _write(path: Path, found: Observed) -> None:
    plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(found).items()}
    path.write_text(json.dumps(plain, indent=1), encoding="utf-8")
