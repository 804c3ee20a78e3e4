"""Run one short command to its end, for git and uv; the tasks of a run are started by executors."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from noxline.errors import MachineError


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = 60.0,
) -> Completed:
    """Run a command with its input closed; raise MachineError when it cannot be started or does not end in time."""
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MachineError(f"no end after {timeout:g} s: {' '.join(argv)}", place=str(cwd or "")) from error
    except OSError as error:
        raise _cannot_start(argv[0], cwd, error) from error
    return Completed(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def _cannot_start(program: str, cwd: Path | None, error: OSError) -> MachineError:
    if cwd is not None and not cwd.is_dir():
        return MachineError(f"the folder {cwd} is not there", hint=f"{program} was to run in it")
    if isinstance(error, FileNotFoundError):
        return MachineError(f"the program {program!r} is not on this machine", hint="install it, or put it on PATH")
    return MachineError(f"the program {program!r} cannot be started: {error.strerror}")
