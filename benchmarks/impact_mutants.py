"""Mutants for impact.py: one place of one file is changed; which kinds of places there are, what becomes of them."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from noxline.settings.facts import ProjectFacts

KINDS = ("body", "default", "decorator", "constant", "class", "docstring", "data")


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    kind: str
    file: str
    text: bytes
    line: int


class Mutants:
    """All places of a project that can be mutated, by kind."""

    def __init__(self, facts: ProjectFacts) -> None:
        root = self._root = facts.root
        self._places: dict[str, list[tuple[str, ast.AST | None]]] = {kind: [] for kind in KINDS}
        for file in source_files(facts):
            for kind, node in places(ast.parse((root / file).read_bytes())):
                self._places[kind].append((file, node))
        self._places["data"] = [(file, None) for file in data_files(facts)]
        self._made: set[tuple[str, bytes]] = set()

    def next(self, kind: str, dice: random.Random) -> Mutant | None:
        """Return a mutant of a kind that was not made before; None when there seems to be no more."""
        for _ in range(40 if self._places[kind] else 0):
            file, node = dice.choice(self._places[kind])
            content = (self._root / file).read_bytes()
            made = mutated(content, node, dice) if node is not None else damaged(content, dice)
            if made is not None and (file, made) not in self._made:
                self._made.add((file, made))
                return Mutant(kind, file, made, getattr(node, "lineno", 0))
        return None


def source_files(facts: ProjectFacts) -> list[str]:
    """Return the Python files of the package."""
    found = []
    for source in facts.sources:
        path = facts.root / source
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            name = file.relative_to(facts.root).as_posix()
            if not any(name.startswith(f"{folder}/") for folder in facts.test_dirs):
                found.append(name)
    return found


def data_files(facts: ProjectFacts) -> list[str]:
    """Return the files among sources and tests that are no Python, nor made by Python."""
    folders = [facts.root / name for name in (*facts.sources, *facts.test_dirs)]
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file() and not _made(path)}
    return sorted(path.relative_to(facts.root).as_posix() for path in found)


def _made(path: Path) -> bool:
    return path.suffix in (".py", ".pyc", ".so") or ".egg-info" in str(path) or path.stat().st_size == 0


def places(tree: ast.AST, kind: str = "constant") -> Iterator[tuple[str, ast.AST]]:
    """Yield what can be mutated, with the kind of place it is in, one of KINDS."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (("decorator", decorator) for decorator in node.decorator_list)
            yield from _defaults(node)
            rest = node.body
            if ast.get_docstring(node):
                yield "docstring", node.body[0].value
                rest = rest[1:]
            yield from places(ast.Module(rest, []), "body")
            continue
        if isinstance(node, ast.ClassDef):
            yield from (("decorator", decorator) for decorator in node.decorator_list)
            if ast.get_docstring(node):
                yield "docstring", node.body[0].value
            yield from places(ast.Module(node.body, []), "class")
            continue
        if isinstance(node, _MUTABLE) and not (isinstance(tree, ast.Expr) and isinstance(node, ast.Constant)):
            yield kind, node
        yield from places(node, kind)


def _defaults(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.AST]]:
    for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)):
        yield "default", default


_STATEMENTS = (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise)
_EXPRESSIONS = (ast.Constant, ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List)
_MUTABLE = (*_STATEMENTS, *_EXPRESSIONS, ast.Return, ast.If, ast.While)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.GtE, ast.Is, ast.In)
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.BitOr)


def mutated(content: bytes, node: ast.AST, dice: random.Random) -> bytes | None:
    """Return the file with this node changed; None when there is no change to make."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Constant):
        new.value = another(new.value, dice)
    elif isinstance(new, ast.Compare):
        new.ops[0] = dice.choice([op for op in _COMPARISONS if not isinstance(new.ops[0], op)])()
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
    elif isinstance(new, ast.BinOp):
        new.op = dice.choice([op for op in _OPERATORS if not isinstance(new.op, op)])()
    elif isinstance(new, ast.Tuple | ast.List) and len(new.elts) > 1 and isinstance(new.ctx, ast.Load):
        del new.elts[dice.randrange(len(new.elts))]
    elif isinstance(new, ast.Return):
        new.value = ast.Constant(None) if new.value is not None else ast.Constant(1)
    else:
        return exchanged(content, node, dice)
    return replaced(content, node, ast.unparse(new))


def exchanged(content: bytes, node: ast.AST, dice: random.Random) -> bytes | None:
    """Return the file with this node replaced by another one."""
    if isinstance(node, ast.If | ast.While):
        return replaced(content, node.test, f"not ({ast.unparse(node.test)})")
    if isinstance(node, ast.UnaryOp):
        return replaced(content, node, ast.unparse(node.operand))
    if isinstance(node, _STATEMENTS):
        return replaced(content, node, "pass")
    # A decorator, or a default that is no constant.
    return replaced(content, node, dice.choice(("(lambda decorated, *_: decorated)", "(lambda *_: None)")))


def another(value: object, dice: random.Random) -> object:
    """Return another constant of the same type; the same where there is none."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + dice.choice((1, -1))
    if isinstance(value, str):
        return dice.choice(("XX" + value, value[1:]))
    return b"XX" + value if isinstance(value, bytes) else value


def damaged(content: bytes, dice: random.Random) -> bytes | None:
    """Return data with one byte changed."""
    cut = dice.randrange(len(content)) if content else 0
    made = content[:cut] + dice.choice((b"~", b"", b"x\n")) + content[cut + 1 :]
    return made if made != content else None


def replaced(content: bytes, node: ast.AST, text: str) -> bytes | None:
    """Return the file with the node's text replaced; None where that is no Python any more, or the same."""
    lines = content.splitlines(keepends=True)
    before = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    after = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.UnaryOp):
        text = f"({text})"
    made = content[:before] + text.encode() + content[after:]
    try:
        return made if ast.dump(ast.parse(made)) != ast.dump(ast.parse(content)) else None
    except (SyntaxError, ValueError):
        return None


def edited_function(content: bytes, dice: random.Random) -> tuple[bytes, int] | None:
    """Return a file with a statement more in the body of one of its functions, and a line of this body."""
    tree = ast.parse(content)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not found:
        return None
    function = dice.choice(found)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body or isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return None  # nothing but a docstring, or a name that a decorator may stand before
    made = with_line_before(content, body[0], "__noxline_edit__ = 1")
    try:
        ast.parse(made)
    except SyntaxError:
        return None
    return made, body[0].lineno


def with_line_before(content: bytes, node: ast.stmt, text: str) -> bytes:
    """Return the file with a statement before another one, on its line."""
    lines: Sequence[bytes] = content.splitlines(keepends=True)
    place = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    indent = lines[node.lineno - 1][: node.col_offset]
    if indent.strip():  # several statements on one line
        return content[:place] + text.encode() + b"; " + content[place:]
    return content[:place] + text.encode() + b"\n" + indent + content[place:]
