"""Where Python interpreters lie on a machine; looking there starts no process (the Windows launcher apart)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_VERSIONED = re.compile(r"python3\.\d+t?(\.exe)?")
_PLAIN = ("python3", "python", "python.exe")
# The folder names of version managers say what is in them: 3.12.1, cpython-3.13.0+freethreaded-linux-…, cpython@3.11.7.
_FOLDER = re.compile(r"(?:(?P<name>[a-z]+)[-@])?(?P<full>3\.\d+\.\d+)(?P<pre>(?:a|b|rc)\d+)?(?P<rest>t(?!\w)|[+-].*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A file that may be an interpreter; `full` is "" where its version has to be asked for."""

    path: Path
    full: str = ""
    special: bool = False  # a prerelease or a free-threaded build


def candidates(environ: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield what may be an interpreter: noxline's own first, then PATH, then what version managers installed."""
    yield own_interpreter()
    for folder in (*_path_folders(environ), *_fixed_folders()):
        yield from _in_folder(folder)
    for home in _managed_homes(environ):
        yield from _in_home(home)
    if sys.platform == "win32":
        yield from _from_launcher()


def own_interpreter() -> Candidate:
    """Return the interpreter below the virtual environment that noxline itself runs in."""
    info = sys.version_info
    name = f"python{info.major}.{info.minor}"
    path = Path(sys.base_prefix) / "bin" / name
    if not path.exists():
        path = Path(getattr(sys, "_base_executable", "") or sys.executable)
    special = info.releaselevel != "final" or "t" in getattr(sys, "abiflags", "")
    return Candidate(path=path, full=f"{info.major}.{info.minor}.{info.micro}", special=special)


def user_home(environ: Mapping[str, str]) -> Path:
    """Return the user's home folder as the environment has it."""
    given = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(given) if given else Path.home()


def _path_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders of PATH; a virtual environment stands for the folder of the interpreter that it was made from.

    Folders of shims are left out: what they start depends on the directory, and most of them only print an error.
    """
    for entry in dict.fromkeys(environ.get("PATH", "").split(os.pathsep)):
        folder = Path(entry)
        if not folder.is_absolute() or "shims" in folder.parts:
            continue
        config = folder.parent / "pyvenv.cfg"
        yield _home_of(config) if config.is_file() else folder


def _home_of(config: Path) -> Path:
    for line in config.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return Path(value.strip())
    return config.parent


def _fixed_folders() -> Iterator[Path]:
    if sys.platform == "win32":
        return
    yield from map(Path, ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"))
    for pattern in ("python*/bin", "*/bin"):
        yield from sorted(Path("/opt").glob(pattern))
    yield from sorted(Path("/Library/Frameworks/Python.framework/Versions").glob("3.*/bin"))
    for brew in ("/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"):
        yield from sorted(Path(brew).glob("python@3.*/bin"))


def _managed_homes(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the installations of pyenv, uv, asdf, mise, rye, hatch and nox, one folder for each version."""
    home = user_home(environ)
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    roots = (
        Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python"),
        Path(environ.get("ASDF_DATA_DIR") or home / ".asdf") / "installs" / "python",
        Path(environ.get("MISE_DATA_DIR") or data / "mise") / "installs" / "python",
        Path(environ.get("RYE_HOME") or home / ".rye") / "py",
        home / ".local" / "share" / "nox" / "pythons",
    )
    for root in roots:
        yield from _subfolders(root)
    for folder in _subfolders(data / "hatch" / "pythons"):
        yield folder / "python"


def _subfolders(root: Path) -> list[Path]:
    try:
        return sorted(entry for entry in root.iterdir() if entry.is_dir())
    except OSError:
        return []  # that version manager is not here


def _in_home(home: Path) -> Iterator[Candidate]:
    if (home / "pyvenv.cfg").exists():
        return
    known = _FOLDER.fullmatch(home.name)
    if known is None:
        yield from _in_folder(home / "bin")
        return
    if known["name"] not in (None, "cpython"):
        return
    minor = known["full"].rpartition(".")[0]
    for path in (home / "bin" / f"python{minor}", home / "bin" / f"python{minor}t", home / "python.exe"):
        if path.is_file():
            yield Candidate(path=path, full=known["full"], special=_is_special(known))
            return


def _is_special(folder: re.Match[str]) -> bool:
    """Tell whether a folder's name says that it holds a prerelease or a free-threaded build."""
    rest = folder["rest"] or ""
    return bool(folder["pre"]) or rest.startswith("t") or "freethreaded" in rest or "-dev" in rest


def _in_folder(folder: Path) -> Iterator[Candidate]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.startswith("python"))
    except OSError:
        return  # PATH may name folders that are not there
    versioned = list(filter(_VERSIONED.fullmatch, names))
    for name in versioned or [plain for plain in _PLAIN if plain in names][:1]:
        yield Candidate(path=folder / name, special=name.endswith(("t", "t.exe")))


def _from_launcher() -> Iterator[Candidate]:
    """Yield what the Windows launcher lists (`py -0p`); written from its documentation, not tested on Windows."""
    import subprocess

    try:
        listed = subprocess.run(["py", "-0p"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return  # no launcher: PATH has to do
    for line in listed.stdout.splitlines():
        found = re.search(r"([A-Za-z]:\\.*python\.exe)\s*$", line)
        if found:
            yield Candidate(path=Path(found[1]))
