"""On what it rests that a run of one machine may be replayed on another: worked out alike by both.

Whoever lends a run says where to look; whoever borrows it looks there. Only when both see the same, to the byte, do
they come to the same name, and without the name there is nothing to be had.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256

from noxline.inputs import commit
from noxline.inputs.canonical import digest
from noxline.version import __version__
from noxline.warm.key import cores, source_moment, style_key
from noxline.warm.witness import (
    RESTLESS_VARIABLES,
    content_of,
    digest_of_names,
    kind_of,
    names_in,
    numbers_of,
    rows_in,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from noxline.inputs.index import Index
    from noxline.warm.witness import Witnesses

SCHEMA = 1
KIND = "runs"  # of the records that say where to look
SETTINGS = ("config/pipeline.toml", "pyproject.toml")
# They differ from job to job. A noxfile may read them, which is noted; noxline reads few of them (a test looks).
_RESTLESS = ("GITHUB_", "RUNNER_", "ACTIONS_", "CI_", "GITLAB_", "BUILDKITE_", "CIRCLE_", "BUILD_", "JOB_", "AGENT_")
# Where this machine keeps things, and how it gets at the remote.
_OWN = (
    *("NOXLINE_CACHE_", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "UV_CACHE_DIR", "PIP_CACHE_DIR", "PWD", "HOSTNAME"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),  # how we run ourselves; no task sees them
)
# Folders that tools make at the top of a project: a fresh clone has none of them, and whoever ran something has some.
_LEFT = frozenset(
    {".benchmarks", ".tox", ".nox", ".eggs", ".venv", "venv", "build", "dist", "htmlcov", "site", "node_modules"}
)
_LEFT_ENDS = (".egg-info", ".pyc")
_LEFT_MARKS = (*sorted(_LEFT), *_LEFT_ENDS)
_STEADY = frozenset(
    {"GITHUB_ACTIONS", "GITHUB_REF_PROTECTED", "GITHUB_REF_TYPE", "CI_COMMIT_REF_PROTECTED", "CI_COMMIT_TAG"}
)
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-")


def is_plain(root: str) -> bool:
    """Tell whether a path is written the same way in every kind of text, so that another may take its place."""
    return _PLAIN.issuperset(root) and root.count("/") > 1


def is_steady(name: str) -> bool:
    """Tell whether a variable counts whoever reads it."""
    if name in _STEADY:
        return True
    return name not in RESTLESS_VARIABLES and not name.startswith((*_RESTLESS, *_OWN))


def place_of(root: str, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the name under which it is said where to look: of this command, on machines like this one."""
    variables = sorted(f"{name}={value}" for name, value in environ.items() if is_steady(name))
    settings = [content_of(f"{root}/{name}") for name in SETTINGS]
    machine = os.uname().machine if hasattr(os, "uname") else ""
    program = [SCHEMA, __version__, str(source_moment()), sys.version, sys.platform, machine, str(cores()), style_key()]
    return digest([*program, list(arguments), settings, _hashed("\0".join(variables))])


def name_of(place: str, look: Mapping[str, Any], places: Mapping[str, Any], index: Index) -> str:
    """Return the name of a run: the digest of all that there is to be seen at the places that `look` names.

    What `places_seen` saw is `places`; only the sets of inputs wait until all files are read.
    """
    sets = [[list(patterns), index.digest(tuple(patterns))] for patterns in look["sets"]]
    return digest({"schema": SCHEMA, "place": place, **places, "sets": sets})


def places_seen(
    root: str,
    look: Mapping[str, Any],
    environ: Mapping[str, str],
    read: Witnesses | None = None,
    listed: Mapping[str, list[str] | None] | None = None,
) -> dict[str, Any]:
    """Return what there is to be seen at the places that `look` names, but for the sets of inputs.

    `read` and `listed` are what `witnesses` found there a moment ago, which saves looking at all of it once more.
    """
    known = _known(read)
    searched = frozenset(environ.get("PATH", "").split(os.pathsep))
    return {
        "files": [[name, *_file(root, name, known)] for name in look["files"]],
        "folders": [[name, _folder(root, name, searched, listed or {})] for name in look["folders"]],
        "kinds": [[name, kind_of(real_path(root, name))] for name in look["kinds"]],
        "variables": [[name, _variable(environ, name)] for name in look["variables"]],
        "version": commit.version_source(root) if look["from_git"] else "",
        "environments": digest(look["environments"]),
        "root": root if look["rooted"] else "",
    }


def _variable(environ: Mapping[str, str], name: str) -> str:
    return _hashed(environ[name]) if name in environ else ""


def _known(read: Witnesses | None) -> dict[str, tuple[Sequence[int], str]]:
    return {path: (numbers, content) for path, numbers, content in read[0]} if read else {}


def witnesses(root: str, look: Mapping[str, Any], listed: dict[str, list[str] | None] | None = None) -> Witnesses:
    """Return what lies there, for the next run. Of folders outside no names are noted: a change there is enough.

    The names in folders of the project are left in `listed`.
    """
    files = [real_path(root, name) for name in look["files"]]
    folders = [(name, real_path(root, name)) for name in look["folders"]]
    kinds = [real_path(root, name) for name in look["kinds"]]
    names: dict[str, list[str] | None] = {} if listed is None else listed
    return (
        [(path, numbers_of(path), content_of(path)) for path in files],
        [(path, numbers_of(path), _noted(path, names) if name[:2] == "./" else "-") for name, path in folders],
        [(path, kind_of(path)) for path in kinds],
    )


def _noted(path: str, listed: dict[str, list[str] | None]) -> str:
    listed[path] = rows_in(path)
    return digest_of_names(listed[path])


def shown_path(root: str, path: str) -> str:
    """Return a path as both write it: those in the project are told from its root, with a `./` in front."""
    return "./" if path == root else f"./{path[len(root) + 1 :]}" if path.startswith(f"{root}/") else path


def real_path(root: str, name: str) -> str:
    """Return the path behind a name of `shown_path`."""
    return f"{root}/{name[2:]}".rstrip("/") if name.startswith("./") else name


def _file(root: str, name: str, known: Mapping[str, tuple[Sequence[int], str]]) -> tuple[str, ...]:
    """Return what tells a file: its content, and outside the project, where interpreters lie, also size and time.

    A small program may start another library than last time, and it is the installation that moved its time then.
    """
    path = real_path(root, name)
    numbers, content = known.get(path) or (numbers_of(path), content_of(path))
    return content, *(() if name.startswith("./") else map(str, numbers[:2]))


def _folder(root: str, name: str, searched: Iterable[str], listed: Mapping[str, list[str] | None]) -> str:
    """Return what tells a folder: the names in it; of those on PATH, where Pythons are looked for, only these."""
    path = real_path(root, name)
    if name.startswith("./"):
        return _own_names(listed[path] if path in listed else rows_in(path))
    if path not in searched:
        return names_in(path)
    try:
        return _hashed("\0".join(sorted(one for one in os.listdir(path) if one.startswith("python"))))
    except OSError:
        return ""


def _own_names(rows: Sequence[str] | None) -> str:
    """Return what tells a folder of the project, without the names of what running its tasks leaves there."""
    text = "\0".join(rows or ())
    if rows is not None and any(mark in text for mark in _LEFT_MARKS):  # which spares looking at each name
        return digest_of_names([row for row in rows if not _is_left(row.partition("\0")[0])])
    return digest_of_names(rows)


def _is_left(name: str) -> bool:
    return name in _LEFT or name.endswith(_LEFT_ENDS)


def _hashed(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
