"""Which paths the declared inputs and outputs of a stage stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from noxline.inputs.patterns import matcher

_matcher = cache(matcher)
_WILDCARD = re.compile(r"[*?\[]")


def is_glob(pattern: str) -> bool:
    """Tell whether a pattern has a wildcard; without one it is a file or a whole folder."""
    return _WILDCARD.search(pattern) is not None


def covers_path(patterns: Iterable[str], name: str) -> bool:
    """Tell whether a path, relative to the root, is one that the patterns stand for, there or not.

    >>> covers_path(["src", "*.toml"], "src/a/b.py"), covers_path(["src", "*.toml"], "sub/a.toml")
    (True, False)
    """
    return _matcher(tuple(patterns))(name)


def covers_named(patterns: Iterable[str], name: str) -> bool:
    """Tell whether a pattern without a wildcard stands for a path; such a one means files that git ignores, too."""
    return covers_path((pattern for pattern in patterns if not is_glob(pattern)), name)


def covers_listing(patterns: Iterable[str], folder: str) -> bool:
    """Tell whether a file that appears in a folder would be one that the patterns stand for; "" is the root.

    >>> covers_listing(["tests/**/*.py"], "tests/data"), covers_listing(["tests/*.py"], "tests/data")
    (True, False)
    """
    return any(_lists(pattern, folder) for pattern in patterns)


def _lists(pattern: str, folder: str) -> bool:
    if not is_glob(pattern):
        return _expression(pattern).fullmatch(folder) is not None
    parts = _normal(pattern).split("/")[:-1]
    if "**" in pattern:
        fixed = "/".join(parts[: next(i for i, part in enumerate([*parts, "**"]) if is_glob(part))])
        return not fixed or folder == fixed or folder.startswith(f"{fixed}/")
    return _expression("/".join(parts), whole=False).fullmatch(folder) is not None


def _normal(pattern: str) -> str:
    return pattern.removeprefix("./").strip("/")


@cache
def _expression(pattern: str, *, whole: bool = True) -> re.Pattern[str]:
    """Return the expression for a pattern; with `whole` a path without a wildcard stands for what lies below, too."""
    normal = _normal(pattern)
    if whole and normal in ("", "."):
        return re.compile(r".*", re.DOTALL)
    if not is_glob(normal):
        return re.compile(re.escape(normal) + (r"(?:/.*)?" if whole else ""), re.DOTALL)
    return re.compile("".join(_pieces(normal)), re.DOTALL)


def _pieces(pattern: str) -> Iterable[str]:
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", pattern, re.DOTALL):
        if piece == "**/":
            yield r"(?:[^/]+/)*"
        elif piece == "**":
            yield r".*"
        elif piece in ("*", "?"):
            yield r"[^/]*" if piece == "*" else r"[^/]"
        else:
            yield _characters(piece) if len(piece) > 1 else re.escape(piece)


def _characters(piece: str) -> str:
    """Return the expression for a set of characters as globs write it; one that makes no sense is taken literally."""
    inner = piece[1:-1].replace("\\", r"\\").replace("[", r"\[")
    expression = f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    try:
        re.compile(expression)
    except re.error:
        return re.escape(piece)
    return expression
