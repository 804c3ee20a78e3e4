"""What is read once of a project and needed by every question about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from noxline.errors import UsageError
from noxline.settings.detect.layout import Layout, find_layout
from noxline.settings.detect.metadata import Metadata, read_metadata
from noxline.settings.detect.pytest_settings import PytestSettings, read_pytest_settings
from noxline.settings.detect.suite_files import find_test_dirs, find_test_files
from noxline.settings.detect.tox import ToxConfig
from noxline.settings.detect.tox_find import find_tox
from noxline.settings.detect.tree import Tree

MARKERS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "tox.ini",
    "noxfile.py",
    "pytest.ini",
    "requirements.txt",
    "Pipfile",
)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The files, metadata, layout and the settings of the tools that run tests."""

    tree: Tree
    metadata: Metadata
    layout: Layout
    tox: ToxConfig | None
    pytest: PytestSettings
    test_files: tuple[str, ...]
    test_dirs: tuple[str, ...]


def survey(root: Path) -> Survey:
    """Read a project; raise UsageError when the folder holds none."""
    tree = Tree(root)
    check_is_project(tree)
    metadata = read_metadata(tree)
    layout = find_layout(tree, metadata)
    pytest = read_pytest_settings(tree)
    files = find_test_files(tree, layout, pytest.norecursedirs)
    return Survey(
        tree=tree,
        metadata=metadata,
        layout=layout,
        tox=find_tox(tree),
        pytest=pytest,
        test_files=files,
        test_dirs=find_test_dirs(files, layout, pytest.testpaths, tree),
    )


def check_is_project(tree: Tree) -> None:
    """Raise UsageError when nothing in the folder speaks of Python."""
    if not tree.root.is_dir():
        raise UsageError(f"{tree.root} is not a directory", hint="give the folder of a Python project")
    if not tree.first(*MARKERS) and not tree.python_files:
        looked_for = ", ".join(MARKERS)
        hint = f"run noxline in the folder of a Python project (looked for {looked_for} and any .py file)"
        raise UsageError(f"{tree.root} is not a Python project", hint=hint)
