"""What a noxfile read while it loaded, and whether all of that is still the same."""

from __future__ import annotations

import stat
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

# They differ between two terminals on one machine and no noxfile means them when it copies the whole environment.
_RESTLESS = frozenset({"_", "OLDPWD", "PWD", "SHLVL", "TERM", "COLUMNS", "LINES", "WINDOWID", "SSH_AUTH_SOCK"})
_UNSTEADY = ("/proc/", "/sys/", "/dev/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """Digests by name: files, the names in folders, what lies at a path (file, folder or nothing), variables."""

    files: Mapping[str, str]
    folders: Mapping[str, str]
    kinds: Mapping[str, str]
    variables: Mapping[str, str]

    @classmethod
    def taken(cls, read: Mapping[str, Any], environ: Mapping[str, str]) -> Traces:
        """Return the digests of everything that the lister saw being read."""
        return cls(
            files={name: digest_of(Path(name)) for name in _of_the_user(read["files"])},
            folders={name: names_in(Path(name)) for name in _of_the_user(read["folders"])},
            kinds={name: kind_of(Path(name)) for name in _of_the_user(read["kinds"])},
            variables={name: variable(name, environ) for name in read["variables"]},
        )

    def hold(self, environ: Mapping[str, str]) -> bool:
        """Return whether everything is as it was."""
        return (
            all(variable(name, environ) == known for name, known in self.variables.items())
            and all(kind_of(Path(name)) == known for name, known in self.kinds.items())
            and all(names_in(Path(name)) == known for name, known in self.folders.items())
            and all(digest_of(Path(name)) == known for name, known in self.files.items())
        )

    def document(self) -> dict[str, Any]:
        """Return the traces as JSON takes them."""
        return asdict(self)


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file's content; empty when it cannot be read."""
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def names_in(folder: Path) -> str:
    """Return a digest of the names in a folder; empty when there is none."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return ""
    return sha256("\0".join(names).encode()).hexdigest()


def kind_of(path: Path) -> str:
    """Return what lies at a path: "folder", "file", "other" or "" for nothing."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def variable(name: str, environ: Mapping[str, str]) -> str:
    """Return a digest of a variable's value, empty when it is not set; `*` stands for all of them."""
    if name == "*":
        pairs = sorted(f"{key}={value}" for key, value in environ.items() if key not in _RESTLESS)
        return sha256("\0".join(pairs).encode()).hexdigest()
    return sha256(environ[name].encode()).hexdigest() if name in environ else ""


def _of_the_user(names: Iterable[str]) -> list[str]:
    """Leave out what belongs to Python and its installed packages; their versions stand in the listing's identity."""
    keys = ("stdlib", "platstdlib", "purelib", "platlib")
    installed = tuple({sysconfig.get_path(key) + "/" for key in keys})
    return [name for name in names if not name.startswith((*installed, *_UNSTEADY)) and "_nox_script_mode" not in name]
