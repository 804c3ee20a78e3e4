"""Read from a noxfile's syntax tree which command its tests run; a hint, since such a project runs its own sessions."""

from __future__ import annotations

import ast

from noxline.settings.detect.scripts import Script
from noxline.settings.detect.setup_script import called_name
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

NAME = "noxfile.py"


def nox_scripts(tree: Tree) -> tuple[Script, ...]:
    """Return the commands of each session whose name speaks of tests."""
    if not tree.has(NAME):
        return ()
    try:
        module = ast.parse(tree.text(NAME))
    except (SyntaxError, ValueError):
        return ()  # nox itself will say so, with the place
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    sessions = [node for node in functions if "test" in node.name.lower() and node.decorator_list]
    return tuple(Script(tool="nox", name=node.name, lines=tuple(run_lines(node))) for node in sessions)


def run_lines(function: ast.FunctionDef) -> list[tuple[tuple[str, ...], Origin]]:
    """Return what a session passes to `session.run`, as far as it is literal."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and called_name(node) == "run"]
    found = []
    for call in sorted(calls, key=lambda node: node.lineno):
        words = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if words:
            found.append((tuple(words), Origin(file=NAME, line=call.lineno, key=function.name)))
    return found
