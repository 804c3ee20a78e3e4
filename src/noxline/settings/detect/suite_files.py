"""Which files and folders hold tests."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable

from noxline.settings.detect.layout import Layout
from noxline.settings.detect.tree import Tree

NAMED = re.compile(r"(test.*|.*_tests?|.*tests?)\.py$", re.IGNORECASE)
INSIDE = re.compile(r"(test_.*|.*_tests?|tests)\.py$", re.IGNORECASE)
HOLDS = re.compile(r"^\s*(?:async\s+)?def\s+(?:test|load_tests)|^\s*class\s+\w*Test|\bTestCase\b", re.MULTILINE)
FRAMEWORK = re.compile(r"^\s*(?:import|from)\s+(?:unittest|pytest)\b", re.MULTILINE)
TEST_FUNCTION = re.compile(r"^\s*(?:async\s+)?def\s+test_\w+\(", re.MULTILINE)
LOAD_TESTS = re.compile(r"^def\s+load_tests\b", re.MULTILINE)
FOLDER_NAMES = {"test", "tests", "testing", "unittests", "unit_tests", "t"}
# Folders below tests whose Python files are material for tests.
MATERIAL = {"fixtures", "data", "testdata", "test_data", "resources", "samples", "snapshots", "cassettes", "files"}
NOT_TESTS = {
    "doc", "docs", "docs_src", "example", "examples", "vendor", "_vendor", "vendored", "third_party", "bench",
    "benchmark", "benchmarks", "fuzz", "fuzzing", "tools", "scripts", "performance", "downstream",
}  # fmt: skip


def find_test_files(tree: Tree, layout: Layout, skipped: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return all files that look like tests; `skipped` are patterns of folders that the project leaves out."""
    candidates = [name for name in tree.python_files if NAMED.match(posixpath.basename(name))]
    plausible = [name for name in candidates if not is_outside(name, skipped)]
    own = tuple(f"{package.path}/" for package in layout.packages)
    return tuple(name for name in plausible if holds_tests(tree, name, among_source=is_among_source(name, own)))


def is_among_source(name: str, own: tuple[str, ...]) -> bool:
    """Tell whether a file lies in an own package without a folder for tests around it."""
    return name.startswith(own) and not set(name.split("/")[:-1]) & FOLDER_NAMES


def holds_tests(tree: Tree, name: str, *, among_source: bool) -> bool:
    """Tell whether a file holds tests; among the source, where names mislead, more is asked."""
    text = tree.text(name)
    if not among_source:
        return bool(HOLDS.search(text))
    is_named = bool(INSIDE.match(posixpath.basename(name)))
    return is_named and bool(FRAMEWORK.search(text)) and bool(TEST_FUNCTION.search(text))


def is_outside(name: str, skipped: tuple[str, ...]) -> bool:
    """Tell whether a file lies in a folder where no tests are looked for."""
    folders = name.split("/")[:-1]
    if set(folders) & (MATERIAL | NOT_TESTS):
        return True
    return any(fnmatch.fnmatch(folder, pattern) for folder in folders for pattern in skipped)


def find_test_dirs(files: tuple[str, ...], layout: Layout, declared: tuple[str, ...], tree: Tree) -> tuple[str, ...]:
    """Return the folders that hold tests, and the test files that lie among the source or at the root."""
    own = {package.path for package in layout.packages}
    found = [path for path in declared if tree.has_folder(path) and not is_source(path, own)]
    for name in files:
        if not is_below(name, found):
            found.append(top_test_folder(name, own))
    return tuple(dict.fromkeys(filter(None, found)))


def is_below(name: str, paths: Iterable[str]) -> bool:
    """Tell whether a file is one of these paths or lies below one."""
    return any(name == path or name.startswith(f"{path}/") for path in paths)


def is_source(path: str, own: set[str]) -> bool:
    """Tell whether a path is a source folder or one above it."""
    return path in ("", ".") or any(package == path or package.startswith(f"{path}/") for package in own)


def top_test_folder(name: str, own: set[str]) -> str:
    """Return the outermost folder of a test file that holds tests alone; the file itself when there is none."""
    folders = name.split("/")[:-1]
    for depth, folder in enumerate(folders, 1):
        path = "/".join(folders[:depth])
        if folder in FOLDER_NAMES and path not in own and not is_source(path, own):
            return path
    inside = any(name.startswith(f"{package}/") for package in own)
    return name if inside or not folders or is_source(folders[0], own) else folders[0]


def has_load_tests(tree: Tree, files: tuple[str, ...]) -> bool:
    """Tell whether some test files assemble their own suite, which pytest does not honour."""
    return any(LOAD_TESTS.search(tree.text(name)) for name in files)


def uses_pytest(tree: Tree, files: tuple[str, ...]) -> bool:
    """Tell whether some test files need pytest."""
    conftests = [name for name in tree.python_files if posixpath.basename(name) == "conftest.py"]
    return bool(conftests) or any(
        re.search(r"^\s*(import|from) pytest\b", tree.text(name), re.MULTILINE) for name in files
    )
