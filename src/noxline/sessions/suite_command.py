"""Turn the project's test commands into the same commands under coverage, with the same module search path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from noxline.sessions.coverage_plugins import has_module
from noxline.settings.facts import Runner, TestCommand, TestSuite

WORKERS = "NOXLINE_WORKERS"
_OPTIONS_WITH_VALUE = frozenset({"-W", "-X"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a suite runs: the environment's programs, a folder for `{tmp}`, the coverage settings."""

    bin: Path
    tmp: Path
    rcfile: Path


def commands(suite: TestSuite, posargs: Sequence[str], place: Place) -> list[tuple[TestCommand, tuple[str, ...]]]:
    """Return each command with its command line under coverage."""
    return [(command, under_coverage(argv, place)) for command, argv in plain_commands(suite, posargs, place)]


def plain_commands(suite: TestSuite, posargs: Sequence[str], place: Place) -> list[tuple[TestCommand, tuple[str, ...]]]:
    """Return each command with its own command line; extra arguments go to the last one of pytest or unittest."""
    taker = _taker(suite)
    lines = []
    for command in suite.commands:
        argv = tuple(part.replace("{tmp}", str(place.tmp)) for part in command.argv)
        if command.runner is Runner.PYTEST:
            argv += ("--no-cov",) if suite.no_cov or has_pytest_cov(place, argv) else ()
        if command is taker:
            argv = (*argv, *posargs)
        lines.append((command, argv))
    return lines


def _taker(suite: TestSuite) -> TestCommand:
    takers = [command for command in suite.commands if command.runner is not Runner.SCRIPT]
    return (takers or suite.commands)[-1]


def has_pytest_cov(place: Place, argv: Sequence[str]) -> bool:
    """Tell whether pytest-cov is there: other plug-ins turn it on by themselves, which breaks measuring from around."""
    if any(word.endswith(("no:cov", "no:pytest_cov")) for word in argv):
        return False
    return has_module(place.bin, "pytest_cov")


def under_coverage(argv: Sequence[str], place: Place) -> tuple[str, ...]:
    """Return the command line that runs `argv` under coverage; a program that is not Python is left as it is.

    The program `coverage` itself is started, not `python -m coverage`: only then does coverage set `sys.path` as the
    command alone would find it (the script's folder for a script, the current one for `-m`).
    """
    coverage = str(_program(place.bin, "coverage"))
    measure = ("run", f"--rcfile={place.rcfile}")
    if argv[0] in ("python", "python3"):
        options, rest = _interpreter_options(argv[1:])
        if not rest or rest[0] in ("-c", "-"):
            return tuple(argv)
        return ("python", *options, coverage, *measure, *rest) if options else (coverage, *measure, *rest)
    script = _program(place.bin, argv[0])
    if _is_python(script):
        return (coverage, *measure, str(script), *argv[1:])
    if argv[0].endswith(".py"):
        return (coverage, *measure, argv[0].removeprefix("./"), *argv[1:])
    if argv[0] == "pytest":  # on Windows its script is a program: the nearest is the module, from the same folder
        return (coverage, *measure, "-m", *argv)
    return tuple(argv)


def _interpreter_options(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split the arguments of `python` into its own options and what it runs."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-") and arguments[index] not in ("-m", "-c", "-"):
        index += 2 if arguments[index] in _OPTIONS_WITH_VALUE else 1
    return tuple(arguments[:index]), tuple(arguments[index:])


def _program(folder: Path, name: str) -> Path:
    return next((p for p in (folder / name, folder / f"{name}.exe") if p.exists()), folder / name)


def _is_python(script: Path) -> bool:
    """Tell whether a program is Python source: its first lines name the interpreter, directly or through the shell."""
    try:
        with script.open("rb") as stream:
            head = stream.read(256)
    except OSError:
        return False
    return head.startswith(b"#!") and b"python" in head


def environment(suite: TestSuite, recording: Mapping[str, str], place: Place) -> dict[str, str]:
    """Return the variables of the suite's processes: the project's own, then those that record and measure.

    `coverage run` measures the process it starts; the workers of pytest-xdist, which hold the tests, find its settings.
    """
    own = {name: value.replace("{tmp}", str(place.tmp)) for name, value in suite.env}
    return {**own, **recording, WORKERS: str(place.rcfile)}
