"""Find the root of the project that a folder belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from noxline.errors import UsageError
from noxline.settings.sources import PYPROJECT, read_config
from noxline.system.files import is_there

# A folder with one of these is a project by its own word.
MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "noxfile.py", "tox.ini")
# These only hint at one: they count where nothing better is found.
_LOOSE = ("*.py", "requirements*.txt", "Pipfile", "*/__init__.py")


def find_root(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that is a Python project; raise UsageError when none is.

    The search ends at the top of the git repository, and never reaches the home directory or the file system's root.
    """
    if not start.exists():
        raise UsageError(f"there is no folder {start}")
    start = start.resolve()
    folders = tuple(_upwards(start if start.is_dir() else start.parent))
    top = [folder for folder in folders if (folder / ".git").exists()]
    found = next(filter(_is_marked, folders), None) or next(filter(_looks_like_one, (*top, folders[0])), None)
    if found is None:
        raise _no_project(folders)
    return found


def _upwards(start: Path) -> Iterator[Path]:
    """Yield `start` and the folders above it that may still belong to the same project."""
    yield start
    home = _home()
    folder = start
    while not (folder / ".git").exists() and folder.parent not in (home, Path(folder.anchor)):
        folder = folder.parent
        yield folder


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except RuntimeError:  # a user without an entry in the system's list and without $HOME
        return None


def _is_marked(folder: Path) -> bool:
    if is_there(folder / PYPROJECT) or any((folder / marker).is_file() for marker in MARKERS):
        return True
    return (folder / "config").is_dir() and read_config(folder, "pipeline") is not None


def _looks_like_one(folder: Path) -> bool:
    return any(next(folder.glob(pattern), None) for pattern in _LOOSE)


def _no_project(folders: tuple[Path, ...]) -> UsageError:
    where = str(folders[0]) if len(folders) == 1 else f"{folders[0]} and the folders above it up to {folders[-1]}"
    return UsageError(
        f"there is no Python project here: {where} hold{'s' if len(folders) == 1 else ''} none of "
        f"{', '.join(MARKERS)} or config/pipeline.toml, and no *.py or requirements*.txt at the top",
        place=str(folders[0]),
        hint="run noxline inside a project",
    )
