"""Patterns that name input files: `src`, `tests/**/*.py`, `!docs/**`.

A pattern without a wildcard is a file or a whole folder. `*` and `?` stay within one name, `**` crosses folders,
`[...]` is a set of characters. A pattern that begins with `!` takes out again what those before it named: as in
`.gitignore`, the last one that fits a name decides.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WILD = frozenset("*?[")


def has_wildcard(pattern: str) -> bool:
    """Tell whether a pattern is a glob; any other names one file or one whole folder."""
    return not _WILD.isdisjoint(pattern)


def named(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the files and folders that patterns name without a wildcard; git ignoring them does not matter."""
    return tuple(_plain(pattern) for pattern in patterns if not has_wildcard(pattern) and pattern[:1] != "!")


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a relative name with forward slashes is among the inputs.

    >>> wanted = matcher(("src", "*.toml", "!src/**/*.md"))
    >>> wanted("src/a.py"), wanted("src/b/c.md"), wanted("setup.toml"), wanted("docs/x.toml")
    (True, False, True, False)
    """
    ways = [(takes, _fits(group)) for takes, group in _grouped(patterns)]
    if len(ways) == 1 and ways[0][0]:
        return ways[0][1]
    return lambda name: next((takes for takes, fits in ways if fits(name)), False)


def _grouped(patterns: Sequence[str]) -> list[tuple[bool, list[str]]]:
    """Return the patterns, the last ones first, neighbours that take, or take out, together."""
    groups: list[tuple[bool, list[str]]] = []
    for pattern in reversed(patterns):
        takes = pattern[:1] != "!"
        if not groups or groups[-1][0] is not takes:
            groups.append((takes, []))
        groups[-1][1].append(pattern if takes else pattern[1:])
    return groups


def _matches(patterns: Sequence[str]) -> Callable[[str], bool]:
    import re

    fullmatch = re.compile("|".join(map(_expression, patterns)), re.DOTALL).fullmatch
    return lambda name: fullmatch(name) is not None


def _fits(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a function that tells whether one of some patterns fits a name; files and whole folders need no `re`."""
    folders = [pattern[:-2] for pattern in patterns if pattern.endswith("/**")]
    plain = [pattern for pattern in patterns if not pattern.endswith("/**")]
    if any(map(has_wildcard, (*folders, *plain))) or not all(map(_plain, folders)):
        return _matches(patterns)
    names = frozenset(map(_plain, plain))
    below = tuple(map(_prefix, {*names, *map(_plain, folders)}))
    return lambda name: name in names or name.startswith(below)


def _prefix(folder: str) -> str:
    return f"{folder}/" if folder else ""


def _plain(pattern: str) -> str:
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/".join(parts)


def _expression(pattern: str) -> str:
    """Return a pattern as a regular expression for the whole name."""
    import re

    plain = _plain(pattern)
    if not has_wildcard(pattern):
        return re.escape(plain) + r"(?:/.*)?" if plain else r".*"
    parts = plain.split("/")
    pieces = []
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if part == "**":
            pieces.append(r".*" if last else r"(?:[^/]+/)*")
        else:
            pieces.append(_segment(part) + ("" if last else "/"))
    return "".join(pieces)


def _segment(part: str) -> str:
    """Return one name of a glob as a regular expression that never crosses a slash."""
    import re

    made, place = "", 0
    while place < len(part):
        character = part[place]
        end = _end_of_set(part, place) if character == "[" else -1
        if character == "*":
            made += "[^/]*"
        elif character == "?":
            made += "[^/]"
        elif end > 0:
            made += _set(part[place + 1 : end])
            place = end
        else:
            made += re.escape(character)
        place += 1
    return made


def _end_of_set(part: str, place: int) -> int:
    """Return where the set that opens at a place closes, -1 where it does not; a `]` that comes first is a member."""
    first = place + (2 if part[place + 1 : place + 2] == "!" else 1)
    return part.find("]", first + 1)


def _set(inner: str) -> str:
    """Return a set of characters as a regular expression: single ones, and ranges of which none is upside down."""
    import re

    turned = inner[:1] == "!"
    rest, members = inner[turned:], []
    while rest:
        if rest[1:2] == "-" and len(rest) > 2:
            if rest[0] <= rest[2]:
                members.append(f"{re.escape(rest[0])}-{re.escape(rest[2])}")
            rest = rest[3:]
        else:
            members.append(re.escape(rest[0]))
            rest = rest[1:]
    if not members:
        return "[^/]" if turned else r"(?!)"
    return f"(?!/)[{'^' * turned}{''.join(members)}]"
