"""The layers, sizes and promises of the design, held by tests."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from noxline.errors import PRECEDENCE, ExitCode, NoxlineError

SOURCE = Path(__file__).parents[1] / "src" / "noxline"
# Lowest first; a module imports from lower layers or from its own package only.
LAYERS = (
    ("injected",),
    ("errors", "version"),
    ("model",),
    ("ports",),
    ("graph", "selection", "graph_render"),
    ("system",),
    ("inputs",),
    ("engine",),
    ("testing", "audit"),
    ("settings",),
    ("nox_bridge",),
    ("sessions",),
    ("executors", "cache", "metrics", "gates", "reports"),
    ("assembly", "project", "state", "splits", "flaky"),
    ("input_check", "split_records", "impact_travel"),
    ("requests", "lessons"),
    ("definitions", "last_seen", "results", "tree_outputs"),
    ("environments", "started", "impact_travel"),
    ("fingerprints", "verification", "flaky_again"),
    ("reuse",),
    ("preview", "shard_reuse", "replay_terms", "sharing"),
    ("explaining",),
    ("running", "narrowing"),
    ("wiring_reuse",),
    ("watching",),
    ("wiring",),
    ("warm",),
    ("cli",),
    ("__main__",),
)
# Adapter packages on one layer do not see each other; these pairs of single modules may.
SAME_LAYER = {("selection", "graph"), ("graph_render", "graph"), ("splits", "state"), ("flaky", "state")}
STAND_ALONE = {"injected"}  # put on the path of other interpreters: imports nothing of noxline
MAX_MODULE, MAX_FUNCTION, MAX_MEDIAN, MAX_POSITIONAL = 300, 50, 10, 5

MODULES = sorted(path for path in SOURCE.rglob("*.py"))
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return ".".join(("noxline", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def level_of(part: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if part in layer)


NAMES = frozenset(name_of(module) for module in MODULES)


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Return every module of noxline that a file imports, lazily or not, with the line."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name.split(".")[0] == "noxline")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "noxline":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield (full if full in NAMES else str(node.module)), node.lineno


def functions(path: Path) -> Iterator[FunctionNode]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, FunctionNode):
            yield node


def length(node: FunctionNode) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_lower_layers(path: Path) -> None:
    module = name_of(path)
    part = part_of(module)
    if part in STAND_ALONE:
        assert not imports(path)
        return
    for target, line in imports(path):
        if target == "noxline":
            assert part == "", f"{path}:{line} imports the package root"
            continue
        other = part_of(target)
        fine = other == part or level_of(other) < level_of(part) or (part, other) in SAME_LAYER
        assert fine, f"{path}:{line} ({part}) imports {target}, which is not on a lower layer"


def test_no_import_cycles() -> None:
    edges = {name_of(path): {target for target, _ in imports(path)} for path in MODULES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for target in edges.get(module, ()):
                visit(target, (*trail, module))
            done.add(module)

    for module in edges:
        visit(module, ())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_sizes_and_docstrings(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_MODULE, f"{path} has {lines} lines"
    assert ast.get_docstring(tree_of(path)), f"{path} has no docstring"
    for node in functions(path):
        assert length(node) <= MAX_FUNCTION, f"{path}:{node.lineno} {node.name} has {length(node)} lines"
        positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in ("self", "cls")]
        assert len(positional) <= MAX_POSITIONAL, f"{path}:{node.lineno} {node.name} takes {positional}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_public_names_have_docstrings(path: Path) -> None:
    for node in tree_of(path).body:
        if isinstance(node, FunctionNode | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}:{node.lineno} {node.name} has no docstring"
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, FunctionNode) and not inner.name.startswith("_"):
                    assert ast.get_docstring(inner), f"{path}:{inner.lineno} {inner.name} has no docstring"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_booleans_are_keyword_only(path: Path) -> None:
    for node in functions(path):
        for argument in (*node.args.posonlyargs, *node.args.args):
            is_bool = isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool"
            assert not is_bool, f"{path}:{node.lineno} {node.name}({argument.arg}) is a positional boolean"


def test_median_function_is_short() -> None:
    lengths = [length(node) for path in MODULES for node in functions(path)]
    assert statistics.median(lengths) <= MAX_MEDIAN


def test_exit_codes_are_distinct_and_ordered() -> None:
    assert len({int(code) for code in ExitCode}) == len(ExitCode)
    assert set(PRECEDENCE) == set(ExitCode)
    assert [int(code) for code in PRECEDENCE] == [130, 5, 2, 1, 3, 4, 0]


def test_every_error_names_a_documented_exit_code() -> None:
    families = [NoxlineError]
    while families:
        family = families.pop()
        assert isinstance(family.exit_code, ExitCode)
        families += family.__subclasses__()


def test_only_the_command_line_exits() -> None:
    # A forked child must not return into what its parent was about to do.
    allowed = {SOURCE / "cli" / "main.py", SOURCE / "__main__.py", SOURCE / "warm" / "beside.py"}
    for path in MODULES:
        if path in allowed or part_of(name_of(path)) in STAND_ALONE:
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                target = node.func.value
                is_exit = isinstance(target, ast.Name) and (target.id, node.func.attr) in {
                    ("sys", "exit"),
                    ("os", "_exit"),
                }
                stand_alone = any(
                    isinstance(n, ast.If) and "__main__" in ast.unparse(n.test) for n in tree_of(path).body
                )
                assert not is_exit or stand_alone, f"{path}:{node.lineno} exits the process"
