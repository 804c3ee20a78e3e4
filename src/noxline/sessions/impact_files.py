"""What a record of tests is compared with: the project's sources, the files beside them, the environment."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from noxline.audit.harmless import FINGERPRINTED, matches_any
from noxline.injected._noxline_records import storable
from noxline.settings.facts import ProjectFacts, TestSuite
from noxline.testing.blocks import Source, read_source
from noxline.testing.impact_record import ABSENT, SCHEMA, Record
from noxline.testing.lasting import said_in
from noxline.testing.lookups import looked_up
from noxline.version import __version__

_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "htmlcov", "build", "dist"})
_SETTINGS = ("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "setup.py", ".coveragerc")
_NAMES = ("METADATA", "entry_points.txt", "top_level.txt")


def file_digest(path: Path) -> str:
    """Return the digest of a file's bytes; a word for one that is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ABSENT


def datum_digest(root: Path, kind: str, path: str) -> str:
    """Return what a file read as data (R) holds, or what a folder that was listed (L) lists."""
    full = root / path
    if kind == "R":
        return file_digest(full)
    try:
        found = [entry.name for entry in full.iterdir()]
    except OSError:
        return ABSENT
    names = sorted(name for name in found if name not in _FOLDERS and not name.startswith("."))
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def python_sources(root: Path) -> dict[str, str]:
    """Return the digest of every Python file of the project, by its path as seen from the root."""
    return {name: file_digest(root / name) for name in _walk(root, "") if name.endswith(".py")}


def watched_files(root: Path, facts: ProjectFacts, suite: TestSuite) -> dict[str, str]:
    """Return the digest of whatever else lies among sources and tests: code that nobody sees may read it."""
    folders = {*facts.sources, *facts.test_dirs, *suite.paths, *(name.rpartition("/")[0] for name in suite.files)}
    below = [f for f in folders if f not in ("", ".") and (root / f).is_dir()]
    names = {name for folder in below for name in _walk(root, folder)}
    # Of a file whose name is no text only whether it changes matters.
    return {storable(name): file_digest(root / name) for name in sorted(names) if not name.endswith((".py", ".pyc"))}


def _walk(root: Path, folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(root / folder):
        folders[:] = [n for n in folders if n not in _FOLDERS and not n.startswith(".") and not n.endswith(".egg-info")]
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        for name in files:
            yield (Path(place) / name).relative_to(root).as_posix()


def source_of(root: Path, name: str) -> Source | None:
    """Return the blocks of a file; None for one that this Python cannot read as Python."""
    try:
        return read_source((root / name).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def environment_digest(root: Path, facts: ProjectFacts, *, bin_folder: Path, argv: Sequence[Sequence[str]]) -> str:
    """Return a digest of what surrounds the tests: what is installed, settings, variables, the command itself."""
    found = hashlib.sha256(f"{__version__} {SCHEMA}\0{argv!r}\0".encode("utf-8", "surrogateescape"))
    for name in _SETTINGS:
        found.update(f"{name} {file_digest(root / name)}\0".encode())
    for name, value in sorted(_variables(os.environ, dict(_suite_env(facts))).items()):
        found.update(f"{name}={value}\0".encode("utf-8", "surrogateescape"))
    environment = bin_folder.parent
    for line in (platform.system(), platform.machine(), *_interpreter(environment), *_installed(environment, facts)):
        found.update(f"{line}\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def _interpreter(environment: Path) -> Iterator[str]:
    """Yield what counts of the interpreter: where it lies is another thing in each clone."""
    for line in _text(environment / "pyvenv.cfg").splitlines():
        name, _, value = line.partition("=")
        if name.strip() in ("version", "version_info", "implementation", "include-system-site-packages"):
            yield f"{name.strip()}={value.strip()}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ABSENT


def _suite_env(facts: ProjectFacts) -> Sequence[tuple[str, str]]:
    return facts.tests.env if isinstance(facts.tests, TestSuite) else ()


def _variables(environ: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    return {**{n: v for n, v in environ.items() if matches_any(n, FINGERPRINTED) and n != "PYTHONPATH"}, **own}


def _installed(environment: Path, facts: ProjectFacts) -> Iterator[str]:
    """Yield a line for each installed distribution: by its files, the project's own by how it is found."""
    own = facts.name.replace("_", "-").lower()
    for info in sorted(environment.glob("[lL]ib*/**/site-packages/*.dist-info")):
        name = info.name.partition("-")[0].replace("_", "-").lower()
        if name == own:
            yield f"{info.name} {file_digest(info / 'entry_points.txt')}"
        else:
            yield f"{info.name} {_recorded(info / 'RECORD')} {[file_digest(info / file) for file in _NAMES]}"
    for path in sorted(environment.glob("[lL]ib*/**/site-packages/*.pth")):
        yield f"{path.name} {_text(path).replace(str(facts.root), '.')}"


def _recorded(path: Path) -> str:
    """Return the digest of what a distribution installed; scripts hold the path of their interpreter."""
    lines = [line for line in _text(path).splitlines() if not line.startswith(("..", "/"))]
    kept = [
        line
        for line in lines
        if not line.partition(",")[0].endswith(("INSTALLER", "REQUESTED", ".pyc", "uv_cache.json"))
    ]
    return hashlib.sha256("\n".join(sorted(kept)).encode("utf-8", "surrogateescape")).hexdigest()


def to_watch(root: Path, sources: Mapping[str, str], before: Record | None) -> dict[str, object]:
    """Return what the plugin is told of that which may carry something from test to test, as the sources say.

    The places are variables of files, `stored` names attributes, `looked_up` dictionaries with weak keys in which one
    only looks things up.
    """
    places: list[tuple[str, tuple[str, ...]]] = []
    stored: set[str] = set()
    for name, digest in sources.items():
        if before is not None and name in before.files and before.files[name].digest == digest:
            known, kept = before.places.get(name, ()), before.stored.get(name, ())
        else:
            source = source_of(root, name)
            known, kept = said_in(name, source) if source is not None else ((), ())
        places += [(name, names) for names in known]
        stored.update(kept)
    texts = {name: _content(root / name) for name in sources}
    return {"places": places, "stored": sorted(stored), "looked_up": looked_up(texts)}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # gone meanwhile
        return b""
