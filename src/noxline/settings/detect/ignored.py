"""Read .gitignore as far as detection needs it: which paths a plain pattern takes out."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass

NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """The patterns of a .gitignore as expressions: over names at any depth, and over paths from the root."""

    names: re.Pattern[str] = NEVER
    paths: re.Pattern[str] = NEVER
    folder_names: re.Pattern[str] = NEVER
    folder_paths: re.Pattern[str] = NEVER

    def file(self, path: str) -> bool:
        """Tell whether git would ignore a file."""
        return bool(self.names.match(path.rsplit("/", 1)[-1]) or self.paths.match(path))

    def folder(self, path: str) -> bool:
        """Tell whether git would ignore a folder."""
        base = path.rsplit("/", 1)[-1]
        return self.file(path) or bool(self.folder_names.match(base) or self.folder_paths.match(path))


def read_gitignore(text: str) -> Ignored:
    """Read the patterns; those that a later `!` pattern takes back in part are left out, so nothing is lost."""
    groups: dict[str, list[str]] = {"names": [], "paths": [], "folder_names": [], "folder_paths": []}
    for pattern in kept_patterns(text):
        bare = pattern.rstrip("/")
        kind = "paths" if "/" in bare else "names"
        groups[kind if bare == pattern else f"folder_{kind}"].append(bare)
    return Ignored(**{kind: union(patterns) for kind, patterns in groups.items()})


def kept_patterns(text: str) -> list[str]:
    """Return the patterns that take paths out, without those for everything and those that are taken back in part."""
    lines = [line.strip() for line in text.splitlines()]
    taken_back = {top(line[1:]) for line in lines if line.startswith("!")}
    patterns = [line for line in lines if not line.startswith(("!", "#")) and line.strip("/") not in ("", "*", "**")]
    return [pattern for pattern in patterns if top(pattern) not in taken_back]


def top(pattern: str) -> str:
    """Return the first part of a pattern."""
    return pattern.strip("/").split("/")[0]


def union(patterns: list[str]) -> re.Pattern[str]:
    """Join glob patterns to one expression; one that git takes and this does not is left out."""
    bare = [pattern.removeprefix("/").removeprefix("**/") for pattern in patterns]
    return re.compile("|".join(fnmatch.translate(p) for p in bare)) if bare else NEVER
