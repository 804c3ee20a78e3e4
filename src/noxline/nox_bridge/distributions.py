"""What is really in an environment: the distributions in its folders, without the project's own.

pip, setuptools and wheel count like any other: a session can import them, and what it does can depend on their version.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from noxline.inputs.environment import normalised
from noxline.nox_bridge.environments import path_of, site_packages

_SHOWN = 16  # digits of a digest in what is shown: never a key by itself
_NOT_SOURCE = frozenset(
    {".git", ".hg", "__pycache__", "build", "dist", ".venv", ".tox", ".nox", ".noxline", "node_modules"}
    | {".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".benchmarks"}  # what running tools leave behind
)


def real_set(environment: Path, root: Path) -> dict[str, str]:
    """Return name → version of what is installed, or its address where it came from one.

    Environments right below this one (a tool that needs its own) count with their folder's name in front.
    """
    found = dict(_distributions(environment, root.resolve()))
    for inner in sorted(environment.glob("*/pyvenv.cfg")):
        nested = dict(_distributions(inner.parent, root.resolve()))
        found |= {f"{inner.parent.name}/{name}": version for name, version in nested.items()}
    for file in environment.glob("conda-meta/*.json"):  # name-version-build: of any language
        name, _, version = file.stem.rpartition("-")[0].rpartition("-")
        found[f"conda/{normalised(name)}"] = f"{version} {file.stem.rpartition('-')[2]}"
    return dict(sorted(found.items()))


def made_at(environment: Path) -> float:
    """Return when an environment was made, in seconds since the epoch; 0 when it is not there."""
    conda = (environment / "conda-meta").is_dir()
    try:
        return (environment if conda else environment / "pyvenv.cfg").stat().st_mtime
    except OSError:
        return 0.0


def _distributions(environment: Path, root: Path) -> Iterator[tuple[str, str]]:
    for folder in site_packages(environment):
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                kind = next((end for end in (".dist-info", ".egg-info", ".egg") if entry.name.endswith(end)), "")
                if kind:
                    yield from _one(Path(entry.path), entry.name.removesuffix(kind), root)


def _one(place: Path, stem: str, root: Path) -> Iterator[tuple[str, str]]:
    name, _, rest = stem.partition("-")
    version = rest if place.suffix == ".dist-info" else rest.partition("-")[0]  # egg-info: foo-1.0-py3.8
    origin = _origin(place, root)
    if origin is not None:
        yield normalised(name), origin or canonical_version(version)


def canonical_version(version: str) -> str:
    """Return a version as resolvers print it; what is none stays as it is.

    >>> canonical_version("1.0.POST1"), canonical_version("1.0_local"), canonical_version("odd")
    ('1.0.post1', '1.0_local', 'odd')
    """
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _origin(place: Path, root: Path) -> str | None:
    """Return the address a distribution came from, "" for an index; None for what belongs to the project."""
    try:
        document: Any = json.loads((place / "direct_url.json").read_text(encoding="utf-8"))
        address = str(document["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # from an index: installers write this file for everything else
    part = f"#subdirectory={document['subdirectory']}" if document.get("subdirectory") else ""
    if "vcs_info" in document:
        source = document["vcs_info"]
        return f"@ {source['vcs']}+{without_credentials(address)}@{source.get('commit_id', '')}{part}"
    if not address.startswith("file:"):
        return f"@ {without_credentials(address)}{part}"
    path = path_of(address)
    if "dir_info" in document:
        return folder_origin(path, root)
    return archive_origin(path, root)


def folder_origin(folder: Path, root: Path) -> str | None:
    """Return what a folder outside the project holds; None for one inside it, whose files are inputs of the task."""
    whole = folder.resolve()
    if whole == root or root in whole.parents:
        return None
    return f"@ {whole.name}/ sha256:{_tree_digest(whole)[:_SHOWN]}"


def archive_origin(file: Path, root: Path) -> str:
    """Return an archive's place in the project, or its name elsewhere, with its content."""
    whole = file.resolve()
    shown = whole.relative_to(root).as_posix() if root in whole.parents else whole.name
    try:
        content = sha256(whole.read_bytes()).hexdigest()
    except OSError:
        return f"@ {shown} which is gone"
    return f"@ {shown} sha256:{content[:_SHOWN]}"


def without_credentials(address: str) -> str:
    """Return an address without user and password; that of git over ssh keeps its user.

    >>> without_credentials("https://token@example.org/simple#egg=x"), without_credentials("ssh://git@e.org/a")
    ('https://example.org/simple', 'ssh://git@e.org/a')
    """
    whole, _, fragment = address.partition("#")
    scheme, separator, rest = whole.partition("://")
    authority, slash, path = rest.partition("/")
    user, _, host = authority.rpartition("@")
    place = authority if user == "git" else host
    kept = f"#{fragment}" if fragment.startswith("subdirectory=") else ""
    return unquote(f"{scheme}{separator}{place}{slash}{path}{kept}")


def _tree_digest(folder: Path) -> str:
    digest = sha256()
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _NOT_SOURCE and not name.endswith(".egg-info"))
        for name in sorted(files):
            file = Path(where, name)
            try:
                content = sha256(file.read_bytes()).hexdigest()
            except OSError as error:
                content = f"unreadable: {error.errno}"
            digest.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
