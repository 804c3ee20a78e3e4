"""What a session without an environment of its own finds: the distributions beside the Python that is on its PATH."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from noxline.nox_bridge.distributions import real_set
from noxline.nox_bridge.environments import site_packages


@dataclass
class Surroundings:
    """Knows the distributions around a project, and looks again where a folder of them changed."""

    root: Path
    _known: dict[tuple[tuple[str, int], ...], dict[str, str]] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)

    def distributions(self, path: str) -> Mapping[str, str]:
        """Return the distributions, name → version, that the first Python on a search path can import."""
        place = place_on(path)
        if place is None:
            return {}
        folders = site_packages(place)
        self._folders.update(map(str, folders))
        key = tuple((str(folder), folder.stat().st_mtime_ns) for folder in folders)
        if key not in self._known:
            self._known[key] = real_set(place, self.root)
        return self._known[key]

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders whose names tell what was found."""
        return tuple(sorted(self._folders))


def place_on(path: str) -> Path | None:
    """Return the environment, or the installation, of the first Python on a search path; None without one."""
    found = shutil.which("python", path=path) or shutil.which("python3", path=path)
    if found is None:
        return None
    place = Path(found).parent.parent
    return place if (place / "pyvenv.cfg").is_file() else Path(found).resolve().parent.parent
