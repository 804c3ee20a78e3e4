"""Test commands that name files which did not come with the project, as happens in source archives."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from noxline.settings.detect.command_line import Line, positional
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin, Runner

Located = tuple[Line, Origin, bool]
SETTINGS = (".ini", ".cfg", ".toml")


def without_missing(tree: Tree, lines: list[Located], directory: str) -> list[Located]:
    """Take the pytest commands that name missing files for no tests, as long as another command is left."""
    left = [
        (replace(line, runner=None) if names_missing(tree, line, directory) else line, origin, ignore)
        for line, origin, ignore in lines
    ]
    return left if any(line.runner for line, _, _ in left) else lines


def names_missing(tree: Tree, line: Line, directory: str) -> bool:
    """Tell whether a command of pytest reads a file, or settings, that the project does not have."""
    if line.runner is not Runner.PYTEST:
        return False
    values = [word.partition("=")[2] for word in line.argv if word.startswith("--") and word.endswith(SETTINGS)]
    named = [word.partition("::")[0] for word in (*positional(line.argv), *values) if is_plain_file(word)]
    return any(not (tree.root / directory / name).exists() for name in named)


def is_plain_file(word: str) -> bool:
    """Tell whether a word is the path of a file inside the project, by its looks."""
    bare = word.partition("::")[0]
    has_suffix = posixpath.splitext(bare)[1] in (".py", ".ipynb", ".rst", ".md", ".txt", *SETTINGS)
    return has_suffix and not bare.startswith(("/", "~")) and not set(bare) & set("*?{}$")
