"""Notes what a session installs while nox runs it, and holds a new environment to the set that was resolved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.nox_bridge.distributions import made_at, real_set
from noxline.nox_bridge.index_settings import has_influence
from noxline.nox_bridge.installers import OwnRules, PipInstall, classify
from noxline.nox_bridge.installs import (
    CannotResolveAheadError,
    Installs,
    Step,
    installs_of,
    step_of,
    write_installs,
)
from noxline.nox_bridge.wanted import constraints, settle

if TYPE_CHECKING:
    from nox.sessions import Result, Session, SessionRunner

_CONDA = frozenset({"conda", "mamba", "micromamba", "rattler"})
_SEEDS = ("pip", "setuptools", "wheel")

# Set for installations into an environment that a standard session makes inside its own and that no note can resolve:
# the stage limits the age of its results instead (`max_age`).
UNRECORDED = "NOXLINE_UNRECORDED"


@dataclass(slots=True)
class Recording:
    """What one session installed so far; `before` is the time at which its environment had been made, if it was."""

    environment: Path
    before: float
    steps: list[Step] = field(default_factory=list)
    obstacle: str = ""

    @property
    def made(self) -> float:
        """Return when the environment was made, in seconds since the epoch; 0 when there is none."""
        return made_at(self.environment)

    @property
    def is_new(self) -> bool:
        """Tell whether this session made its environment."""
        return self.made != self.before

    @property
    def held(self) -> Path | None:
        """Return the constraints that hold a new environment to what was resolved; None where nothing does."""
        return constraints(self.environment) if self.is_new else None

    def hinder(self, obstacle: str) -> None:
        """Note why the installations cannot be resolved, if there is a reason ("" is none); the first one counts."""
        self.obstacle = self.obstacle or obstacle


class Recorder:
    """Listens to the sessions of this process; `root` is the project's."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        self._given = dict(environ)
        self._recordings: dict[int, Recording] = {}

    def start(self) -> None:
        """Listen from now on, for as long as the process lives."""
        from nox.sessions import Session, SessionRunner

        execute, run = SessionRunner.execute, Session._run  # every command of a session goes through the latter

        def executed(runner: SessionRunner) -> Result:
            self._recordings[id(runner)] = Recording(Path(runner.envdir), made_at(Path(runner.envdir)))
            result = execute(runner)
            if result:
                self._finish(runner, self._recordings[id(runner)])
            return result

        def ran(session: Session, *args: Any, **options: Any) -> Any:
            recording = self._recordings.get(id(session._runner))
            if recording is None or callable(args[0]):
                return run(session, *args, **options)
            return self._ran(run, recording, session, args, options)

        SessionRunner.execute = executed  # type: ignore[method-assign,assignment]  # nox has no other way in
        Session._run = ran  # type: ignore[method-assign,assignment]  # as above

    def _ran(self, run: Any, recording: Recording, session: Session, args: Any, options: Any) -> Any:
        env = options.get("env") or {}
        command = classify([os.fspath(word) for word in args])
        if command is None or env.get(UNRECORDED):
            return run(session, *args, **options)
        if isinstance(command, OwnRules):
            recording.hinder(f"a session runs {command.command}")
            return run(session, *args, **options)
        step, problem = self._step(command, recording, session, env)
        result = _run_held(run, recording.held if step else None, session, args, options)
        recording.hinder(problem)
        if step:
            recording.steps.append(step)
        return result

    def _step(self, command: PipInstall, recording: Recording, session: Session, env: Any) -> tuple[Step | None, str]:
        """Return the step for an installation, or why there is none; its files are read before it runs."""
        effective = {**os.environ, **session.env, **env}
        own = {
            name: str(value)
            for name, value in effective.items()
            if has_influence(name) and value is not None and self._given.get(name) != value
        }
        try:
            step = step_of(
                command.tool,
                command.args,
                root=self._root,
                directory=Path.cwd(),
                environ=own,
                environment=recording.environment,
            )
        except CannotResolveAheadError as error:
            return None, str(error)
        return step, ""

    def _finish(self, runner: SessionRunner, recording: Recording) -> None:
        backend = runner.venv.venv_backend if runner.venv is not None else "none"
        if backend in _CONDA:
            recording.hinder(f"its environment is made by {backend}")
        elif not recording.made:
            return
        if runner.global_config.no_install and not recording.is_new:
            _add_late_steps(recording)
            return
        write_installs(
            recording.environment,
            Installs(
                steps=tuple(recording.steps),
                seeds=self._seeds(recording.environment, backend),
                obstacle=recording.obstacle,
            ),
        )
        settle(recording.environment, self._root)

    def _seeds(self, environment: Path, backend: str) -> dict[str, str]:
        """Return what an environment starts with: uv takes the newest there is, virtualenv what it carries."""
        real = real_set(environment, self._root)
        return {name: "" if backend == "uv" else real[name] for name in _SEEDS if name in real}


def _run_held(run: Any, held: Path | None, session: Session, args: Any, options: Any) -> Any:
    """Install under the versions in a file of constraints, if there is one; without them where that cannot be."""
    if held is None:
        return run(session, *args, **options)
    from nox.command import CommandFailed

    said = options.get("stdout")
    begin = said.tell() if hasattr(said, "tell") else 0
    try:
        return run(session, *args, "-c", str(held), **options)
    except CommandFailed:
        if hasattr(said, "truncate"):
            said.seek(begin)
            said.truncate()
        session.log("the versions resolved before cannot be installed together: resolving anew")
        return run(session, *args, **options)


def _add_late_steps(recording: Recording) -> None:
    """Add what a session installs each time it runs to what its preparation noted; shards add the same."""
    known = installs_of(recording.environment)
    late = [step for step in recording.steps if known is not None and step not in known.steps]
    if known is None or not (late or (recording.obstacle and not known.obstacle)):
        return
    write_installs(
        recording.environment,
        Installs(steps=(*known.steps, *late), seeds=known.seeds, obstacle=known.obstacle or recording.obstacle),
    )


def add_step(environment: Path, step: Step) -> None:
    """Add what noxline itself installed to what the preparation of an environment noted."""
    known = installs_of(environment)
    if known is not None and step not in known.steps:
        write_installs(environment, Installs(steps=(*known.steps, step), seeds=known.seeds, obstacle=known.obstacle))
