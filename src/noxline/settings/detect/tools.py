"""The other tools that the project configures: ruff, hooks, benchmarks."""

from __future__ import annotations

import ast
import posixpath
import re

from noxline.model.stage import NotApplicable
from noxline.settings.detect.groups import hatch_groups
from noxline.settings.detect.hook_config import hook_file
from noxline.settings.detect.requirements import distributions
from noxline.settings.detect.sources import all_groups, declared_sources, extra_groups, tox_deps
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.tool_installs import pinned_tool
from noxline.settings.facts import Origin, TestSuite, Tool

BENCHMARK_PLACE = re.compile(
    r"(^|/)(bench\w*|performance)/|(^|/)(test_bench|bench_?)[^/]*\.py$|(^|/)benchmarks?\.py$|_bench(mark)?\.py$"
)
PLUGIN = "pytest-benchmark"
# What a file must hold before it is worth parsing.
FIXTURE = re.compile(r"def\s+(?:test|bench)\w*\s*\([^)]*\bbenchmark\b")


def find_lint(known: Survey) -> Tool | NotApplicable:
    """Return ruff, when the project configures it."""
    tree = known.tree
    name = tree.first("ruff.toml", ".ruff.toml")
    if name:
        origin = Origin(file=name, line=1)
    elif tree.pyproject.get("tool", "ruff") is not None:
        origin = tree.pyproject.origin("tool", "ruff")
    else:
        return NotApplicable(reason="no ruff configuration")
    return Tool(name="ruff", command=("ruff",), installs=pinned_tool(known, "ruff", origin), origin=origin)


def find_hooks(known: Survey) -> Tool | NotApplicable:
    """Return the runner of the project's hooks."""
    name = hook_file(known.tree)
    if not name:
        return NotApplicable(reason="no hook configuration")
    origin = Origin(file=name, line=1)
    return Tool(name="prek", command=("prek",), installs=pinned_tool(known, "prek", origin), origin=origin)


def find_benchmarks(known: Survey, tests: TestSuite | NotApplicable) -> Tool | NotApplicable:
    """Return the benchmarks: the files in which a test takes pytest-benchmark's fixture, with what the tests need."""
    files = [name for name in known.tree.python_files if takes_fixture(known, name)]
    if not files:
        return NotApplicable(reason="no benchmarks: no test uses pytest-benchmark's fixture")
    declared = declared_names(known)
    if PLUGIN not in declared and "pytest-codspeed" in declared:
        return NotApplicable(reason="no benchmarks: the project's are for pytest-codspeed, not pytest-benchmark")
    origin = Origin(file=files[0], line=fixture_line(known, files[0]))
    suite = tests if isinstance(tests, TestSuite) else None
    return Tool(
        name="pytest",
        command=("pytest", *files),
        installs=(suite.sources[0] if suite else ()) + pinned_tool(known, PLUGIN, origin),
        origin=origin,
        needs_project=True,
        extras=suite.extras if suite else (),
    )


def declared_names(known: Survey) -> set[str]:
    """Return the names of all development dependencies that the project declares."""
    tree, metadata, tox = known.tree, known.metadata, known.tox
    groups = (*all_groups(tree).values(), *extra_groups(tree, metadata).values(), *hatch_groups(tree).values())
    listed = [group.requirements for group in groups]
    listed += [source.requirements for source in declared_sources(tree, metadata)]
    listed += [tox_deps(tree, tox.env(name).deps)[2] for name in ("py", *tox.sections)] if tox else []
    return {name for requirements in listed for name in distributions(requirements)}


def takes_fixture(known: Survey, name: str) -> bool:
    """Tell whether a file of tests or benchmarks has a test that takes the `benchmark` fixture."""
    is_candidate = name in known.test_files or BENCHMARK_PLACE.search(name)
    if not is_candidate or is_own_source(known, name) or not FIXTURE.search(known.tree.text(name)):
        return False
    return fixture_line(known, name) is not None


def is_own_source(known: Survey, name: str) -> bool:
    """Tell whether a file is part of the package."""
    return name not in known.test_files and any(name.startswith(f"{p.path}/") for p in known.layout.packages)


def fixture_line(known: Survey, name: str) -> int | None:
    """Return the line of the first test function that takes the fixture and is not given it by parametrisation."""
    try:
        module = ast.parse(known.tree.text(name))
    except (SyntaxError, ValueError):
        return None  # collecting the file will say so
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    if "benchmark" in [function.name for function in functions]:
        return None  # a fixture or a function of the file's own
    named = [function for function in functions if function.name.startswith(("test", "bench"))]
    takers = filter(takes_benchmark, named)
    return next((taker.lineno for taker in takers), None)


def takes_benchmark(function: ast.FunctionDef) -> bool:
    """Tell whether a function has an argument called like the fixture."""
    return "benchmark" in [argument.arg for argument in function.args.args]


def has_workflows(known: Survey) -> bool:
    """Tell whether the project has GitHub workflows."""
    folder = ".github/workflows"
    return any(posixpath.dirname(name) == folder and name.endswith((".yml", ".yaml")) for name in known.tree.files)
