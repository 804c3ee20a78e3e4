"""Command lines and the environment of the processes that run nox for a task."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from noxline.model.stage import SessionInfo, Source
from noxline.model.task import Task
from noxline.nox_bridge.interpreters import Interpreter

START = Path(__file__).with_name("start.py")

# Set anew for each task; what an outer noxline left there says nothing about this one.
_CONTRACT = (
    *("ROOT", "OUTPUT", "NEEDS", "SHARD", "PYTHONS", "CPUS", "TASK", "RUN", "ENVS", "FIX", "NEWEST", "GATE"),
    *("AUDIT", "FACTS", "SPLIT", "FIRST", "ONLY", "FAIL_FAST"),
)
_WORKERS = "PYTEST_XDIST_AUTO_NUM_WORKERS"
_OWN = frozenset(f"NOXLINE_{name}" for name in _CONTRACT)
_SECRET = re.compile(r"NOXLINE_(CACHE_.*|.*(KEY|TOKEN|SECRET|CREDENTIAL|PASSWORD|PASSPHRASE).*)")
_FOREIGN = frozenset(
    {
        "PYTHONDONTWRITEBYTECODE",  # without byte code every start of a tool compiles it again
        "PYTHONHOME",
        "PYTHONSAFEPATH",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "__PYVENV_LAUNCHER__",
        "COVERAGE_PROCESS_CONFIG",  # an outer measurement that is not meant for the project's processes
        "NOXSESSION",
        "NOXPYTHON",
        "NOXEXTRAPYTHON",
        "NOXFORCEPYTHON",
        "NOX_CURRENT_SESSION",
        "NOX_DEFAULT_VENV_BACKEND",
        "NOX_DOWNLOAD_PYTHON",
        "NOX_PARALLEL",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_RUN_RECURSION_DEPTH",
        "UV_SYSTEM_PYTHON",
    }
)


# nox keeps the path of an interpreter below 100 characters: old kernels cut the first line of scripts there.
_LONGEST_PATH = 100 - len("bin/pythonX.Y")
_HASHED = 8


def environment_folder(envs: Path, name: str) -> str:
    """Return the folder that nox gives an environment in `envs`: its normalised name, hashed where that is too long.

    >>> environment_folder(Path("/p/.noxline/envs"), "tests-3-12")
    'tests-3-12'
    """
    if len(str(envs / name)) <= _LONGEST_PATH or len(str(envs)) >= _LONGEST_PATH + len("bin/pythonX.Y") - _HASHED - 1:
        return name
    return hashlib.sha1(name.encode("ascii"), usedforsecurity=False).hexdigest()[:_HASHED]


def nox_argv(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs nox beside noxline, as `python -m nox` would but for the search path."""
    return (sys.executable, str(START), "nox", *arguments)


def session_argv(
    session: SessionInfo,
    *,
    noxfile: Path,
    envs: Path,
    report: Path,
    posargs: Sequence[str] = (),
    install: bool,
    run: bool,
) -> tuple[str, ...]:
    """Return the command for one session: `install` brings its environment up to date, `run` does its work."""
    arguments = [
        *("-f", str(noxfile), "--envdir", str(envs), "-s", session.name, "--no-dependencies", "--non-interactive"),
        *("--report", str(report), "--download-python", "never", "--no-error-on-missing-interpreters"),
    ]
    if session.python:  # or `nox.options.pythons` of the noxfile could leave this very session out
        arguments += ["--pythons", session.python]
    if session.backend != "none":  # a session without environment must not make the others' default "none"
        arguments += ["--default-venv-backend", session.backend]
    if not run:
        arguments += ["--reuse-venv", "yes", "--install-only"]
    elif install:
        arguments += ["--reuse-venv", "yes"]
    else:
        arguments += ["--reuse-venv", "always", "--no-install"]
    if posargs:
        arguments += ["--", *posargs]
    if install and run and session.environment:
        return (sys.executable, str(START), "nox-in", str(envs / session.environment), *arguments)
    return nox_argv(*arguments)


def prepare_argv(
    session: SessionInfo, *, noxfile: Path, envs: Path, root: Path, coverage: bool, posargs: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the command that brings the environment of a session up to date before its tasks run in it."""
    environment = envs / session.environment
    report = envs / f".{session.environment}.nox.json"
    order = {
        "session": session.name,
        "backend": session.backend,
        "environment": str(environment),
        "root": str(root),
        "noxfile": str(noxfile),
        "coverage": coverage,
        "argv": session_argv(
            session, noxfile=noxfile, envs=envs, report=report, posargs=posargs, install=True, run=False
        ),
    }
    return (sys.executable, str(START), "prepare", json.dumps(order))


def inherited(base: Mapping[str, str]) -> dict[str, str]:
    """Return what a child may see of the user's environment: no credentials of noxline, nothing that bends nox."""
    environ = {
        name: value
        for name, value in base.items()
        if name not in _FOREIGN and name not in _OWN and not _SECRET.fullmatch(name)
    }
    if environ.get("NO_COLOR") is not None:
        environ.pop("FORCE_COLOR", None)  # nox refuses to start with both
    return environ


def with_uv(environ: dict[str, str]) -> dict[str, str]:
    """Say where noxline's own uv is, for a nox that runs in another environment and sees none on PATH."""
    from uv import find_uv_bin

    if "UV" not in environ:
        environ["UV"] = find_uv_bin()
    return environ


def child_environment(
    base: Mapping[str, str],
    *,
    task: Task,
    python: str | None,
    interpreters: Sequence[Interpreter],
    run_id: str,
    root: Path,
    output: Path,
    needs: Sequence[Path],
    cpus: int,
    envs: Path,
    testing: Mapping[str, str],
    pythons: Sequence[str],
    measure: Mapping[str, str],
) -> dict[str, str]:
    """Return the whole environment of a task's processes: the user's, the contract's variables, those that measure.

    `python` is the one of the task's session; `testing` are the variables that say which tests run, and in which order.
    """
    environ = with_uv(inherited(base))
    environ["PATH"] = search_path(environ.get("PATH", os.defpath), python, interpreters)
    environ["PYTHONUNBUFFERED"] = "1"
    environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
    if task.source is Source.PROJECT:
        environ.setdefault("UV_VENV_SEED", "1")  # noxfiles count on pip, as nox's own default backend has it
    environ.setdefault(_WORKERS, str(cpus))
    environ |= {
        "NOXLINE_ROOT": str(root),
        "NOXLINE_OUTPUT": str(output),
        "NOXLINE_NEEDS": os.pathsep.join(map(str, needs)),
        "NOXLINE_PYTHONS": ",".join(pythons),
        "NOXLINE_CPUS": str(cpus),
        "NOXLINE_TASK": task.name,
        "NOXLINE_RUN": run_id,
        "NOXLINE_ENVS": str(envs),
        **testing,
    }
    if task.shard:
        environ["NOXLINE_SHARD"] = f"{task.shard[0]}/{task.shard[1]}"
    return _measured(environ, measure)


def cpu_variables(base: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables of a child that hold its number of CPUs; what the user has set is left alone."""
    return ("NOXLINE_CPUS",) if _WORKERS in base else ("NOXLINE_CPUS", _WORKERS)


def _measured(environ: dict[str, str], measure: Mapping[str, str]) -> dict[str, str]:
    """Add the variables that measure; the user's own PYTHONPATH stays behind theirs."""
    own = environ.get("PYTHONPATH", "")
    environ |= measure
    added = measure.get("PYTHONPATH", "")
    if added and own and own not in added:
        environ["PYTHONPATH"] = added + os.pathsep + own
    return environ


def search_path(path: str, python: str | None, interpreters: Sequence[Interpreter]) -> str:
    """Return a PATH on which nox and uv find exactly these interpreters.

    Folders that are on it stay where they are, and new ones go behind, so that every other program keeps its meaning.
    Only the interpreter that the task needs goes in front, where a shim or another build would be found before it.
    """
    folders = [entry for entry in path.split(os.pathsep) if entry]
    behind = [str(one.path.parent) for one in interpreters]
    needed = next((one for one in interpreters if one.version == python), None)
    front = [str(needed.path.parent)] if needed is not None and _is_hidden(needed, path) else []
    return os.pathsep.join(dict.fromkeys([*front, *folders, *behind]))


def _is_hidden(interpreter: Interpreter, path: str) -> bool:
    """Tell whether something else is found by the name of an interpreter whose folder is not on PATH."""
    if str(interpreter.path.parent) in path.split(os.pathsep):
        return False
    first = shutil.which(f"python{interpreter.version}", path=path)
    return first is not None and os.path.realpath(first) != os.path.realpath(interpreter.path)
