"""The identity of the environments that a run's tasks work in, known before they are made from what was resolved."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from noxline.definitions import Definition
from noxline.errors import MachineError
from noxline.inputs.environment import DEFAULT_TTL, identity, known_set, set_of_real, sound
from noxline.model.task import Task
from noxline.nox_bridge.child import search_path
from noxline.nox_bridge.distributions import real_set
from noxline.nox_bridge.environments import is_usable
from noxline.nox_bridge.interpreters import Interpreter
from noxline.nox_bridge.platforms import platform_of
from noxline.nox_bridge.recipe import recipe_of
from noxline.nox_bridge.resolve import files_of, record_after, resolve_again
from noxline.nox_bridge.surroundings import Surroundings
from noxline.nox_bridge.wanted import renew, want
from noxline.ports import CacheStore
from noxline.project import Project

KIND = "resolutions"
_AT_ONCE = 4  # resolutions; each waits for the index most of the time
_UNKNOWN = "what it installs is not known yet"


def resolved_last(older: Mapping[str, Any], newer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record of the later resolution: one may be written again long after it was made."""
    if not sound(older) or not sound(newer):
        return newer if sound(newer) else older
    return older if older["time"] > newer["time"] else newer


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How old a resolution may be, in seconds; `refresh` resolves all again, `offline` asks no index."""

    now: float
    ttl: float = DEFAULT_TTL
    refresh: bool = False
    offline: bool = False


@dataclass
class ProjectEnvironments:
    """Knows the environments of the selected tasks; records of what they resolve to go through the store."""

    project: Project
    definitions: Mapping[str, Definition]
    names: Callable[[], Sequence[str]]
    environ: Mapping[str, str]
    store: CacheStore | None
    terms: Terms
    warn: Callable[[str], None]
    _records: dict[str, dict[str, Any] | None] | None = None
    _recipes: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self.project.root)

    def before(self, task: Task) -> tuple[Mapping[str, Any] | None, str]:
        """Return the identity of a task's environment without building it, or None and why it is not known."""
        if not task.environment:
            return identity(self._platform(task), self._around(task)), ""
        record = self._record(task)
        known = self._known(task, record)
        python = self._interpreter(task)
        if record is None:
            want(self._place(task), None)  # what was wanted of it before says nothing any more
        if known is None:
            return None, _UNKNOWN
        want(self._place(task), known, python=python.full if python else "")
        return identity(self._platform(task), known), ""

    def _known(self, task: Task, record: Mapping[str, Any] | None) -> Mapping[str, str] | None:
        if record is None:
            return None
        files, terms = files_of(record, self.project.root), self.terms
        if not record["obstacle"]:
            # One that could not be resolved again is used as it is: the warning said so.
            return known_set(record, now=record["time"], ttl=math.inf, files=files)
        place = self._place(task)
        real = real_set(place, self.project.root) if is_usable(place) else None
        found = set_of_real(record, real, now=terms.now, ttl=terms.ttl, refresh=terms.refresh, files=files)
        if found is None and is_usable(place):
            renew(place)
        return found

    def after(self, task: Task) -> Mapping[str, Any]:
        """Return the identity of a task's environment as it really is, and keep what it resolved to."""
        if not task.environment:
            return identity(self._platform(task), self._around(task))
        place, root = self._place(task), self.project.root
        record = record_after(place, root, self._record(task))
        if self._records is not None and record != self._records.get(task.environment):
            self._records[task.environment] = record
            self._write(task, record)
        return identity(self._platform(task), real_set(place, root))

    def _around(self, task: Task) -> Mapping[str, str]:
        path = search_path(self.environ.get("PATH", os.defpath), task.python, self.project.interpreters)
        return self._surroundings.distributions(path)

    def folders(self) -> tuple[str, ...]:
        """Return the folders outside noxline's own environments whose names tell what tasks find installed."""
        return self._surroundings.folders

    def are_known_ahead(self) -> bool:
        """Tell whether what all environments hold is known without any being there."""
        return not any(record is None or record["obstacle"] for record in (self._records or {}).values())

    def expires(self) -> float:
        """Return until when what is known of environments counts, in seconds since the epoch."""
        times = [record["time"] for record in (self._records or {}).values() if record]
        return min(times) + self.terms.ttl if times else math.inf

    def _record(self, task: Task) -> dict[str, Any] | None:
        """Return the record of a task's environment; the first time all are read, and those that are old resolved."""
        if self._records is None:
            self._records = self._read_all()
        return self._records.get(task.environment)

    def _read_all(self) -> dict[str, dict[str, Any] | None]:
        """Return the records of all environments by name, those that are old resolved again, side by side."""
        graph = self.project.graph.tasks
        # A stage that does not apply makes no environment, so what it would hold is nobody's question.
        those = [graph[name] for name in self.definitions]
        tasks = {task.environment: task for task in those if task.environment and not task.skip}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(tasks, pool.map(self._current, tasks.values()), strict=True))

    def _current(self, task: Task) -> dict[str, Any] | None:
        """Return a task's record, resolved again when it is old; None when there is none."""
        kept = self.store.read_record(KIND, self._recipe(task), resolved_last) if self.store else None
        if kept is None or not sound(kept):
            return None
        record, terms = dict(kept), self.terms
        files = files_of(record, self.project.root)
        known = known_set(record, now=terms.now, ttl=terms.ttl, refresh=terms.refresh, files=files)
        python = self._interpreter(task)
        if known is not None or record["obstacle"] or python is None:
            return record
        resolution = resolve_again(
            record,
            interpreter=python.path,
            root=self.project.root,
            environ=self.environ,
            now=terms.now,
            offline=terms.offline,
            refresh=terms.refresh,
        )
        if resolution.warning:
            self.warn(resolution.warning)
        elif self.store:
            self.store.write_record(KIND, self._recipe(task), resolution.record)
        return dict(resolution.record)

    def _write(self, task: Task, record: Mapping[str, Any]) -> None:
        if self.store:
            self.store.write_record(KIND, self._recipe(task), record)

    def _recipe(self, task: Task) -> str:
        if task.environment not in self._recipes:
            self._recipes[task.environment] = recipe_of(
                session=self.definitions[task.name].installs,
                platform=self._platform(task),
                root=self.project.root,
                environ=self.environ,
                names=self.names(),
            )
        return self._recipes[task.environment]

    def _platform(self, task: Task) -> Mapping[str, str]:
        """Return the platform of a task's interpreter; of one that is not there only its version."""
        python = self._interpreter(task)
        state = self.project.root / ".noxline" / "state"
        try:
            return platform_of(python.path if python else Path(sys.executable), state)
        except MachineError:
            return {"python": self.definitions[task.name].content["python"] or sys.version.split()[0]}

    def _interpreter(self, task: Task) -> Interpreter | None:
        """Return the interpreter of a task: of its session's Python, or noxline's own where that names none."""
        wanted = self.definitions[task.name].content["python"]
        if not wanted:
            version = sys.version_info
            return Interpreter(
                version=f"{version[0]}.{version[1]}",
                full=f"{version[0]}.{version[1]}.{version[2]}",
                path=Path(sys.executable),
            )
        return next((one for one in self.project.interpreters if one.version == wanted), None)

    def _place(self, task: Task) -> Path:
        return self.project.root / ".noxline" / "envs" / task.environment
