"""strace, where the machine has it and lets it work: it sees what an audit hook cannot."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from noxline.audit.strace import CALLS
from noxline.errors import MachineError
from noxline.system import process

_PATIENCE = 20.0


def tracing_argv(program: str, argv: Sequence[str], trace: Path) -> tuple[str, ...]:
    """Return the command that runs another one under strace and writes the calls that have paths to a file."""
    calls = ",".join(f"?{name}" for name in CALLS)  # not every machine has every call
    options = ("-f", "--seccomp-bpf", "-qq", "-y", "-ttt", "-e", "signal=none", "-e", f"trace={calls}")
    return (program, *options, "-o", str(trace), *argv)


def find_tracer(folder: Path) -> tuple[str, str]:
    """Return the path of a strace that works, or an empty text; then why there is none."""
    program = shutil.which("strace") if sys.platform == "linux" else None
    if program is None:
        return "", "strace is not installed" if sys.platform == "linux" else "strace exists on Linux only"
    trace = folder / "strace-works"
    try:
        tried = process.run(tracing_argv(program, (sys.executable, "-S", "-c", "1"), trace), timeout=_PATIENCE)
        said = trace.read_text(encoding="utf-8", errors="replace") if tried.code == 0 else tried.err
    except (MachineError, OSError) as error:
        return "", f"strace does not work: {error}"
    finally:
        trace.unlink(missing_ok=True)
    if tried.code != 0 or "execve(" not in said:
        return "", f"strace does not work: {' '.join(said.split())[:200] or 'it traces nothing'}"
    return program, ""
