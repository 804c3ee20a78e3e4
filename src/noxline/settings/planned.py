"""Files that `noxline init` wants to write: shown as a diff first, written whole or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from noxline.errors import MachineError, UsageError
from noxline.system.files import write_atomic


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedFile:
    """One file: its name relative to the root, what it holds now (None: it is not there) and what it would hold.

    A file that is left alone has the same text in `old` and `new`, and a note that says why.
    """

    name: str
    path: Path
    old: str | None
    new: str
    note: str = ""

    @property
    def changes(self) -> bool:
        """Tell whether writing the file would change anything."""
        return self.old != self.new

    @property
    def diff(self) -> str:
        """Return the change as a unified diff; empty when there is none."""
        before = (self.old or "").splitlines(keepends=True)
        after = self.new.splitlines(keepends=True)
        source = "/dev/null" if self.old is None else f"a/{self.name}"
        return "".join(_ended(difflib.unified_diff(before, after, source, f"b/{self.name}")))


def read_text(path: Path) -> str | None:
    """Return the text of a file with its own line ends, or None when it is not there; raise MachineError otherwise."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MachineError(f"cannot read the file: {error.strerror}", place=str(path)) from error
    except UnicodeDecodeError as error:
        raise MachineError("the file is not UTF-8 text", place=str(path)) from error


def write(files: Sequence[PlannedFile]) -> tuple[str, ...]:
    """Write the files that change and return their names; raise UsageError when one is not as it was when planned."""
    changing = [file for file in files if file.changes]
    for file in changing:
        if read_text(file.path) != file.old:
            raise UsageError(
                f"{file.name} was changed in the meantime; nothing was written",
                place=file.name,
                hint="run noxline init again",
            )
    for file in changing:
        try:
            write_atomic(file.path.resolve(), file.new)
        except OSError as error:
            raise MachineError(f"cannot write {file.name}: {error.strerror}", place=file.name) from error
    return tuple(file.name for file in changing)


def _ended(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines of a diff, those without an end of their own marked as patch programs want it."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
