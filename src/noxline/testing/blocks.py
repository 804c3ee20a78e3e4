"""Cut Python source into blocks: what each function does, and all the rest of its module, each with a digest.

A function's block is its body only. Its name, decorators, parameters with defaults, annotations and docstring belong to
the block around it, up to the module's; so do class bodies, lambdas and comprehensions. Comments and formatting count
for nothing.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

MODULE = ""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One block: its name inside the file ("" is the module), its digest, the lines of its nodes in order.

    A line on which a statement begins is given as its negative. Equal digests have equally many places.
    """

    name: str
    digest: str
    places: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The blocks of one file, the module first; `nodes` are the statements of each block, without what it nests.

    `parameters` are the names of each block's own parameters.
    """

    blocks: tuple[Block, ...]
    nodes: tuple[Sequence[ast.stmt], ...]
    parameters: tuple[frozenset[str], ...]
    lines: Mapping[int, tuple[int, ...]]

    def owners(self, line: int) -> tuple[int, ...]:
        """Return the numbers of the blocks that a line belongs to: several where they share it."""
        return self.lines.get(line, (0,))


def read_source(text: str | bytes) -> Source:
    """Return the blocks of a file; raise SyntaxError or ValueError for what is no Python.

    >>> [block.name for block in read_source("def f(): return 1\\nclass A:\\n    def g(self): pass").blocks]
    ['', 'f', 'A.g']
    """
    cutter = _Cutter()
    cutter.cut(MODULE, ast.parse(text).body)
    blocks = tuple(block for block in cutter.blocks if block is not None)
    return Source(blocks=blocks, nodes=tuple(cutter.nodes), parameters=tuple(cutter.parameters), lines=cutter.lines)


class _Cutter:
    def __init__(self) -> None:
        self.blocks: list[Block | None] = []
        self.nodes: list[Sequence[ast.stmt]] = []
        self.parameters: list[frozenset[str]] = []
        self.lines: dict[int, tuple[int, ...]] = {}
        self._names: Counter[str] = Counter()

    def cut(self, name: str, body: Sequence[ast.stmt], parameters: frozenset[str] = frozenset()) -> None:
        """Make a block of these statements, and of each function in them one of its own."""
        number = len(self.blocks)
        self.blocks.append(None)
        self.nodes.append(body)
        self.parameters.append(parameters)
        for node in body:
            self._cut_inside(node, f"{name}." if name else "")
        self._names[name] += 1
        count = self._names[name]
        dumped = "\n".join(ast.dump(node, annotate_fields=False) for node in body)
        self.blocks[number] = Block(
            name=f"{name}#{count}" if count > 1 else name,
            digest=sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest()[:32],
            places=tuple(_places(body)),
        )

    def _cut_inside(self, node: ast.AST, prefix: str) -> None:
        if isinstance(node, _Function):
            docstring, rest = _split(node.body)
            self._paint(len(self.blocks), rest or docstring, shared=_head_lines(node, docstring))
            node.body = docstring
            self.cut(prefix + node.name, rest, _parameters(node.args))
            return
        inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
        for child in ast.iter_child_nodes(node):
            self._cut_inside(child, inner)

    def _paint(self, number: int, body: Sequence[ast.stmt], *, shared: range) -> None:
        """Note the lines of a block; those in `shared` belong to the block around it as well."""
        for line in range(body[0].lineno, (body[-1].end_lineno or 0) + 1):
            self.lines[line] = (*self.lines.get(line, (0,)), number) if line in shared else (number,)


def _parameters(args: ast.arguments) -> frozenset[str]:
    return frozenset(node.arg for node in ast.walk(args) if isinstance(node, ast.arg))


def _split(body: list[ast.stmt]) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Return the docstring, as a list of none or one, and the rest."""
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[:1], body[1:]
    return [], body


def _head_lines(node: _Function, docstring: Sequence[ast.stmt]) -> range:
    """Return the lines of what comes before a function's body; a function that has none is seen on its docstring."""
    last = node.lineno
    for part in (node.args, node.returns, *docstring):
        for inner in ast.walk(part) if part else ():
            last = max(last, getattr(inner, "end_lineno", None) or 0)
    return range(node.lineno, last + 1)


def _places(body: Iterable[ast.stmt]) -> Iterator[int]:
    for statement in body:
        for node in ast.walk(statement):
            line = getattr(node, "lineno", None)
            if isinstance(line, int):
                yield -line if isinstance(node, ast.stmt) else line


def moved(old: Block, new: Block) -> dict[int, tuple[int, ...]] | None:
    """Return where the lines of an unchanged block are now; None where statements of one line were torn apart."""
    found: dict[int, dict[int, None]] = {}
    statements: dict[int, set[int]] = {}
    for before, after in zip(old.places, new.places, strict=True):
        found.setdefault(abs(before), {})[abs(after)] = None
        if before < 0:
            statements.setdefault(-before, set()).add(-after)
    if any(len(lines) > 1 for lines in statements.values()):
        return None
    return {line: tuple(sorted(after)) for line, after in found.items()}
