"""A folder beside the output directory, in which an entry is put together before anything there is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO

from noxline.cache.blobs import NEW_FILE, swap
from noxline.model.cache import StoredFile


class Staging:
    """Files of one entry on their way in; nothing in here was there before, so no link can lead out of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._output = folder / "output"
        self._log = folder / "log"
        self._output.mkdir()

    def log(self) -> Path:
        """Return where the log goes."""
        return self._log

    def place(self, file: StoredFile) -> Path:
        """Return where a file of the output goes; its folders are there."""
        target = self._output.joinpath(*file.path.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def commit(self, output: Path, log: Path) -> None:
        """Put everything where a run of the task would have left it, in place of what is there."""
        log.parent.mkdir(parents=True, exist_ok=True)
        swap(str(self._output), str(output))
        swap(str(self._log), str(log))


@contextlib.contextmanager
def staging(output: Path) -> Iterator[Staging]:
    """Give a staging folder beside an output directory, and remove what is left of it in the end."""
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".noxline-", dir=output.parent))
    try:
        yield Staging(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a leftover is hidden, and goes with the run's directory


@contextlib.contextmanager
def created(path: Path, *, executable: bool) -> Iterator[IO[bytes]]:
    """Open a file that must not be there yet: two paths that are one on this system are an error, not a surprise."""
    handle = os.open(path, NEW_FILE, 0o755 if executable else 0o644)
    with os.fdopen(handle, "wb") as file:
        yield file


def has_digest(data: bytes, blob: StoredFile) -> bool:
    """Tell whether data is the content of a blob."""
    return len(data) == blob.size and sha256(data).hexdigest() == blob.sha256
