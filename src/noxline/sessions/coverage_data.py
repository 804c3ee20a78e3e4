"""Combine the coverage data of all Pythons and shards, over the package's own source files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.settings.facts import ProjectFacts

if TYPE_CHECKING:
    from coverage import CoverageData

NAME = "coverage.data"
ROOT = "coverage.root"
_SIDE_FILES = ("-journal", "-wal", "-shm")  # of SQLite
_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_SKIPPED_FOLDERS = re.compile(r"\.|__pycache__$|node_modules$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Combined:
    """What was combined: how many data files with measurements, whether branches are known, what was unreadable."""

    files: int
    branch: bool
    notes: tuple[str, ...] = ()


class Sources:
    """The package's own source files, and where a measured file belongs among them."""

    def __init__(self, facts: ProjectFacts) -> None:
        self._root = Path(os.path.realpath(facts.root))
        self._sources = [self._root / source for source in facts.sources]
        self._tests = [self._root / directory for directory in facts.test_dirs if directory not in ("", ".")]

    def own(self, measured: str, root: str = "") -> Path | None:
        """Return the file of the project that a measured file is, or None when it is not the package's own.

        `root` is where the project lay when that was measured, if not here.
        """
        installed = _INSTALLED.split(measured)
        if len(installed) > 1:
            return self._installed(Path(installed[-1].replace("\\", "/")))
        if root and Path(measured).is_relative_to(root):
            measured = str(Path(measured).relative_to(root))
        path = Path(os.path.realpath(self._root / measured))
        return path if self._holds(path) else None

    def _installed(self, relative: Path) -> Path | None:
        """Return the source of an installed file: beside or above one of the sources lies what was installed."""
        for source in self._sources:
            for base in (source, *source.parents):
                if not base.is_relative_to(self._root):
                    break
                if self._holds(base / relative) and (base / relative).is_file():
                    return base / relative
        return None

    def _holds(self, path: Path) -> bool:
        inside = any(path == source or path.is_relative_to(source) for source in self._sources)
        return inside and not any(path.is_relative_to(tests) for tests in self._tests)

    def all(self) -> Iterator[Path]:
        """Yield every source file that could be imported, run or not, as coverage itself looks for them."""
        for source in self._sources:
            if source.is_file():
                yield source
            else:
                yield from filter(self._holds, _modules_in(source))


def _modules_in(source: Path) -> Iterator[Path]:
    """Yield the modules in a folder and in the packages below it."""
    for folder, folders, files in os.walk(source):
        here = Path(folder)
        if here != source and "__init__.py" not in files:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not _SKIPPED_FOLDERS.match(name)]
        yield from (here / name for name in sorted(files) if _is_module(name))


def _is_module(name: str) -> bool:
    return re.fullmatch(r"[^.#~!$@%^&*()+=,]+\.py", name) is not None


def find_data(outputs: Sequence[Path]) -> list[Path]:
    """Return the data files that tasks left in their output directories."""
    found = (path for output in outputs for path in sorted(output.glob(f"{NAME}*")))
    return [path for path in found if path.is_file() and not path.name.endswith(_SIDE_FILES)]


def combine(files: Sequence[Path], target: Path, sources: Sources) -> Combined:
    """Write the union of all data into `target`; the data files stay as they are.

    Branches are kept when all data holds them; lines alone when some of it does not.
    """
    readable, notes = _readable(files)
    with_branches = [data.has_arcs() for data, _ in readable]
    branch = bool(readable) and all(with_branches)
    if not branch and any(with_branches):
        notes.append("some data holds no branches: combined by lines")
    result = _empty(target)
    for data, root in readable:
        _add_own(result, data, sources, root=root, branch=branch)
    own = len(result.measured_files())
    if own:
        result.touch_files([str(path) for path in sources.all()])
    result.close()
    return Combined(files=len(readable) if own else 0, branch=branch, notes=tuple(notes))


def _add_own(result: CoverageData, data: CoverageData, sources: Sources, *, root: str, branch: bool) -> None:
    """Add what data holds of the package's own files to the result, by branches or by lines."""
    for measured in sorted(data.measured_files()):
        path = sources.own(measured, root)
        if path is not None and branch:
            result.add_arcs({str(path): data.arcs(measured) or ()})
        elif path is not None:
            result.add_lines({str(path): data.lines(measured) or ()})


def _readable(files: Sequence[Path]) -> tuple[list[tuple[CoverageData, str]], list[str]]:
    """Return the data that can be read and holds something, each with the root of the project that it was measured in.

    Results from another clone say so in a file beside the data.
    """
    from coverage import CoverageData
    from coverage.exceptions import CoverageException

    readable, notes = [], []
    for file in files:
        data = CoverageData(basename=str(file))
        try:
            data.read()
        except CoverageException as error:
            notes.append(f"{file.name} is left out: {error}")
            continue
        if data.measured_files():
            readable.append((data, _root_beside(file)))
    return readable, notes


def _root_beside(file: Path) -> str:
    try:
        return file.with_name(ROOT).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""  # measured in this very project


def _empty(target: Path) -> CoverageData:
    from coverage import CoverageData

    target.unlink(missing_ok=True)
    return CoverageData(basename=str(target))
