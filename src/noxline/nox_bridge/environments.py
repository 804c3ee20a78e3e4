"""Virtual environments on disk: which are usable, who may make one now, and what of the project is in them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from noxline.inputs.listing import files_of

_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
TOUCHES = ".noxline/state/touches"
_NOTES = 2000  # lines


def python_of(environment: Path) -> Path:
    """Return where the interpreter of an environment is."""
    return environment / "Scripts" / "python.exe" if sys.platform == "win32" else environment / "bin" / "python"


def is_usable(environment: Path) -> bool:
    """Return whether an environment was made to its end and its interpreter is still there."""
    conda = (environment / "conda-meta").is_dir()
    made = conda or (environment / "pyvenv.cfg").is_file()
    return made and python_of(environment).exists() and not _marker(environment).exists()


def discard(environment: Path) -> None:
    """Remove an environment, whole or broken."""
    shutil.rmtree(environment, ignore_errors=True)
    _marker(environment).unlink(missing_ok=True)


@contextmanager
def being_made(environment: Path) -> Iterator[None]:
    """Mark an environment as half-made; the mark stays when the process is killed, and then it is made anew."""
    marker = _marker(environment)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    try:
        yield
    finally:
        marker.unlink(missing_ok=True)


@contextmanager
def making(environment: Path, is_fit: Callable[[Path], bool] = is_usable) -> Iterator[None]:
    """Let nox make an environment that is not there or unfit, one process at a time; a fit one is left alone."""
    if is_fit(environment):
        yield
        return
    with locked(environment):
        if is_fit(environment):
            yield
            return
        discard(environment)
        with being_made(environment):
            yield


@contextmanager
def locked(environment: Path) -> Iterator[None]:
    """Hold the lock beside an environment; it is freed when the process ends, however it ends."""
    environment.parent.mkdir(parents=True, exist_ok=True)
    with (environment.parent / f".{environment.name}.lock").open("a+b") as file:
        if not _try_lock(file.fileno()):
            print(f"noxline: waiting, another noxline makes {environment.name}", flush=True)
            _lock(file.fileno())
        yield


def _marker(environment: Path) -> Path:
    return environment.parent / f".{environment.name}.making"


if sys.platform == "win32":  # written from the documentation, not tested on Windows
    import msvcrt
    import time

    def _try_lock(number: int) -> bool:
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _lock(number: int) -> None:
        while not _try_lock(number):
            time.sleep(0.2)

else:
    import fcntl

    def _try_lock(number: int) -> bool:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _lock(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX)


def site_packages(environment: Path) -> list[Path]:
    """Return the folders that hold an environment's distributions."""
    return [*environment.glob("lib/python*/site-packages"), *environment.glob("Lib/site-packages")]


def has_module(environment: Path, name: str) -> bool:
    """Return whether an environment has a top-level package of that name, without starting its interpreter."""
    return any((folder / name / "__init__.py").exists() for folder in site_packages(environment))


def copied_projects(environment: Path, root: Path) -> set[Path]:
    """Return the folders of the project that were installed into an environment as copies, not editable."""
    found = set()
    for folder in site_packages(environment):
        for file in folder.glob("*.dist-info/direct_url.json"):
            source = _copied_from(file)
            if source is not None and (source == root or root in source.parents):
                found.add(source)
    return found


def _copied_from(file: Path) -> Path | None:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # being written or broken: the installer decides
    if "dir_info" not in document or document["dir_info"].get("editable"):
        return None
    return path_of(document["url"])


def path_of(address: str) -> Path:
    """Return the path that a file: address names."""
    from urllib.parse import urlparse
    from urllib.request import url2pathname  # a tenth of a second, which each start of nox would pay

    return Path(url2pathname(urlparse(address).path))


def source_stamp(root: Path) -> str:
    """Return a digest of the project's files by name, size, and times of modification and change.

    A time of change that noxline itself made is taken for the one before it.
    """
    digest = sha256()
    before = {(name, after): first for (name, first), after in touches(root).items()}
    for name in files_of(str(root)):
        try:
            status = os.stat(root / name)  # noqa: PTH116 - a third of the time of Path.stat over thousands of files
        except OSError:
            continue  # listed by git and deleted on disk
        changed, seen = status.st_ctime_ns, set[int]()
        while changed not in seen and (name, changed) in before:
            seen.add(changed)
            changed = before[name, changed]
        row = f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0{changed}\n"
        digest.update(row.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def make_rebuildable(projects: set[Path], root: Path) -> None:
    """Make uv build these projects anew: it goes by the change time of their build files, not by their sources.

    Setting a file's mode to what it is changes that time and nothing else: neither content nor modification time. It is
    noted below the root, so that nobody takes it for an edit.
    """
    for project in projects:
        for file in (project / name for name in _BUILD_FILES):
            if file.exists():
                before = file.stat()
                file.chmod(before.st_mode & 0o7777)
                if sys.platform == "win32":  # no change time there; not tested on Windows
                    os.utime(file)
                _note_touch(root, file, before.st_ctime_ns)


def _note_touch(root: Path, file: Path, before: int) -> None:
    name = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
    note = root / TOUCHES
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        with note.open("a", encoding="utf-8") as notes:
            notes.write(f"{before} {file.stat().st_ctime_ns} {name}\n")
    except OSError:
        return  # then this touch looks like an edit, and the result of a running task is not kept


def touches(root: Path) -> dict[tuple[str, int], int]:
    """Return what noxline did to build files: by name and change time before, the change time after."""
    try:
        lines = (root / TOUCHES).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    rows = (line.split(" ", 2) for line in lines[-_NOTES:])
    return {
        (row[2], int(row[0])): int(row[1]) for row in rows if len(row) == 3 and row[0].isdigit() and row[1].isdigit()
    }
