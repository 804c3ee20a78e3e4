"""The errors noxline raises on purpose; only `cli/main.py` turns them into exits."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The documented exit codes; the first that applies wins, in the order of `PRECEDENCE`."""

    PASSED = 0
    TASK_FAILED = 1
    USAGE = 2
    GATE_FAILED = 3
    INCONCLUSIVE = 4
    INTERNAL = 5
    INTERRUPTED = 130


PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL,
    ExitCode.USAGE,
    ExitCode.TASK_FAILED,
    ExitCode.GATE_FAILED,
    ExitCode.INCONCLUSIVE,
    ExitCode.PASSED,
)


class NoxlineError(Exception):
    """A problem with one clear message, the place it lies in, and the next step."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "", place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place  # "config/pipeline.toml:12", "task tests-3.12", or empty


class UsageError(NoxlineError):
    """The command line asks for something that is not there or makes no sense."""

    exit_code = ExitCode.USAGE


class ConfigError(NoxlineError):
    """A file the user wrote (settings, noxfile, pyproject.toml) cannot be used as it stands."""

    exit_code = ExitCode.USAGE


class MachineError(NoxlineError):
    """The machine lacks something: an interpreter, a program, space on the disk."""

    exit_code = ExitCode.USAGE


def suggest(name: str, known: list[str]) -> str:
    """Return `did you mean 'x'?` for the nearest of the known names, or the whole list when none is near."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(sorted(known))}" if known else ""
