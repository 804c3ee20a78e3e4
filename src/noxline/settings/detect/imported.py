"""Guess from their imports what the tests of a project need that declares nothing."""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from collections.abc import Sequence
from itertools import chain

from noxline.settings.detect.requirements import canonical, distributions
from noxline.settings.detect.suite_plugins import FIXTURES, used_plugins
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.tree import Tree

# Import names that are not the name of the distribution they come from.
DISTRIBUTIONS = {
    "attr": "attrs", "bs4": "beautifulsoup4", "Crypto": "pycryptodome", "dateutil": "python-dateutil",
    "cv2": "opencv-python", "docx": "python-docx", "dotenv": "python-dotenv", "git": "GitPython",
    "jwt": "PyJWT", "OpenSSL": "pyOpenSSL", "PIL": "Pillow", "pkg_resources": "setuptools",
    "serial": "pyserial", "sklearn": "scikit-learn", "yaml": "PyYAML", "zmq": "pyzmq",
    "_pytest": "pytest", "magic": "python-magic", "MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary",
}  # fmt: skip

# What a file must hold before it is worth parsing.
TELLING = re.compile(rf"\b(?:import|{'|'.join(FIXTURES)})\b")


def imported_requirements(known: Survey, modules: list[ast.Module]) -> tuple[str, ...]:
    """Return what test files import without any condition, and the plug-ins they use; nothing of the project's own."""
    foreign = imported_names(modules) - own_names(known) - sys.stdlib_module_names
    wanted = {DISTRIBUTIONS.get(name, name) for name in foreign}.union(used_plugins(modules))
    brought = distributions(known.metadata.dependencies)
    return tuple(sorted(name for name in wanted if canonical(name) not in brought))


def own_names(known: Survey) -> set[str]:
    """Return the names that an import may mean something of the project's own by."""
    own = {package.module.partition(".")[0] for package in known.layout.packages}
    return own.union(*(name.removesuffix(".py").split("/") for name in known.tree.python_files))


def imported_names(modules: list[ast.Module]) -> set[str]:
    """Return the first parts of all names that modules import without any condition."""
    return set[str]().union(*(top_names(module.body) for module in modules))


def optional_requirements(known: Survey, modules: list[ast.Module]) -> tuple[str, ...]:
    """Return the extras without which some module of the project or of its tests cannot be imported at all.

    An import inside a function or a `try` is no reason: its tests skip themselves, as where nobody installs the extra.
    """
    names = imported_names([*modules, *source_modules(known)])
    imported = {canonical(DISTRIBUTIONS.get(name, name)) for name in names}
    extras = [known.metadata.extra_requirements(extra) for extra in known.metadata.extras]
    used = [requirements for requirements in extras if distributions(requirements) & imported]
    return tuple(dict.fromkeys(chain.from_iterable(used)))


def suite_modules(known: Survey) -> list[ast.Module]:
    """Return the syntax trees of the test files and of the files of fixtures."""
    conftests = (name for name in known.tree.python_files if posixpath.basename(name) == "conftest.py")
    return [read_module(known.tree, name) for name in (*known.test_files, *conftests)]


def source_modules(known: Survey) -> list[ast.Module]:
    """Return the syntax trees of the project's own source."""
    sources = tuple(package.path for package in known.layout.packages)
    return [read_module(known.tree, name) for name in known.tree.python_files if name.startswith(sources)]


def read_module(tree: Tree, name: str) -> ast.Module:
    """Return the syntax tree of a file; an empty one when it cannot be read or tells nothing of what it needs."""
    text = tree.text(name)
    if not TELLING.search(text):
        return ast.Module(body=[], type_ignores=[])
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])  # collecting the file will say so


def top_names(nodes: Sequence[ast.stmt]) -> set[str]:
    """Return the first parts of the names that import statements among these name."""
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names} - {""}
