"""Where the package's own source lies: what the build backend names, else what the folders look like."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Literal

from noxline.settings.detect.declared_packages import declared_packages
from noxline.settings.detect.metadata import Metadata, read_metadata
from noxline.settings.detect.packages import Package, find_named, packages_in, root_modules
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

Kind = Literal["src", "flat", "module", "scripts"]
SOURCE_ROOTS = ("src", "lib", "python", "source")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The own packages and modules, and the members of a workspace that are installed beside the project."""

    kind: Kind
    packages: tuple[Package, ...]
    members: tuple[str, ...]
    origin: Origin


def find_layout(tree: Tree, metadata: Metadata) -> Layout:
    """Return where the own source lies, the members of a workspace included."""
    packages, origin = own_packages(tree, metadata)
    members = workspace_members(tree)
    for member in members:
        inner = Tree(tree.root / member)
        found, _ = own_packages(inner, read_metadata(inner))
        packages += [Package(posixpath.join(member, package.path), package.module) for package in found]
    if members and not origin.file:
        origin = tree.pyproject.origin("tool", "uv", "workspace", "members")
    unique = tuple(dict.fromkeys(packages))
    described = metadata.installable or bool(members) or bool(tree.pyproject.table("project"))
    return Layout(kind=kind_of(unique, described=described), packages=unique, members=members, origin=origin)


def own_packages(tree: Tree, metadata: Metadata) -> tuple[list[Package], Origin]:
    """Return the packages of one distribution: declared, else named like it, else whatever is there."""
    declared, origin = declared_packages(tree, metadata)
    if declared:
        return declared, origin
    named = find_named(tree, metadata.name)
    if tree.has_folder("src") and (inside := packages_in(tree, "src")):
        return ([named] if named and "." in named.module else inside), Origin(file="src")
    if named:
        return [named], Origin(file=named.path)
    return any_packages(tree)


def any_packages(tree: Tree) -> tuple[list[Package], Origin]:
    """Return the packages of the first folder that holds any; else the single modules at the root."""
    for where in ("", *SOURCE_ROOTS):
        if inside := packages_in(tree, where):
            return inside, Origin(file=where or ".")
    modules = root_modules(tree)
    return modules, Origin(file=modules[0].path if modules else "")


def kind_of(packages: tuple[Package, ...], *, described: bool) -> Kind:
    """Name the layout."""
    if not described:
        return "scripts"
    if packages and all(package.path.endswith(".py") and "/" not in package.path for package in packages):
        return "module"
    return "src" if packages and all(set(p.path.split("/")) & set(SOURCE_ROOTS) for p in packages) else "flat"


def workspace_members(tree: Tree) -> tuple[str, ...]:
    """Return the folders of a uv workspace's members, relative to the root."""
    pyproject = tree.pyproject
    left_out = {
        path for pattern in pyproject.strings("tool", "uv", "workspace", "exclude") for path in folders(tree, pattern)
    }
    patterns = pyproject.strings("tool", "uv", "workspace", "members")
    found = [path for pattern in patterns for path in folders(tree, pattern)]
    return tuple(dict.fromkeys(path for path in found if path not in left_out and path != "."))


def folders(tree: Tree, pattern: str) -> list[str]:
    """Return the folders that a pattern names and that hold a pyproject.toml."""
    found = sorted(tree.root.glob(pattern.rstrip("/"))) if pattern else []
    return [path.relative_to(tree.root).as_posix() for path in found if (path / "pyproject.toml").is_file()]
