"""Guess from their imports what the tests of a project need that declares nothing."""

from __future__ import annotations

import ast
import posixpath
import sys
from collections.abc import Sequence

from noxline.settings.detect.requirements import canonical, distributions
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.test_plugins import used_plugins
from noxline.settings.detect.tree import Tree

# Import names that are not the name of the distribution they come from.
DISTRIBUTIONS = {
    "attr": "attrs", "bs4": "beautifulsoup4", "Crypto": "pycryptodome", "dateutil": "python-dateutil",
    "cv2": "opencv-python", "docx": "python-docx", "dotenv": "python-dotenv", "git": "GitPython",
    "jwt": "PyJWT", "OpenSSL": "pyOpenSSL", "PIL": "Pillow", "pkg_resources": "setuptools",
    "serial": "pyserial", "sklearn": "scikit-learn", "yaml": "PyYAML", "zmq": "pyzmq",
    "_pytest": "pytest", "magic": "python-magic", "MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary",
}  # fmt: skip


def imported_requirements(known: Survey) -> tuple[str, ...]:
    """Return what test files import without any condition, and the plug-ins they use; nothing of the project's own."""
    tree = known.tree
    own = {package.module.partition(".")[0] for package in known.layout.packages}
    own |= {part for name in tree.python_files for part in (*name.split("/")[:-1], posixpath.basename(name)[:-3])}
    brought = distributions(known.metadata.dependencies)
    modules = [read_module(tree, name) for name in test_modules(known)]
    names = {name for module in modules for name in top_names(module.body)}
    wanted = {DISTRIBUTIONS.get(name, name) for name in names - own - sys.stdlib_module_names}
    return tuple(sorted(name for name in wanted | set(used_plugins(modules)) if canonical(name) not in brought))


def optional_requirements(known: Survey) -> tuple[str, ...]:
    """Return the extras without which some module of the project or of its tests cannot be imported at all.

    An import inside a function or a `try` is no reason: its tests skip themselves, as where nobody installs the extra.
    """
    tree = known.tree
    sources = tuple(package.path for package in known.layout.packages)
    files = [name for name in tree.python_files if name.startswith(sources)]
    modules = [read_module(tree, name) for name in (*files, *test_modules(known))]
    names = {name for module in modules for name in top_names(module.body)}
    imported = {canonical(DISTRIBUTIONS.get(name, name)) for name in names}
    extras = [known.metadata.extra_requirements(extra) for extra in known.metadata.extras]
    used = [requirements for requirements in extras if distributions(requirements) & imported]
    return tuple(dict.fromkeys(item for requirements in used for item in requirements))


def test_modules(known: Survey) -> tuple[str, ...]:
    """Return the test files and the files of fixtures."""
    conftests = (name for name in known.tree.python_files if posixpath.basename(name) == "conftest.py")
    return (*known.test_files, *conftests)


test_modules.__test__ = False  # type: ignore[attr-defined]  # pytest reads this mark where tests import the function


def read_module(tree: Tree, name: str) -> ast.Module:
    """Return the syntax tree of a file; an empty one when it cannot be read."""
    try:
        return ast.parse(tree.text(name))
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])  # collecting the file will say so


def top_names(nodes: Sequence[ast.stmt]) -> set[str]:
    """Return the first parts of the names that import statements among these name."""
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names} - {""}
