"""Build the order that an executor gets for one task of one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from noxline.cache.open import secret_variables
from noxline.engine.plan import Slot
from noxline.flaky import write_first
from noxline.input_check import InputCheck
from noxline.model.stage import SessionInfo, Source, Stage
from noxline.model.task import Task, TaskRequest
from noxline.nox_bridge.child import child_environment, cpu_variables, session_argv
from noxline.nox_bridge.interpreters import newest
from noxline.nox_bridge.listing import find_noxfile
from noxline.nox_bridge.prepare import prepare_argv
from noxline.nox_bridge.standard_noxfile import write_standard_noxfile
from noxline.project import Options, Project
from noxline.sessions.measure import measured_environment, write_rcfile
from noxline.sessions.orders import AGAIN, ALL, EVERY, SELECT
from noxline.settings.handed_facts import dumped
from noxline.splits import Split, planned_split, split_name, write_run_split
from noxline.system.files import task_folder, write_atomic


@dataclass(frozen=True, kw_only=True)
class RequestBuilder:
    """Knows the folders of one run and turns tasks into requests.

    `all_run` tells of a session, whose first shard starts, whether none of its shards will be reused; `split` gives the
    split that a shard is known to belong to, `learn` fetches what others know of tests, and `stored` gives the
    folder of the stored result of a task of which the flaky tests alone run.
    """

    project: Project
    options: Options
    run_id: str
    directory: Path
    check: InputCheck
    all_run: Callable[[str], bool]
    split: Callable[[str], Split]
    learn: Callable[[], None]
    stored: Callable[[str], Path | None]

    def folder(self, task: str) -> Path:
        """Return the folder of a task in the run directory."""
        return self.directory / "tasks" / task_folder(task)

    def output(self, task: str) -> Path:
        """Return the output directory of a task."""
        return self.folder(task) / "output"

    def report(self, task: str) -> Path:
        """Return the file that nox writes its own report to."""
        return self.folder(task) / "nox.json"

    @property
    def envs(self) -> Path:
        """Return the folder of noxline's environments in this project."""
        return self.project.root / ".noxline" / "envs"

    @cached_property
    def noxfiles(self) -> Mapping[Source, Path]:
        """Return the noxfile of each source; noxline's own is written when it is first needed."""
        standard = write_standard_noxfile(self.project.root)
        own = find_noxfile(self.project.root)
        return {Source.STANDARD: standard, Source.PROJECT: own or standard}

    @cached_property
    def _sessions(self) -> Mapping[tuple[Source, str], tuple[Stage, SessionInfo]]:
        return {(s.source, s.name): (stage, s) for stage in self.project.pipeline.stages for s in stage.sessions}

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Return the environments that several tasks of this run share."""
        tasks = [self.project.graph.tasks[name] for name in self.project.selection.tasks]
        names = [task.environment for task in tasks if task.environment]
        return frozenset(name for name in names if names.count(name) > 1)

    def __call__(self, task: Task, slot: Slot, _attempt: int) -> TaskRequest:
        """Return the request for one attempt at a task; its slot says whether its environment is to be prepared.

        A standard session that is alone in its environment prepares it in the same process, and then stops at a gate.
        """
        session = self._sessions[task.source, task.session][1]
        envs = self.envs / task.source.value
        separate = self._is_prepared_apart(task, session)
        first = slot.prepare and bool(session.environment)
        cpus = slot.cpus or 1
        gate = self.folder(task.name) / "gate" if first and not separate else None
        return TaskRequest(
            task=task.name,
            argv=self._argv(task, session, envs, install=first and not separate),
            prepare=self._prepare(task, envs) if first and separate else (),
            gate=gate,
            directory=self.project.root,
            environ=self._environ(task, cpus, envs) | _gate_variable(gate),
            cpu_variables=cpu_variables(os.environ),
            log=self.folder(task.name) / "log.txt",
            output=self.output(task.name),
            timeout=task.timeout,
            cpus=cpus,
        )

    def ahead(self, task: Task) -> TaskRequest:
        """Return the request that makes a task's environment while its needs still run; it has a folder of its own."""
        envs = self.envs / task.source.value
        folder = self.folder(task.name) / "ahead"
        return TaskRequest(
            task=f"{task.name} (environment)",
            argv=self._prepare(task, envs),
            directory=self.project.root,
            environ=self._environ(replace(task, shard=None), 1, envs),
            log=folder / "log.txt",
            output=folder / "output",
        )

    def _argv(self, task: Task, session: SessionInfo, envs: Path, *, install: bool) -> tuple[str, ...]:
        """Return the command line of the task's own process; one whose inputs are checked is watched."""
        argv = session_argv(
            session,
            noxfile=self.noxfiles[task.source],
            envs=envs,
            report=self.report(task.name),
            posargs=self._posargs(task),
            install=install,
            run=True,
        )
        return self.check.command(task, argv, own=_is_foreign(session)) if self.check.is_checked(task.name) else argv

    def _is_prepared_apart(self, task: Task, session: SessionInfo) -> bool:
        """Tell whether a process of its own prepares the environment: a shared one, or a foreign session's.

        What is read while an environment is made is no input of the task: where inputs are checked it is made apart.
        """
        return _is_foreign(session) or task.environment in self._shared or self.check.is_checked(task.name)

    def _prepare(self, task: Task, envs: Path) -> tuple[str, ...]:
        """Return the command line of the process that prepares the task's environment."""
        stage, session = self._sessions[task.source, task.session]
        return prepare_argv(
            session,
            noxfile=self.noxfiles[task.source],
            envs=envs,
            root=self.project.root,
            coverage=is_measured(stage, session),
        )

    def _posargs(self, task: Task) -> tuple[str, ...]:
        named = not self.options.names or any(
            name in (task.stage, task.name, task.session) for name in self.options.names
        )
        return self.options.posargs if named else ()

    def _environ(self, task: Task, cpus: int, envs: Path) -> dict[str, str]:
        selected = set(self.project.selection.tasks)
        environ = child_environment(
            os.environ,
            task=task,
            python=self._sessions[task.source, task.session][1].python,
            interpreters=self.project.interpreters,
            run_id=self.run_id,
            root=self.project.root,
            output=self.output(task.name),
            needs=[self.output(need) for need in task.needs if need in selected],
            cpus=cpus,
            envs=envs,
            testing=self._testing(task),
            pythons=self.project.pipeline.pythons,
            measure=self._measure(task, envs),
        )
        for name in secret_variables(self.project.settings.pipeline.cache, os.environ):
            environ.pop(name, None)
        environ["NOXLINE_FACTS"] = str(self._facts)
        environ["NOXLINE_NEWEST"] = newest(self.project.interpreters).version
        if self.options.fix:
            environ["NOXLINE_FIX"] = "1"
        return environ

    @cached_property
    def _facts(self) -> Path:
        """Return the file with what was detected about the project, so that no session has to detect it again."""
        path = self.directory / "facts"
        write_atomic(path, dumped(self.project.facts))
        return path

    def _testing(self, task: Task) -> dict[str, str]:
        """Return the variables that say which tests a task runs."""
        stage = self._sessions[task.source, task.session][0]
        if stage.standard not in ("", "tests"):
            return {}
        self.learn()
        variables = {"NOXLINE_FAIL_FAST": "1"} if self.options.fail_fast else {}
        if (folder := self.stored(task.name)) is not None:
            variables[AGAIN] = str(folder)
        variables[SELECT] = self._selecting(task)
        if self._failed_before:
            variables["NOXLINE_FIRST"] = str(self._first_file)
        if task.shard is not None:
            variables["NOXLINE_SPLIT"] = str(self._split_file(task.name))
        return variables

    def _selecting(self, task: Task) -> str:
        """Return whether single tests are reused; whoever wants a stage to run wants all of its tests."""
        if not self.project.settings.pipeline.tests.select or task.source is not Source.STANDARD:
            return ""
        forced = {task.stage, task.name} & set(self.options.force)
        whole = self.options.all_tests or self.options.no_cache or self.options.check_inputs or forced
        every = self.project.settings.pipeline.tests.full_run_every
        return ALL if whole else f"{EVERY}{every}" if every else "1"

    @property
    def _first_file(self) -> Path:
        return self.directory / "splits" / "first.json"

    @cached_property
    def _failed_before(self) -> bool:
        return write_first(self.project.root, self._first_file)

    def _split_file(self, shard: str) -> Path:
        """Return the file that all shards of this run read; it is written when the first of them starts."""
        name, root = split_name(shard), self.project.root
        path = self.directory / "splits" / f"{task_folder(name)}.json"
        if not path.exists():
            known = self.split(shard)
            # A shard whose result is reused ran by the known split: beside it, the others have to run by the same.
            write_run_split(path, planned_split(root, known) if self.all_run(name) else known, root)
        return path

    def _measure(self, task: Task, envs: Path) -> Mapping[str, str]:
        """Return the variables that measure a session of the project's own; standard sessions measure themselves."""
        stage, session = self._sessions[task.source, task.session]
        if not is_measured(stage, session):
            return {}
        return measured_environment(
            self.project.root,
            self.output(task.name),
            envs=envs,
            shard=task.shard,
            rcfile=self._rcfile,
        )

    @cached_property
    def _rcfile(self) -> Path:
        path = self.directory / "coverage.rc"
        write_rcfile(self.project.facts, path)
        return path


def _gate_variable(gate: Path | None) -> dict[str, str]:
    return {"NOXLINE_GATE": str(gate)} if gate else {}


def _is_foreign(session: SessionInfo) -> bool:
    """Return whether this is a session that the project wrote itself."""
    return session.source is Source.PROJECT and not session.standard


def is_measured(stage: Stage, session: SessionInfo) -> bool:
    """Return whether this is a session of the project that may run tests; coverage would distort benchmarks."""
    return _is_foreign(session) and bool(session.environment) and stage.standard in ("", "tests")
