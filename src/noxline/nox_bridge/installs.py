"""What a session installed into its environment, in order: kept beside the environment, alike on every machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from noxline.nox_bridge.install_arguments import Kind, arguments, obstacle, spelled, with_paths
from noxline.system.files import write_atomic

SCHEMA = 1
_LARGEST = 400_000  # bytes of requirement files kept in one record, which may have 1 MB
_WITH_PASSWORD = re.compile(r"://(?!git@)[^/\s@]+@")
_INCLUDES = re.compile(r"^\s*(-r|--requirement|-c|--constraint)\b", re.MULTILINE)
_IN_FILE = re.compile(r"<file (\d+)>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One installation: `tool` is "uv" or "pip", `directory` where it ran, relative to the project's root.

    `args` hold no path of this machine: `<file 0>` stands for the first of `files`, the contents of files outside the
    project. `environ` are the installer's variables that the session itself set.
    """

    tool: str
    args: tuple[str, ...]
    directory: str = ""
    files: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Return the step as plain data."""
        return {
            "tool": self.tool,
            "args": list(self.args),
            "directory": self.directory,
            "files": list(self.files),
            "environ": dict(self.environ),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Installs:
    """All that a session installs. `seeds` are what its environment starts with: name → version, "" for the newest.

    `obstacle` says why the set cannot be resolved ahead; "" when it can.
    """

    steps: tuple[Step, ...] = ()
    seeds: Mapping[str, str] = field(default_factory=dict)
    obstacle: str = ""

    def to_plain(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "schema": SCHEMA,
            "steps": [step.to_plain() for step in self.steps],
            "seeds": dict(self.seeds),
            "obstacle": self.obstacle,
        }


class CannotResolveAheadError(ValueError):
    """An installation whose result only a real environment can tell; the message says why."""


def from_plain(document: Mapping[str, Any]) -> Installs:
    """Return the installs that plain data describes; raise ValueError for anything else."""
    try:
        if document["schema"] != SCHEMA:
            raise ValueError("written by another version of noxline")
        return Installs(
            steps=tuple(_step(row) for row in document["steps"]),
            seeds={str(name): str(version) for name, version in document["seeds"].items()},
            obstacle=str(document["obstacle"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no list of installations: {error!r}") from error


def _step(row: Mapping[str, Any]) -> Step:
    return Step(
        tool=str(row["tool"]),
        args=tuple(map(str, row["args"])),
        directory=str(row["directory"]),
        files=tuple(map(str, row["files"])),
        environ={str(name): str(value) for name, value in row["environ"].items()},
    )


def installs_file(environment: Path) -> Path:
    """Return the file beside an environment that says what was installed into it."""
    return environment.parent / f".{environment.name}.installs.json"


def installs_of(environment: Path) -> Installs | None:
    """Return what the last preparation of an environment installed; None when none ended well or none was noted."""
    try:
        return from_plain(json.loads(installs_file(environment).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None  # absent, or of another version: the next preparation writes it


def write_installs(environment: Path, installs: Installs) -> None:
    """Note what was installed into an environment; where that cannot be written, nothing counts as seen."""
    try:
        write_atomic(installs_file(environment), json.dumps(installs.to_plain(), indent=1))
    except OSError:
        # A full disk: an older note would be wrong. Where not even that can be removed, there is no folder for it.
        with contextlib.suppress(OSError):
            forget_installs(environment)


def forget_installs(environment: Path) -> None:
    """Remove the note: what it says holds only once the preparation that begins now has ended well."""
    installs_file(environment).unlink(missing_ok=True)


def step_of(
    tool: str, given: Sequence[str], *, root: Path, directory: Path, environ: Mapping[str, str], environment: Path
) -> Step:
    """Return the step that an install command stands for; raise CannotResolveAheadError when only installing tells."""
    found = arguments(given)
    problem = obstacle(found)
    if problem:
        raise CannotResolveAheadError(problem)
    elsewhere = next((one.value for one in found if one.kind is Kind.TARGET and not _is_in(one.value, environment)), "")
    if elsewhere:
        raise CannotResolveAheadError("a session installs into another environment than its own")
    paths = _Paths(root=root.resolve(), directory=directory.resolve())
    placed = tuple(with_paths(one, paths.place) for one in found if one.kind is not Kind.TARGET)
    step = Step(
        tool=tool,
        args=tuple(spelled(placed)),
        directory=paths.relative_directory(),
        files=tuple(paths.files),
        environ=dict(environ),
    )
    if _WITH_PASSWORD.search("\n".join([*step.args, *step.files, *environ.values()])):
        raise CannotResolveAheadError("an address that a session installs from holds credentials")
    return step


def _is_in(python: str | None, environment: Path) -> bool:
    """Tell whether an interpreter, or an environment, is this environment itself."""
    here = os.path.abspath(python or "")  # noqa: PTH100 - resolved, the interpreter would be the one it links to
    inside = (str(environment), *(str(environment / name) for name in ("bin", "Scripts")))
    return here in inside or os.path.dirname(here) in inside[1:]  # noqa: PTH120 - as above


class _Paths:
    """Writes paths so that they hold on every machine: relative, or as contents where the file is this machine's."""

    def __init__(self, *, root: Path, directory: Path) -> None:
        self._root = root
        self._directory = directory
        self._own = root / ".noxline"
        self.files: list[str] = []

    def relative_directory(self) -> str:
        """Return where the step ran, relative to the root."""
        if not self._is_project(self._directory):
            raise CannotResolveAheadError("a session installs from a folder outside the project")
        return "" if self._directory == self._root else self._directory.relative_to(self._root).as_posix()

    def place(self, kind: Kind, path: str) -> str:
        """Return how a path is written in a step."""
        whole = Path(os.path.abspath(self._directory / Path(path).expanduser()))  # noqa: PTH100 - links stay as named
        if self._is_project(whole):
            relative = os.path.relpath(whole, self._directory).replace(os.sep, "/")
            bare = kind in (Kind.REQUIREMENT, Kind.EDITABLE) and not relative.startswith(".")
            return f"./{relative}" if bare else relative
        if kind is Kind.PATH and whole.is_dir():
            return path  # a folder of wheels on this machine: where it is absent, resolving fails and says so
        if kind in (Kind.REQUIREMENT, Kind.EDITABLE):
            raise CannotResolveAheadError(f"a session installs {whole.name} from outside the project")
        self.files.append(self._content(whole))
        return f"<file {len(self.files) - 1}>"

    def _is_project(self, path: Path) -> bool:
        inside = path == self._root or self._root in path.parents
        return inside and path != self._own and self._own not in path.parents

    def _content(self, file: Path) -> str:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CannotResolveAheadError(f"{file.name} cannot be read: {error}") from error
        if len(text) + sum(map(len, self.files)) > _LARGEST:
            raise CannotResolveAheadError(f"{file.name} is too large to be kept")
        if _INCLUDES.search(text):
            raise CannotResolveAheadError(f"{file.name}, outside the project, includes other files")
        return text


def with_files(step: Step, folder: Path) -> list[str]:
    """Return the step's arguments with its kept files written into a folder."""
    words = []
    for word in step.args:
        found = _IN_FILE.fullmatch(word)
        if not found:
            words.append(word)
            continue
        file = folder / f"requirements-{found[1]}.txt"
        file.write_text(step.files[int(found[1])], encoding="utf-8")
        words.append(str(file))
    return words


def named_files(installs: Installs) -> list[str]:
    """Return the files of the project that the steps name with -r, -c and the like, relative to the root."""
    names = set()
    for step in installs.steps:
        for one in arguments(step.args):
            named = one.kind in (Kind.FILE, Kind.CONSTRAINT) or (one.kind is Kind.PATH and one.option != "--find-links")
            if named and one.value and not _IN_FILE.fullmatch(one.value):
                names.add(os.path.normpath(os.path.join(step.directory, one.value)).replace(os.sep, "/"))  # noqa: PTH118
    return sorted(names)
