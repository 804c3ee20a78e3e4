"""What a stage writes into the project itself: kept with its result, and put back when the result is reused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from noxline.errors import MachineError
from noxline.model.cache import StoredFile
from noxline.system.files import walk

FOLDER = ".project"  # below a task's output directory


def gather(root: Path, names: Iterable[str], output: Path) -> tuple[str, ...]:
    """Copy what a stage declares as its outputs to its output directory; may raise OSError.

    Return those that are links: they may lead anywhere, and are left out.
    """
    links = []
    for name in names:
        source, target = root / name, output / FOLDER / name
        if source.is_symlink():
            links.append(name)
            continue
        if not source.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
    return tuple(links)


def links_in(output: Path) -> tuple[str, ...]:
    """Return the links below an output directory, which no store takes: a result without them would be another."""
    found = []
    for folder, folders, files in os.walk(output):
        found += [Path(folder, name) for name in (*folders, *files) if Path(folder, name).is_symlink()]
    return tuple(sorted(path.relative_to(output).as_posix().removeprefix(f"{FOLDER}/") for path in found))


def put_back(root: Path, names: Sequence[str], output: Path) -> bool:
    """Bring the declared outputs in the project to what the output directory holds; what is so already stays.

    Each is replaced as a whole once its copy is complete. Return whether any was; raise MachineError for a place that
    leads out of the project.
    """
    replaced = False
    for name in names:
        source = output / FOLDER / name
        target = root / name
        if not source.exists() or _same(source, target):
            continue
        if not target.parent.resolve().is_relative_to(root.resolve()):
            raise MachineError(f"the output {name} would lie outside the project", hint="a folder on its way is a link")
        _replace(source, target)
        replaced = True
    return replaced


def to_be_put_back(root: Path, names: Sequence[str], stored: Iterable[StoredFile]) -> frozenset[str]:
    """Return the files of declared outputs, relative to the root, that would change were a stored result put back."""
    if not names:
        return frozenset()
    kept = {file.path.removeprefix(f"{FOLDER}/"): file for file in stored if file.path.startswith(f"{FOLDER}/")}
    there = {Path(path).relative_to(root).as_posix() for path in files_of(root, names) if Path(path).is_file()}
    return frozenset(name for name in kept.keys() | there if name not in kept or not _is_kept(root / name, kept[name]))


def _is_kept(path: Path, kept: StoredFile) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != kept.size:
        return False
    return sha256(path.read_bytes()).hexdigest() == kept.sha256 and _is_executable(path) == kept.executable


def files_of(root: Path, names: Iterable[str]) -> list[str]:
    """Return the paths of all files that these outputs consist of."""
    found: list[str] = []
    for name in names:
        path = root / name
        found += [str(file) for file in walk(path)] if path.is_dir() else [str(path)]
    return found


def _replace(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f".{target.name}.{os.getpid()}.new")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    if source.is_dir():
        shutil.copytree(source, staged, symlinks=True)
    else:
        shutil.copy2(source, staged)
    if os.path.lexists(target):
        target.rename(old)
    staged.rename(target)
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)


def _same(source: Path, target: Path) -> bool:
    """Tell whether a file or folder in the project is, byte for byte, what is to be put there."""
    if target.is_symlink() or source.is_dir() != target.is_dir() or not target.exists():
        return False
    if not source.is_dir():
        return _same_file(source, target)
    names = [path.relative_to(source) for path in walk(source)]
    there = [path.relative_to(target) for path in walk(target)]
    return names == there and all(_same_file(source / name, target / name) for name in names)


def _same_file(source: Path, target: Path) -> bool:
    if not target.is_file() or target.is_symlink() or source.stat().st_size != target.stat().st_size:
        return False
    return source.read_bytes() == target.read_bytes() and _is_executable(source) == _is_executable(target)


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)
