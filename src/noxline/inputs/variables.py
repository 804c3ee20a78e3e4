"""The environment variables that count: those that a stage declares, and those that bend Python and its test tools."""

from __future__ import annotations

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIXES = ("PYTHON", "PYTEST_", "COVERAGE_", "LC_")
NAMES = frozenset({"TZ", "LANG", "CI"})
# Tasks do not see them (nox_bridge/child.py), or noxline sets them itself.
_NEVER = frozenset(
    {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONSTARTUP", "PYTHONUNBUFFERED"}
    | {"COVERAGE_PROCESS_CONFIG", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_AUTO_NUM_WORKERS"}
)


def counts(name: str) -> bool:
    """Tell whether a variable counts for every task as soon as it is set."""
    return (name in NAMES or name.startswith(PREFIXES)) and name not in _NEVER


def values(environ: Mapping[str, str], declared: Iterable[str]) -> dict[str, str]:
    """Return the variables that count and are set; of declared ones, which may be secrets, a digest of the value.

    A declared name that ends with `*` stands for all that begin like it.
    """
    found = {name: value for name, value in environ.items() if counts(name)}
    for name in _named(environ, declared):
        found[name] = "sha256:" + sha256(environ[name].encode("utf-8", "surrogateescape")).hexdigest()
    return found


def _named(environ: Mapping[str, str], declared: Iterable[str]) -> list[str]:
    names = frozenset(declared)
    beginnings = tuple(name[:-1] for name in names if name.endswith("*"))
    return [name for name in environ if name in names or (beginnings and name.startswith(beginnings))]
