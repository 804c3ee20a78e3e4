"""Settings of uv and pip that decide which distributions an installation leads to: variables and files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from noxline.nox_bridge.distributions import without_credentials

_UV = (
    *("INDEX", "DEFAULT_INDEX", "INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "INDEX_STRATEGY"),
    *("CONSTRAINT", "OVERRIDE", "EXCLUDE", "BUILD_CONSTRAINT", "RESOLUTION", "PRERELEASE", "EXCLUDE_NEWER"),
    *("FORK_STRATEGY", "TORCH_BACKEND", "NO_BINARY", "NO_BINARY_PACKAGE", "NO_BUILD", "NO_BUILD_PACKAGE"),
    *("NO_SOURCES", "NO_BUILD_ISOLATION", "CONFIG_FILE", "NO_CONFIG", "VENV_SEED"),
)
_PIP = (
    *("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "CONSTRAINT", "REQUIREMENT", "PRE", "NO_BINARY"),
    *("ONLY_BINARY", "PREFER_BINARY", "NO_DEPS", "UPGRADE", "UPGRADE_STRATEGY", "NO_BUILD_ISOLATION"),
    *("FORCE_REINSTALL", "IGNORE_INSTALLED", "CONFIG_FILE", "ISOLATED", "PLATFORM", "PYTHON_VERSION", "TARGET"),
    *("PREFIX", "USER", "EDITABLE", "BUILD_CONSTRAINT", "UPLOADED_PRIOR_TO"),
)
_NAMES = frozenset([f"UV_{name}" for name in _UV] + [f"PIP_{name}" for name in _PIP])
_FILES = frozenset(
    {"UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_BUILD_CONSTRAINT", "UV_CONFIG_FILE"}
    | {"PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_CONFIG_FILE", "PIP_BUILD_CONSTRAINT"}
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"',]+")
# pip's variables under the names that uv has for the same.
PIP_AS_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_CONSTRAINT": "UV_CONSTRAINT",
    "PIP_NO_BUILD_ISOLATION": "UV_NO_BUILD_ISOLATION",
}


def has_influence(name: str) -> bool:
    """Tell whether a variable decides what an installation leads to."""
    return name in _NAMES or (name.startswith("UV_INDEX_") and not name.endswith(("_USERNAME", "_PASSWORD")))


def index_settings(root: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return everything that decides where distributions are found and which is chosen, without any credentials."""
    return {
        "variables": {
            name: _value(name, value, root) for name, value in sorted(environ.items()) if has_influence(name)
        },
        "files": [masked(text) for text in map(_text, config_files(root, environ)) if text],
    }


def config_files(root: Path, environ: Mapping[str, str]) -> list[Path]:
    """Return the places of the installers' configuration files, uv's first, then pip's."""
    uv = [root / "uv.toml", _config_home(environ) / "uv" / "uv.toml", Path("/etc/uv/uv.toml")]
    return [*uv, *pip_config_files(environ)]


def pip_config_files(environ: Mapping[str, str]) -> list[Path]:
    """Return the places of pip's configuration files."""
    given = environ.get("PIP_CONFIG_FILE", "")
    if given == os.devnull:
        return []  # pip's way to say: none of them
    home = Path(environ.get("HOME") or Path.home())
    system = [Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf"), Path("/Library/Application Support/pip/pip.conf")]
    own = [home / ".pip" / "pip.conf", _config_home(environ) / "pip" / "pip.conf"]
    return [*system, *own, *([Path(given)] if given else [])]


def masked(text: str) -> str:
    """Return a text whose addresses have lost their credentials.

    >>> masked("index-url = https://token@example.org/simple")
    'index-url = https://example.org/simple'
    """
    return _ADDRESS.sub(lambda found: without_credentials(found[0]), text)


def _config_home(environ: Mapping[str, str]) -> Path:
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config")


def _value(name: str, value: str, root: Path) -> str:
    """Return a variable's value; of one that names files their contents, for paths differ between machines."""
    if name not in _FILES:
        return masked(value)
    contents = [_text(root / Path(path)) or masked(path) for path in value.split()]
    return sha256("\0".join(map(masked, contents)).encode("utf-8", "surrogateescape")).hexdigest()


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return ""  # most of these places are empty


def pip_is_configured(environ: Mapping[str, str]) -> str:
    """Return the first of pip's settings that uv does not share, or "": what it leads to only pip can tell."""
    shared = {*PIP_AS_UV, "PIP_CONFIG_FILE"}
    names = (name for name in environ if name.startswith("PIP_") and has_influence(name) and name not in shared)
    return next(names, "") or next((str(file) for file in pip_config_files(environ) if configures(file)), "")


def configures(file: Path) -> bool:
    """Tell whether a configuration file of pip says anything about which distributions are chosen."""
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return True  # pip may understand what this does not
    keys = [key for section in parser.sections() for key in parser[section]]
    return any(has_influence("PIP_" + key.upper().replace("-", "_")) for key in keys)
