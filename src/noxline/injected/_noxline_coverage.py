"""Measure this process with coverage; where the process measures itself, take a copy of what it measures."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

# Programs that install, build or drive, by the name of their script or module: not what a project tests.
_PASSED_OVER = frozenset(
    {"pip", "uv", "nox", "tox", "build", "pyproject_hooks", "_in_process", "virtualenv", "venv", "ensurepip"}
)
_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})
_OURSELVES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "*")  # must not show up in others' reports
_SILENT = [
    "already-imported",
    "couldnt-parse",
    "module-not-imported",
    "module-not-measured",
    "no-data-collected",
    "trace-changed",
]


def begin() -> None:
    """Start to measure when this is a program of one of noxline's environments."""
    output = os.environ.get("NOXLINE_OUTPUT", "")
    if not output or not _in_environment(sys.prefix, os.environ.get("NOXLINE_ENVS", "")):
        return
    if program(list(getattr(sys, "orig_argv", [])) or _command_line()) in _PASSED_OVER:
        return
    measure(output, os.environ["NOXLINE_MEASURE"])


def measure(output: str, rcfile: str) -> None:
    """Measure this process from now on, by the settings in `rcfile`."""
    try:
        import coverage

        Measurement(coverage, output).begin(rcfile)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with coverage, the program itself must run
        _say_why(output, f"{sys.prefix}: {type(error).__name__}: {error}")


def _in_environment(prefix: str, envs: str) -> bool:
    if not envs:
        return False
    inside, folder = (os.path.normcase(os.path.realpath(path)) for path in (prefix, envs))
    return inside.startswith(folder + os.sep)


def program(arguments: list[str]) -> str:
    """Return the name of the script or the top module that a Python command line runs; "-c" for code.

    >>> program(["python", "-W", "error", "-m", "pip.main"]), program(["python", "/env/bin/pytest", "-m", "build"])
    ('pip', 'pytest')
    """
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in _WITH_VALUE:
            next(rest, "")
        elif _names_module(argument):
            return next(rest, "").split(".")[0]
        elif argument == "-c" or argument == "-":
            return "-c"
        elif not argument.startswith("-"):
            return os.path.splitext(os.path.basename(argument))[0]
    return ""


def _names_module(option: str) -> bool:
    """Tell whether an option, or the last of several written as one, is `-m`."""
    return option[:1] == "-" and option[1:].isalpha() and option.endswith("m")


def _command_line() -> list[str]:
    """Return the command line where Python (before 3.10) does not keep it."""
    try:
        with open("/proc/self/cmdline", encoding="utf-8", errors="replace") as stream:
            return stream.read().split("\0")[:-1]
    except OSError:
        return []


def _say_why(output: str, reason: str) -> None:
    """Leave the reason for missing coverage data where the coverage stage looks for it."""
    with open(os.path.join(output, "coverage.unavailable"), "a", encoding="utf-8") as stream:
        stream.write(reason + "\n")


class Measurement:
    """Our own measurement, and the copies of those that the process starts itself.

    While another measurement runs, coverage pauses ours and resumes it afterwards; what the other one adds to its data
    in the meantime is added to a copy as well. Its own data and files stay as they would be without us.
    """

    def __init__(self, coverage: Any, output: str) -> None:
        self._coverage = coverage
        self._base = os.path.join(output, "coverage.data")
        self._others: list[Any] = []
        self._copies: dict[int, tuple[Any, Any]] = {}

    def begin(self, rcfile: str) -> None:
        """Start our measurement, unless one runs already, and watch for others."""
        running = self._coverage.Coverage.current()
        if running is not None:  # started before us by coverage's own .pth file: pausing it would change its results
            self._others.append(running)
        else:
            own = self._coverage.Coverage(data_file=self._base, data_suffix=True, config_file=rcfile)
            own.set_option("run:disable_warnings", _SILENT)
            own.start()
            atexit.register(self._end, own)
        self._watch()

    @staticmethod
    def _end(own: Any) -> None:
        own.stop()
        own.save()

    def _watch(self) -> None:
        """Hear of other measurements in this process, and of what they add to their data."""
        measuring = self._coverage.Coverage
        start = measuring.start

        def starting(other: Any) -> Any:
            if other not in self._others:
                self._others.append(other)
                omitted = other.get_option("run:omit") or []
                other.set_option("run:omit", [*omitted, _OURSELVES])
            return start(other)

        measuring.start = starting
        for name in ("add_lines", "add_arcs"):
            self._copy_calls(self._coverage.CoverageData, name)

    def _copy_calls(self, data_class: Any, name: str) -> None:
        method = getattr(data_class, name)

        def adding(data: Any, measured: Any) -> Any:
            if any(data is getattr(other, "_data", None) for other in self._others):
                method(self._copy_of(data), measured)
            return method(data, measured)

        setattr(data_class, name, adding)

    def _copy_of(self, data: Any) -> Any:
        known = self._copies.get(id(data))
        if known is None or known[0] is not data:
            known = (data, self._coverage.CoverageData(basename=self._base, suffix=True))
            self._copies[id(data)] = known
        return known[1]
