"""Who imports whom in a project: read from the source, and by name, so that a file that would be found counts too."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_DYNAMIC = frozenset(
    {"import_module", "__import__", "load_module", "exec_module", "entry_points", "iter_entry_points", "walk_packages"}
    | {
        "iter_modules",
        "resolve_name",
        "spec_from_file_location",
        "run_path",
        "run_module",
        "load_setuptools_entrypoints",
        "importorskip",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Imports:
    """The dotted names that one file imports, relative ones already resolved; `dynamic`: it imports by others too."""

    names: frozenset[str]
    dynamic: bool


def imports_of(file: str, tree: Iterable[ast.AST]) -> Imports:
    """Return what a file imports anywhere, functions included, without what only type checkers see."""
    nodes = list(_running_nodes(tree))
    names = {name for node in nodes for name in imported_by(file, node) if name}
    return Imports(names=frozenset(names), dynamic=any(_name_of(node) in _DYNAMIC for node in nodes))


def imported_by(file: str, node: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a statement imports; empty ones too, for the root of the project."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(file, node)
        yield base
        yield from (f"{base}.{alias.name}".strip(".") for alias in node.names if alias.name != "*")


def _name_of(node: ast.AST) -> str:
    """Return the name of a variable or an attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _running_nodes(tree: Iterable[ast.AST]) -> Iterator[ast.AST]:
    waiting = list(tree)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def _base(file: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    folder = posixpath.dirname(file)
    for _ in range(node.level - 1):
        folder = posixpath.dirname(folder)
    return ".".join([*(part for part in folder.split("/") if part), *([node.module] if node.module else [])])


class Finder:
    """Finds the files of a project that a dotted name may mean, wherever on the search path their folder may be."""

    def __init__(self, files: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        for file in files:
            for name in _names(file):
                self._by_name.setdefault(name, []).append(file)

    def files(self, name: str) -> Iterator[str]:
        """Yield the files that importing a name runs: the module's own and those of the packages above it."""
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            yield from self._by_name.get(".".join(parts[:length]), ())


def _names(file: str) -> Iterator[str]:
    """Yield the names under which a file can be imported.

    >>> list(_names("src/a/b.py"))
    ['b', 'a.b', 'src.a.b']
    """
    stem = file.removesuffix(".py").removesuffix("/__init__")
    parts = stem.split("/")
    for start in range(len(parts) - 1, -1, -1):
        yield ".".join(parts[start:])


def edges(imports: Mapping[str, Imports], observed: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return the files that each file imports: as its source says, and as was seen when it ran.

    What was only seen counts for every file that imports by computed names: only the first importer runs a module.
    """
    finder = Finder(imports)
    found = {file: {target for name in one.names for target in finder.files(name)} for file, one in imports.items()}
    only_seen = _add_observed(found, observed)
    for file, one in imports.items():
        if one.dynamic:
            found[file] |= only_seen
    return {file: frozenset(targets - {file}) for file, targets in found.items()}


def _add_observed(found: dict[str, set[str]], observed: Iterable[tuple[str, str]]) -> set[str]:
    """Add the imports that were seen; return the targets of those that no source says."""
    only_seen: set[str] = set()
    for importer, target in observed:
        if importer and target not in found.setdefault(importer, set()):
            only_seen.add(target)
            found[importer].add(target)
    return only_seen


def closure(starts: Iterable[str], graph: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return the files that importing these runs, themselves included; conftest files above them too."""
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            waiting += [*graph.get(file, ()), *packages(file, graph)]
    return frozenset(reached)


def packages(file: str, known: Mapping[str, object] | Sequence[str]) -> Iterator[str]:
    """Yield the known `__init__.py` and `conftest.py` files that stand above a file."""
    folder = posixpath.dirname(file)
    while True:
        for name in ("__init__.py", "conftest.py"):
            above = posixpath.join(folder, name)
            if above in known and above != file:
                yield above
        if not folder:
            return
        folder = posixpath.dirname(folder)
