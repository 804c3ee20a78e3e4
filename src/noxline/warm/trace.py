"""What a rehearsal reads, as witnesses for later runs."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from noxline.nox_bridge.watch import Watch
from noxline.warm import witness

_PACKAGE = Path(__file__).parents[1]
# The stat cache and the store verify themselves what they read, and reports only write.
_BLIND = tuple(f"{_PACKAGE / name}/" for name in ("inputs", "cache", "reports"))
_UNSTEADY = ("/proc/", "/sys/", "/dev/")


class Looked(set[str]):
    """Paths, each with what there was to see of it just before it was read for the first time."""

    def __init__(self, look: Callable[[str], object]) -> None:
        super().__init__()
        self._look = look
        self.first: dict[str, object] = {}

    def add(self, path: str) -> None:
        """Note a path; the look at it is noted as well, hence in this order."""
        if path not in self:
            super().add(path)
            self.first[path] = self._look(path)

    def update(self, *paths: Iterable[str]) -> None:
        """Note paths."""
        for some in paths:
            for path in some:
                self.add(path)


class MovedError(Exception):
    """What a rehearsal read changed while it went on, so nobody knows which of the two it saw."""


def begin() -> Watch:
    """Begin to note what this process reads; it can be done once in a process."""
    watch = Watch(blind=_BLIND)
    watch.files, watch.folders = Looked(witness.numbers_of), Looked(witness.names_in)
    watch.kinds = Looked(witness.kind_of)
    watch.start()
    return watch


def witnesses(
    watch: Watch,
    root: Path,
    *,
    programs: Iterable[str],
    store: str,
    entries: Iterable[str],
    installed: Iterable[str] = (),
) -> witness.Witnesses:
    """Return what was read; noxline's own state is left out, for it only repeats what was read.

    Raise MovedError when something of it is no longer as it was when it was read.

    `programs` are the paths of interpreters and other programs, `entries` those of the stored results. `installed` are
    folders of distributions that tasks find; noxline's own may be among them, and count then.
    What the noxfile read is among the rest: the kept listing was held against it.
    """
    # Notes about environments lie beside them, with a dot in front; the environments themselves count.
    notes = tuple(f"{root}/.noxline/envs/{source}/." for source in ("project", "standard"))
    own = (f"{root}/.noxline/state/", f"{root}/.noxline/runs/", f"{store}/", f"{root}/.git/", *notes)
    files = [*_counting({*watch.files, *programs}, own), *entries]
    folders, kinds = sorted({*_counting(watch.folders, own), *installed}), _counting(watch.kinds, own)
    found = (
        [(path, witness.numbers_of(path), witness.content_of(path)) for path in files],
        [(path, witness.numbers_of(path), witness.names_in(path)) for path in folders],
        [(path, witness.kind_of(path)) for path in kinds],
    )
    _refuse_moved(watch.files, [(path, numbers) for path, numbers, _ in found[0]])
    _refuse_moved(watch.folders, [(path, names) for path, _, names in found[1]])
    _refuse_moved(watch.kinds, found[2])
    return found


def _refuse_moved(looked: set[str], now: Iterable[tuple[str, object]]) -> None:
    first = looked.first if isinstance(looked, Looked) else {}
    for path, seen in now:
        if path in first and first[path] != seen:
            raise MovedError(path)


def _counting(paths: Iterable[str], own: Sequence[str]) -> list[str]:
    """Leave out Python and its packages, whose versions stand in the snapshot's key, and noxline's own state."""
    installed = {sysconfig.get_path(key) + "/" for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    left_out = (*installed, *_UNSTEADY, *own, f"{sys.base_prefix}/lib/")
    return sorted(path for path in paths if not path.startswith(left_out))
