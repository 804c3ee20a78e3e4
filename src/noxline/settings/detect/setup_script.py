"""Read what setup.py passes to `setup()`, by its syntax tree; it is never run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

NAME = "setup.py"


@dataclass(frozen=True)
class Find:
    """A call of `find_packages`: where it looks, and whether it takes namespace packages."""

    where: str
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetupScript:
    """The literal keywords of `setup()`, and the line of each."""

    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    line: int | None = None

    def string(self, key: str) -> str:
        """Return a keyword that is a string."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a keyword that is a list of strings, or a string of lines."""
        return flatten(self.values.get(key))

    def table(self, key: str) -> Mapping[str, tuple[str, ...]]:
        """Return a keyword that is a dictionary of lists."""
        value = self.values.get(key)
        return {str(k): flatten(v) for k, v in value.items()} if isinstance(value, dict) else {}

    def origin(self, key: str = "") -> Origin:
        """Return the place of a keyword, or of the call."""
        return Origin(file=NAME, line=self.lines.get(key, self.line), key=key)


def read_setup_script(tree: Tree) -> SetupScript:
    """Read setup.py; what cannot be known without running it is left out."""
    if not tree.has(NAME):
        return SetupScript()
    try:
        module = ast.parse(tree.text(NAME))
    except (SyntaxError, ValueError):
        # A script for another Python (2, or a newer one) tells nothing; the other files may.
        return SetupScript()
    names = assigned_names(module)
    call = next((node for node in ast.walk(module) if is_setup(node)), None)
    if not isinstance(call, ast.Call):
        return SetupScript()
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for key, node in keywords(call, names):
        value = evaluate(node, names)
        if value is not None:
            values[key], lines[key] = value, node.lineno
    return SetupScript(values, lines, call.lineno)


def is_setup(node: ast.AST) -> bool:
    """Tell whether a node is the call of `setup()`."""
    return isinstance(node, ast.Call) and called_name(node) == "setup"


def called_name(call: ast.Call) -> str:
    """Return the last part of the name that is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def keywords(call: ast.Call, names: Mapping[str, ast.expr]) -> list[tuple[str, ast.expr]]:
    """Return the keywords of a call, those of a `**dictionary` included."""
    found: list[tuple[str, ast.expr]] = []
    for keyword in call.keywords:
        if keyword.arg:
            found.append((keyword.arg, keyword.value))
            continue
        value = names.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else keyword.value
        found += mapping_items(value)
    return found


def mapping_items(node: ast.expr | None) -> list[tuple[str, ast.expr]]:
    """Return the items of a dictionary written as `{...}` or `dict(...)`."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [(k.value, v) for k, v in pairs if isinstance(k, ast.Constant) and isinstance(k.value, str)]
    if isinstance(node, ast.Call) and called_name(node) == "dict":
        return [(k.arg, k.value) for k in node.keywords if k.arg]
    return []


def assigned_names(module: ast.Module) -> dict[str, ast.expr]:
    """Map every name that is assigned in the script to its last expression."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            found.update({target.id: node.value for target in node.targets if isinstance(target, ast.Name)})
    return found


def evaluate(node: ast.expr, names: Mapping[str, ast.expr], depth: int = 0) -> object:
    """Return the value of a literal expression, with names and sums of lists looked up; None when unknown."""
    if depth > 8:
        return None
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in names:
            return evaluate(names[name], names, depth + 1)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return known_items(items, names, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return add(evaluate(left, names, depth + 1), evaluate(right, names, depth + 1))
        case ast.Dict() | ast.Call() if pairs := mapping_items(node):
            return {key: evaluate(value, names, depth + 1) for key, value in pairs}
        case ast.Call():
            return called_value(node, names, depth)
        case _:
            return None


def called_value(call: ast.Call, names: Mapping[str, ast.expr], depth: int) -> object:
    """Return what a call of a well-known function gives: the packages it finds, or in essence what it is given."""
    name = called_name(call)
    if name in ("find_packages", "find_namespace_packages"):
        return find_call(call, names)
    if name not in ("split", "splitlines", "strip", "dedent", "list", "tuple"):
        return None
    inner = [call.func.value] if isinstance(call.func, ast.Attribute) else call.args[:1]
    return evaluate(inner[0], names, depth + 1) if inner else None


def known_items(items: list[ast.expr], names: Mapping[str, ast.expr], depth: int) -> list[object]:
    """Return the values of the items of a list that are known."""
    values = [evaluate(item, names, depth + 1) for item in items]
    return [value for value in values if value is not None]


def add(left: object, right: object) -> object:
    """Add two known values of one kind; the known one when the other is unknown."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    return left if right is None else right if left is None else None


def find_call(call: ast.Call, names: Mapping[str, ast.expr]) -> Find:
    """Return where a call of `find_packages` looks."""
    given = {k.arg: evaluate(k.value, names) for k in call.keywords if k.arg}
    where = given.get("where") or (evaluate(call.args[0], names) if call.args else None)
    return Find(where if isinstance(where, str) else ".", flatten(given.get("exclude")))


def flatten(value: object) -> tuple[str, ...]:
    """Return the strings of a list, or the lines of a string."""
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
