"""Events of changed files, from the operating system through watchfiles (extra `watch`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from threading import Event

from noxline.errors import MachineError, UsageError

# What tools write while they run would wake us all the time, and is never an input.
_NOISY = frozenset(
    {".noxline", ".git", ".hg", ".nox", ".tox", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
    | {".hypothesis", ".venv", "venv", "node_modules"}
)
# An editor saves in several steps: a batch ends when nothing came for a moment, or when it took too long.
_QUIET_MS = 100
_LONGEST_MS = 1000


def batches(root: Path, stop: Event) -> Iterator[Collection[str]]:
    """Yield the paths that changed below the root, batch by batch, until `stop` is set.

    Raise UsageError when watchfiles is not installed, MachineError when the system cannot watch so many folders.
    """
    try:
        import watchfiles
    except ImportError as error:
        raise UsageError(
            "watching files needs watchfiles, which is not installed", hint="pip install 'noxline[watch]'"
        ) from error
    skip = len(root.parts)

    def wanted(_change: object, path: str) -> bool:
        return _NOISY.isdisjoint(Path(path).parts[skip:])

    try:
        for batch in watchfiles.watch(
            root, watch_filter=wanted, debounce=_LONGEST_MS, step=_QUIET_MS, stop_event=stop, raise_interrupt=False
        ):
            yield sorted({path for _, path in batch})
    except OSError as error:
        raise MachineError(
            f"the files cannot be watched: {error}",
            place=str(root),
            hint="on Linux, raise fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=1",
        ) from error


def is_available() -> bool:
    """Tell whether watchfiles is installed, without the cost of importing it."""
    from importlib.util import find_spec

    return find_spec("watchfiles") is not None
