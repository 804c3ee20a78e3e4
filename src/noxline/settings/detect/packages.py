"""Find packages and modules on disk."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass

from noxline.settings.detect.tree import Tree

# Folders at a project's root that are by custom not its package (the list of setuptools' discovery, and a few more).
NOT_SOURCE = {
    "benchmark", "benchmarks", "bench", "bin", "changelog", "ci", "demo", "demos", "doc", "docs", "documentation",
    "example", "examples", "exercise", "exercises", "fabfile", "fuzz", "htmlcov", "manpages", "misc", "news",
    "newsfragments", "performance", "requirements", "samples", "script", "scripts", "site_scons", "task", "tasks",
    "test", "testing", "tests", "tools", "unit_test", "unit_tests", "unittests", "t", "typing",
    "downstream",
}  # fmt: skip
# Files at a project's root that drive tools.
NOT_MODULES = {"setup", "conftest", "noxfile", "tasks", "fabfile", "dodo", "toxfile", "hatch_build", "build", "manage"}
ROOTS = ("src", "", "lib", "python", "source")
TEST_MODULE = re.compile(r"(test.*|.*_?tests?|run_?tests?)$")


@dataclass(frozen=True)
class Package:
    """A package's folder (or a module's file), relative to the root, and its import name."""

    path: str
    module: str


def import_name(name: str) -> str:
    """Return the import name that a distribution's name suggests."""
    return re.sub(r"[-\s]+", "_", name)


def find_named(tree: Tree, name: str, roots: tuple[str, ...] = ROOTS) -> Package | None:
    """Find the package or module that is named like the distribution, dots being folders."""
    wanted = import_name(name)
    spellings = dict.fromkeys([wanted, wanted.lower(), wanted.replace("_", "."), wanted.lower().replace("_", "."),
                               wanted.lower().removeprefix("python_"), wanted.lower().replace("_", "")])  # fmt: skip
    for spelling in spellings:
        for root in roots:
            if found := find_module(tree, spelling, root):
                return found
    return None


def find_module(tree: Tree, module: str, root: str = "") -> Package | None:
    """Find a module by its import name below a folder."""
    path = posixpath.join(root, module.replace(".", "/"))
    if holds_python(tree, path):
        return Package(path, module)
    return Package(f"{path}.py", module) if tree.has(f"{path}.py") else None


def holds_python(tree: Tree, folder: str) -> bool:
    """Tell whether a folder is a package: it holds Python files, at some depth."""
    if not folder or not tree.has_folder(folder):
        return False
    start = f"{folder}/"
    return any(name.startswith(start) for name in tree.python_files)


def packages_in(tree: Tree, where: str, exclude: tuple[str, ...] = ()) -> list[Package]:
    """Return the packages in a folder, and in `src` the single modules too; by custom other folders are left out."""
    start = f"{where}/" if where and where != "." else ""
    below = [name[len(start) :].partition("/") for name in tree.python_files if name.startswith(start)]
    tops = dict.fromkeys(first + slash for first, slash, _ in below if not is_excluded(first, exclude))
    return [package for top in tops if (package := top_package(tree, start, top))]


def is_excluded(name: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a name matches one of the patterns."""
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def top_package(tree: Tree, start: str, top: str) -> Package | None:
    """Return the package that a folder (`name/`) or a file below `start` is; None when it is none."""
    if top.endswith("/"):
        name = top.rstrip("/")
        return Package(start + name, name) if is_package(tree, start + name, nested=bool(start)) else None
    module = top.removesuffix(".py")
    return Package(start + top, module) if start and not TEST_MODULE.match(module) else None


def is_package(tree: Tree, path: str, *, nested: bool) -> bool:
    """Tell whether a folder counts as a package; at the root it needs an `__init__.py` and a plausible name."""
    name = posixpath.basename(path)
    if nested:
        return name not in ("test", "tests")
    return name not in NOT_SOURCE and tree.has(f"{path}/__init__.py")


def root_modules(tree: Tree) -> list[Package]:
    """Return the single modules at the root, files that drive tools and tests left out."""
    names = [name[:-3] for name in tree.python_files if "/" not in name]
    kept = [n for n in names if n not in NOT_MODULES and not TEST_MODULE.match(n) and not n.startswith("test_")]
    return [Package(f"{name}.py", name) for name in kept]
