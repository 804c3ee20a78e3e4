"""Run the lister in a process of its own and take its answer, whatever the noxfile does meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from noxline.errors import ConfigError
from noxline.nox_bridge.child import nox_argv
from noxline.nox_bridge.environments import locked, python_of

LISTER = Path(__file__).with_name("lister.py")
LIMIT = 60.0
_SCRIPT_LIMIT = 600.0
_SCRIPT_ENVIRONMENT_FIRST = 70


def run_lister(noxfile: Path, *, envs: Path, environ: Mapping[str, str], limit: float = LIMIT) -> dict[str, Any]:
    """Return the lister's answer for a noxfile; raise ConfigError when it gives none."""
    code, out, err = _run([sys.executable, str(LISTER), str(noxfile), str(envs)], noxfile, environ, limit)
    if code == _SCRIPT_ENVIRONMENT_FIRST:
        python = _script_python(noxfile, envs, environ)
        inner = {k: v for k, v in environ.items() if k != "PYTHONPATH"} | {"NOX_SCRIPT_MODE": "none"}
        code, out, err = _run([str(python), str(LISTER), str(noxfile), str(envs)], noxfile, inner, limit)
    try:
        answer: dict[str, Any] = json.loads(out)
    except ValueError as error:
        raise ConfigError(
            f"the noxfile ended its process while it loaded (exit code {code})",
            place=noxfile.name,
            hint=_last_line(err) or f"try: python {noxfile.name}",
        ) from error
    return answer


def _script_python(noxfile: Path, envs: Path, environ: Mapping[str, str]) -> Path:
    """Have nox make the environment that the noxfile's script header (PEP 723) asks for; return its interpreter."""
    script = envs / "_nox_script_mode"
    command = nox_argv("-f", str(noxfile), "--envdir", str(envs), "--list", "--download-python", "never")
    with locked(script):
        _, _, err = _run(command, noxfile, environ, _SCRIPT_LIMIT)
    python = python_of(script)
    if not python.exists():
        raise ConfigError(
            "the environment of the noxfile's script header could not be made",
            place=f"{noxfile.name}:1",
            hint=_last_line(err),
        )
    return python


def _run(command: Sequence[str], noxfile: Path, environ: Mapping[str, str], limit: float) -> tuple[int, bytes, bytes]:
    """Run a command in the noxfile's folder; return its exit status, standard output and standard error.

    Files take the output, not pipes: what the noxfile starts and leaves running cannot hold this process up.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command,
            cwd=noxfile.parent,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired as error:
            raise ConfigError(
                f"the noxfile did not finish loading within {limit:.0f} seconds",
                place=noxfile.name,
                hint="look for a download, a prompt or a loop outside its sessions",
            ) from error
        finally:
            _end(process)
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and everything it started in its group."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
    process.wait()


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
