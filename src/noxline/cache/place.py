"""Where the store of this disk lies, and how its folders are called."""

from __future__ import annotations

import os
import sys
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "v1"
LOCAL, TRUSTED, SCOPE = "local", "trusted", "scope/"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_LONGEST = 64


def default_place(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return the folder of the local store: that of the user's caches, unless NOXLINE_CACHE_DIR names another."""
    given = environ.get("NOXLINE_CACHE_DIR")
    if given:
        return os.path.abspath(os.path.expanduser(given))
    shared = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(shared):  # the specification has relative ones ignored
        return os.path.join(shared, "noxline")
    if platform == "win32":
        return os.path.join(environ.get("LOCALAPPDATA") or os.path.expanduser("~"), "noxline", "Cache")
    home = environ.get("HOME") or os.path.expanduser("~")
    return os.path.join(home, *(("Library", "Caches") if platform == "darwin" else (".cache",)), "noxline")


def root_of(place: str) -> str:
    """Return the folder of this version's form below the folder of the store."""
    return f"{place}/{VERSION}"


def scope_folder(scope: str) -> str:
    """Return the folder of a scope, or of a kind of records: no two share one, also where case does not count.

    >>> scope_folder("local"), scope_folder("scope/pr-12"), scope_folder("scope/PR 12")
    ('local', 'scope/pr-12', 'scope/x.95c29ef20be65437')
    """
    first, slash, name = scope.partition("/")
    return _safe(first) + slash + (_safe(name) if slash else "")


def _safe(name: str) -> str:
    if name and len(name) <= _LONGEST and _PLAIN.issuperset(name):
        return name
    return f"x.{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
