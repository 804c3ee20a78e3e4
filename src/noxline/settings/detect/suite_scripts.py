"""Test files that run themselves: they call `main()` as soon as they are imported, so nothing can collect them."""

from __future__ import annotations

import ast
import posixpath

from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin, Runner, TestCommand

MAIN = {"unittest.main", "main", "unittest2.main"}


def self_running(tree: Tree, files: tuple[str, ...]) -> tuple[tuple[TestCommand, ...], str]:
    """Return a command for each test file that is a script, and the folder they are run in; none when no file is one.

    Such scripts look for their material, and for the package, relative to the folder that they lie in.
    """
    if not any(runs_when_imported(tree.text(name)) for name in files):
        return (), ""
    folders = {posixpath.dirname(name) for name in files}
    directory = folders.pop() if len(folders) == 1 else ""
    return tuple(script_command(tree, name, directory) for name in files), directory


def script_command(tree: Tree, name: str, directory: str) -> TestCommand:
    """Return the command of one file: as a script when it ends in `main()`, else by unittest's loader."""
    path = posixpath.relpath(name, directory) if directory else name
    words = (path,) if calls_main(ast_of(tree.text(name))) else ("-m", "unittest", path)
    runner = Runner.SCRIPT if len(words) == 1 else Runner.UNITTEST
    return TestCommand(argv=("python", *words), runner=runner, origin=Origin(file=name))


def runs_when_imported(text: str) -> bool:
    """Tell whether a module calls unittest's `main()` without asking whether it is the main module."""
    return any(is_main(statement) for statement in ast_of(text).body)


def calls_main(module: ast.Module) -> bool:
    """Tell whether a module calls unittest's `main()` when it is run, whatever the condition."""
    inner = [inside for statement in module.body if isinstance(statement, ast.If) for inside in statement.body]
    return any(is_main(statement) for statement in (*module.body, *inner))


def is_main(node: ast.AST) -> bool:
    """Tell whether a statement is a bare call of `main()`."""
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return is_call and ast.unparse(node.value.func) in MAIN  # type: ignore[attr-defined]  # it is a call's


def ast_of(text: str) -> ast.Module:
    """Return the syntax tree of a module; an empty one when it cannot be read."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])  # running the file will say so
