"""The command that a `test` command written in setup.py starts, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from noxline.settings.detect.scripts import Script
from noxline.settings.detect.setup_script import NAME, assigned_names, is_setup, keywords, mapping_items
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin


def setup_test_script(tree: Tree) -> tuple[Script, ...]:
    """Return what `python setup.py test` starts with the same interpreter, when setup.py defines that command."""
    try:
        module = ast.parse(tree.text(NAME)) if tree.has(NAME) else ast.Module([], [])
    except (SyntaxError, ValueError):
        # A script for another Python tells nothing; the other files may.
        return ()
    name = command_class(module)
    found = next((node for node in ast.walk(module) if isinstance(node, ast.ClassDef) and node.name == name), None)
    lines = tuple((argv, Origin(file=NAME, line=line, key=name)) for argv, line in started(found)) if found else ()
    return (Script(tool="setup.py", name="test", lines=lines),) if lines else ()


def command_class(module: ast.Module) -> str:
    """Return the name of the class that `cmdclass` gives for `test`; empty when there is none."""
    names = assigned_names(module)
    call = next((node for node in ast.walk(module) if is_setup(node)), None)
    given = dict(keywords(call, names)).get("cmdclass") if isinstance(call, ast.Call) else None
    value = dict(mapping_items(resolved(given, names))).get("test")
    return value.id if isinstance(value, ast.Name) else ""


def resolved(node: ast.expr | None, names: Mapping[str, ast.expr]) -> ast.expr | None:
    """Return the expression that a name stands for; any other expression as it is."""
    return names.get(node.id) if isinstance(node, ast.Name) else node


def started(command: ast.ClassDef) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the command lines, written as lists, that begin with the running interpreter."""
    for node in ast.walk(command):
        if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
            continue
        if ast.unparse(node.elts[0]) != "sys.executable":
            continue
        words = [word.value for word in node.elts[1:] if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if len(words) == len(node.elts) - 1:
            yield ("python", *words), node.lineno
