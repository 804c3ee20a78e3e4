"""Find the project's tox configuration, and the environments that test, type-check or build the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable

from noxline.settings.detect.ini_source import parse_ini
from noxline.settings.detect.tox import ToxConfig, ToxEnv
from noxline.settings.detect.tox_ini import IniTox
from noxline.settings.detect.tox_toml import TomlTox
from noxline.settings.detect.tree import Tree

PYTHON_ENV = re.compile(r"py(thon)?(\d?(\.?\d+)?)$|\d\.\d+$|cpython\d")
USUAL_MINOR = 12
TEST_NAME = re.compile(r"(unit)?tests?$|testing$|unit$|pytest$|core$")
OTHER_NAME = re.compile(
    r"lint|flake8|mypy|typing|types|docs?$|style|format|pypy|jython|min|lowest|oldest|dev$|main$|master|nightly|"
    r"bench|random|stress|dist|release|coverage|integration"
)


def find_tox(tree: Tree) -> ToxConfig | None:
    """Return the tox configuration from the first place that has one, in tox's own order."""
    if tree.has("tox.ini") and has_envs(tox := IniTox(tree, tree.ini("tox.ini"))):
        return tox
    cfg = tree.setup_cfg
    if "tox:tox" in cfg.sections:
        return IniTox(tree, cfg, "tox:tox")
    pyproject = tree.pyproject
    if legacy := pyproject.string("tool", "tox", "legacy_tox_ini"):
        key_line = pyproject.origin("tool", "tox", "legacy_tox_ini").line or 1
        # TOML drops the line end right after the opening quotes: the text begins one line below its key.
        return IniTox(tree, parse_ini("pyproject.toml", legacy, first_line=key_line + 1))
    if pyproject.table("tool", "tox"):
        return TomlTox(tree, pyproject, ("tool", "tox"))
    return TomlTox(tree, tree.toml("tox.toml")) if tree.has("tox.toml") else None


def has_envs(tox: IniTox) -> bool:
    """Tell whether a tox.ini configures tox at all; some hold other tools' sections only."""
    return any(section == tox.main or section.startswith("testenv") for section in tox.ini.sections)


def ranked_names(tox: ToxConfig) -> tuple[str, ...]:
    """Return the names of all environments, those most likely to be the plain tests first."""
    everything = dict.fromkeys([*tox.env_list, "py", *tox.sections])
    listed = set(tox.env_list)
    return tuple(sorted(everything, key=lambda name: rank(name, listed=name in listed)))


def rank(name: str, *, listed: bool) -> tuple[int, int, int, int]:
    """Order environment names: plain Pythons, then tests, then the rest; fewer factors and listed ones first."""
    factors = name.split("-")
    is_python, is_test = any(map(PYTHON_ENV.match, factors)), any(map(TEST_NAME.search, factors))
    kind = 3 if OTHER_NAME.search(name) else 0 if is_python else 1 if is_test else 2
    return kind, 0 if listed else 1, len(factors), min(map(distance, factors))


def distance(factor: str) -> int:
    """Return how far a factor's Python is from one that most machines have and most packages support."""
    found = re.match(r"(?:py|python|cpython)?3\.?(\d+)$", factor)
    return abs(int(found[1]) - USUAL_MINOR) if found else USUAL_MINOR


def find_env(tox: ToxConfig, fits: Callable[[ToxEnv], bool]) -> ToxEnv | None:
    """Return the first environment that fits, in the order of likelihood."""
    return next((env for env in map(tox.env, ranked_names(tox)) if fits(env)), None)


def named_env(tox: ToxConfig | None, pattern: str, fits: Callable[[ToxEnv], bool]) -> ToxEnv | None:
    """Return the first environment whose name matches and that fits; then any other described one that fits."""
    if tox is None:
        return None
    names = dict.fromkeys([*tox.env_list, *tox.sections])
    described = [*(name for name in names if re.search(pattern, name)), *tox.sections]
    return next((env for env in map(tox.env, described) if fits(env)), None)
