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
    lines = [line.strip() for line in text.splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    taken_back = {top(line[1:]) for line in patterns if line.startswith("!")}
    kept = [
        p for p in patterns if not p.startswith("!") and top(p) not in taken_back and p.strip("/") not in ("*", "**")
    ]
    files = [p for p in kept if not p.endswith("/")]
    folders = [p.rstrip("/") for p in kept if p.endswith("/")]
    return Ignored(
        names=union([p for p in files if "/" not in p]),
        paths=union([p for p in files if "/" in p]),
        folder_names=union([p for p in folders if "/" not in p]),
        folder_paths=union([p for p in folders if "/" in p]),
    )


def top(pattern: str) -> str:
    """Return the first part of a pattern."""
    return pattern.strip("/").split("/")[0]


def union(patterns: list[str]) -> re.Pattern[str]:
    """Join glob patterns to one expression; one that git takes and this does not is left out."""
    bare = [pattern.removeprefix("/").removeprefix("**/") for pattern in patterns]
    return re.compile("|".join(fnmatch.translate(p) for p in bare)) if bare else NEVER
