"""What a resolution depends on, as one digest that is the same on every machine of a platform."""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from noxline.inputs.canonical import digest
from noxline.nox_bridge.index_settings import index_settings
from noxline.nox_bridge.installs import Installs, named_files

# 1: the first.
SCHEMA = 1
_ROOT_FILES = (
    *("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "*.lock", "pylock*.toml", "Pipfile*", "requirements*"),
    *("constraints*", "pdm.toml", "poetry.toml", "hatch.toml", "environment*.yml", "environment*.yaml"),
    *(".pre-commit-config.yaml", ".readthedocs.yml", ".readthedocs.yaml"),
)
_ANYWHERE = ("requirements*.txt", "requirements*.in", "constraints*.txt")
_FOLDERS = frozenset({"requirements", "reqs", "constraints"})
_TEXTS = (".txt", ".in", ".pip")
_BUILD_FILES = frozenset({"pyproject.toml", "setup.cfg", "setup.py"})
_PROJECT = ("name", "dependencies", "optional-dependencies", "requires-python", "dynamic")
_TOOLS = ("uv", "poetry", "pdm", "hatch", "flit", "setuptools", "tox", "nox")
_INCLUDE = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)", re.MULTILINE)


def dependency_files(names: Iterable[str], members: Iterable[str] = ()) -> list[str]:
    """Return those of the project's files (relative, forward slashes) that say what it depends on.

    `members` are patterns of the folders of workspace members.

    >>> dependency_files(["setup.py", "src/a.py", "docs/requirements.txt", "lib/b/pyproject.toml"], ["lib/*"])
    ['docs/requirements.txt', 'lib/b/pyproject.toml', 'setup.py']
    """
    patterns = tuple(members)
    return sorted(name for name in names if _declares(name, patterns))


def _declares(name: str, members: tuple[str, ...]) -> bool:
    folder, _, base = name.rpartition("/")
    if not folder:
        return any(fnmatch.fnmatchcase(base, pattern) for pattern in _ROOT_FILES)
    if base in _BUILD_FILES:
        return any(fnmatch.fnmatchcase(folder, pattern.strip("./")) for pattern in members)
    in_folder = folder.rpartition("/")[2] in _FOLDERS and base.endswith(_TEXTS)
    return in_folder or any(fnmatch.fnmatchcase(base, pattern) for pattern in _ANYWHERE)


def recipe_of(
    *, session: str, platform: Mapping[str, str], root: Path, environ: Mapping[str, str], names: Iterable[str]
) -> str:
    """Return the digest under which a session's resolution is kept.

    `session` is the digest of the session's source and of all that it installs by; `names` are the project's files.
    """
    members = workspace_members(_bytes(root / "pyproject.toml"))
    files = {name: content_digest(name, _bytes(root / name)) for name in dependency_files(names, members)}
    return digest(
        {
            "schema": SCHEMA,
            "session": session,
            "platform": dict(platform),
            "files": files,
            "index": index_settings(root, environ),
        }
    )


def content_digest(name: str, content: bytes) -> str:
    """Return the digest of what a file says about dependencies: of pyproject.toml only the tables that do."""
    tables = _toml(content) if name.rpartition("/")[2] == "pyproject.toml" else None
    return sha256(content).hexdigest() if tables is None else digest(_plain(_relevant(tables)))


def _relevant(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a pyproject.toml that decide what is installed, and the names of the tools it configures.

    Standard sessions choose their tools by those names.
    """
    project, tools = tables.get("project", {}), tables.get("tool", {})
    return {
        "build-system": tables.get("build-system", {}),
        "project": {name: project[name] for name in _PROJECT if name in project},
        "groups": tables.get("dependency-groups", {}),
        "tools": {name: _unversioned(tools[name]) for name in _TOOLS if name in tools},
        "configured": sorted(tools),
    }


def _unversioned(table: Any) -> Any:
    """Return a tool's table without the project's own version, which says nothing about what it depends on."""
    return {key: part for key, part in table.items() if key != "version"} if isinstance(table, dict) else table


def workspace_members(content: bytes) -> tuple[str, ...]:
    """Return the folders, or patterns of folders, of a pyproject.toml's workspace members and path dependencies."""
    tool = (_toml(content) or {}).get("tool", {})
    uv = tool.get("uv", {}) if isinstance(tool, dict) else {}
    workspace = uv.get("workspace", {}).get("members", []) if isinstance(uv, dict) else []
    sources = uv.get("sources", {}).values() if isinstance(uv, dict) else []
    paths = [source["path"] for source in sources if isinstance(source, dict) and "path" in source]
    return tuple(map(str, [*workspace, *paths]))


def _toml(content: bytes) -> dict[str, Any] | None:
    """Return the tables of a TOML text; None when it is none, and then its bytes count."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only Python 3.10 has it installed

    try:
        return dict(tomllib.loads(content.decode("utf-8")))
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    """Return TOML data as plain data: dates and times as text."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def named_digests(installs: Installs, root: Path) -> dict[str, str]:
    """Return the digests of the files that installations name, and of those that these include; "" for absent ones."""
    found: dict[str, str] = {}
    rest = named_files(installs)
    while rest:
        name = rest.pop()
        if name in found:
            continue
        content = _bytes(root / name)
        found[name] = content_digest(name, content) if content else ""
        if not name.endswith(".toml"):
            folder = os.path.dirname(name)  # noqa: PTH120 - names in the project, no paths of this machine
            included = _INCLUDE.findall(content.decode("utf-8", "replace"))
            rest += [os.path.normpath(os.path.join(folder, one)).replace(os.sep, "/") for one in included]  # noqa: PTH118 - as above
    return dict(sorted(found.items()))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # deleted since it was listed: as if it were not there
