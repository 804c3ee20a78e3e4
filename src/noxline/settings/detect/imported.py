"""Guess from their imports what the tests of a project need that declares nothing."""

from __future__ import annotations

import ast
import posixpath
import sys

from noxline.settings.detect.requirements import canonical, distributions
from noxline.settings.detect.survey import Survey

# Import names that are not the name of the distribution they come from.
DISTRIBUTIONS = {
    "attr": "attrs", "bs4": "beautifulsoup4", "Crypto": "pycryptodome", "dateutil": "python-dateutil",
    "cv2": "opencv-python", "docx": "python-docx", "dotenv": "python-dotenv", "git": "GitPython",
    "jwt": "PyJWT", "OpenSSL": "pyOpenSSL", "PIL": "Pillow", "pkg_resources": "setuptools",
    "serial": "pyserial", "sklearn": "scikit-learn", "yaml": "PyYAML", "zmq": "pyzmq",
    "_pytest": "pytest", "magic": "python-magic", "MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary",
}  # fmt: skip


def imported_requirements(known: Survey) -> tuple[str, ...]:
    """Return the distributions that test files import without any condition, those of the project itself left out."""
    tree = known.tree
    conftests = [name for name in tree.python_files if posixpath.basename(name) == "conftest.py"]
    own = {package.module.partition(".")[0] for package in known.layout.packages}
    own |= {part for name in tree.python_files for part in (*name.split("/")[:-1], posixpath.basename(name)[:-3])}
    brought = distributions(known.metadata.dependencies)
    found: dict[str, None] = {}
    for name in (*known.test_files, *conftests):
        for module in unconditional_imports(tree.text(name)):
            distribution = DISTRIBUTIONS.get(module, module)
            if module not in own | sys.stdlib_module_names and canonical(distribution) not in brought:
                found[distribution] = None
    return tuple(sorted(found))


def unconditional_imports(text: str) -> set[str]:
    """Return the top names that a file imports at its top level, outside `try` and `if`."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return set()  # collecting the file will say so
    names = [alias.name for node in body if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in body if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names} - {""}
