"""What a rehearsal reads, as witnesses for later runs."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from noxline.nox_bridge.watch import Watch
from noxline.warm import witness

_PACKAGE = Path(__file__).parents[1]
# The stat cache and the store verify themselves what they read, and reports only write.
_BLIND = tuple(f"{_PACKAGE / name}/" for name in ("inputs", "cache", "reports"))
_UNSTEADY = ("/proc/", "/sys/", "/dev/")


def begin() -> Watch:
    """Begin to note what this process reads; it can be done once in a process."""
    watch = Watch(blind=_BLIND)
    watch.start()
    return watch


def witnesses(
    watch: Watch, root: Path, *, programs: Iterable[str], store: str, entries: Iterable[str]
) -> witness.Witnesses:
    """Return what was read, as it is now; noxline's own state is left out, for it only repeats what was read.

    `programs` are the paths of interpreters and other programs, `entries` those of the stored results.
    What the noxfile read is among the rest: the kept listing was held against it.
    """
    own = (f"{root}/.noxline/state/", f"{root}/.noxline/runs/", f"{store}/", f"{root}/.git/")
    files = [*_counting({*watch.files, *programs}, own), *entries]
    folders, kinds = _counting(watch.folders, own), _counting(watch.kinds, own)
    return (
        [(path, witness.numbers_of(path), witness.content_of(path)) for path in files],
        [(path, witness.numbers_of(path), witness.names_in(path)) for path in folders],
        [(path, witness.kind_of(path)) for path in kinds],
    )


def _counting(paths: Iterable[str], own: Sequence[str]) -> list[str]:
    """Leave out Python and its packages, whose versions stand in the snapshot's key, and noxline's own state."""
    installed = {sysconfig.get_path(key) + "/" for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    left_out = (*installed, *_UNSTEADY, *own, f"{sys.base_prefix}/lib/")
    return sorted(path for path in paths if not path.startswith(left_out))
