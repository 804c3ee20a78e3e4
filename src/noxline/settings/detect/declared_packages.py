"""Which packages the build backend is told to build."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from noxline.settings.detect.ini_source import Entry
from noxline.settings.detect.metadata import Metadata
from noxline.settings.detect.packages import Package, find_module, find_named, holds_python, packages_in
from noxline.settings.detect.setup_script import Find
from noxline.settings.detect.toml_source import as_strings
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

Found = tuple[list[Package], Origin]
TESTS = ("test", "tests")
NOTHING: Found = ([], Origin(file=""))


def declared_packages(tree: Tree, metadata: Metadata) -> Found:
    """Return the packages that the backend is told of, and where; empty when it finds them by itself."""
    readers: tuple[Callable[[Tree, Metadata], Found], ...] = (
        flit, poetry, hatch, uv_build, pdm, maturin, scikit_build, setuptools_toml, setuptools_cfg, setup_script,
    )  # fmt: skip
    results = (reader(tree, metadata) for reader in readers)
    return next((found for found in results if found[0]), NOTHING)


def named_at(tree: Tree, path: tuple[str, ...], names: tuple[str, ...], roots: tuple[str, ...]) -> Found:
    """Return the packages with these import names, the first root that has each, and the place that names them."""
    found = [next((p for root in roots if (p := find_module(tree, name, root))), None) for name in names if name]
    return [package for package in found if package], tree.pyproject.origin(*path)


def at_paths(tree: Tree, path: tuple[str, ...], folders: tuple[str, ...]) -> Found:
    """Return the packages at these paths of the project, and the place that names them."""
    found = []
    for folder in folders:
        bare = folder.strip("/").removeprefix("./").removesuffix("/**").removesuffix("/*")
        if tree.has(bare) and bare.endswith(".py"):
            found.append(Package(bare, posixpath.basename(bare)[:-3]))
        elif bare == "src":
            found += packages_in(tree, "src")
        elif holds_python(tree, bare):
            found.append(Package(bare, bare.removeprefix("src/").replace("/", ".")))
    return found, tree.pyproject.origin(*path)


def flit(tree: Tree, metadata: Metadata) -> Found:
    """Read flit's module name; without one it is the project's."""
    for path in (("tool", "flit", "module", "name"), ("tool", "flit", "metadata", "module")):
        if name := tree.pyproject.string(*path):
            return named_at(tree, path, (name,), ("src", ""))
    if metadata.backend.startswith("flit") and (package := find_named(tree, metadata.name, ("src", ""))):
        return [package], tree.pyproject.origin("project", "name")
    return NOTHING


def poetry(tree: Tree, metadata: Metadata) -> Found:
    """Read poetry's packages; without any it is the project's name, in `src` or at the root."""
    path = ("tool", "poetry", "packages")
    listed = tree.pyproject.get(*path)
    found: list[Package] = []
    for item in listed if isinstance(listed, list) else []:
        module = poetry_package(tree, item) if isinstance(item, Mapping) else None
        found += [module] if module else []
    if not found and metadata.backend.startswith("poetry") and (package := find_named(tree, metadata.name)):
        return [package], tree.pyproject.origin("tool", "poetry", "name")
    return found, tree.pyproject.origin(*path)


def poetry_package(tree: Tree, item: Mapping[str, object]) -> Package | None:
    """Return the package that an entry of poetry's list includes; none for tests."""
    include = str(item.get("include", ""))
    if not include or "test" in include:
        return None
    bare = include.removesuffix("/**/*.py").removesuffix("/*.py").removesuffix(".py")
    return find_module(tree, bare.replace("/", "."), str(item.get("from", "")))


def hatch(tree: Tree, _: Metadata) -> Found:
    """Read what hatch puts into wheels."""
    for target in (("targets", "wheel"), ()):
        for key in ("packages", "only-include", "include", "only-packages"):
            path = ("tool", "hatch", "build", *target, key)
            folders = tuple(f for f in tree.pyproject.strings(*path) if "test" not in f.split("/")[-1])
            if (found := at_paths(tree, path, folders))[0]:
                return found
    return NOTHING


def uv_build(tree: Tree, metadata: Metadata) -> Found:
    """Read uv's own backend: a module name, `src` as its root by default."""
    base = ("tool", "uv", "build-backend")
    names = tree.pyproject.strings(*base, "module-name")
    root = tree.pyproject.get(*base, "module-root")
    roots = (root,) if isinstance(root, str) else ("src",)
    if names:
        return named_at(tree, (*base, "module-name"), names, roots)
    if metadata.backend == "uv_build" and (package := find_named(tree, metadata.name, roots)):
        return [package], tree.pyproject.origin("build-system", "build-backend")
    return NOTHING


def pdm(tree: Tree, _: Metadata) -> Found:
    """Read what pdm's backend builds."""
    base = ("tool", "pdm", "build")
    if (found := at_paths(tree, (*base, "includes"), tree.pyproject.strings(*base, "includes")))[0]:
        return found
    where = tree.pyproject.string(*base, "package-dir")
    return (packages_in(tree, where), tree.pyproject.origin(*base, "package-dir")) if where else NOTHING


def maturin(tree: Tree, metadata: Metadata) -> Found:
    """Read where maturin's Python source lies."""
    base = ("tool", "maturin")
    where = tree.pyproject.string(*base, "python-source")
    if not where:
        return NOTHING
    module = tree.pyproject.string(*base, "module-name").split(".")[0]
    package = find_module(tree, module, where) if module else find_named(tree, metadata.name, (where,))
    return ([package] if package else packages_in(tree, where)), tree.pyproject.origin(*base, "python-source")


def scikit_build(tree: Tree, _: Metadata) -> Found:
    """Read scikit-build-core's packages."""
    path = ("tool", "scikit-build", "wheel", "packages")
    return at_paths(tree, path, tree.pyproject.strings(*path))


def setuptools_toml(tree: Tree, _: Metadata) -> Found:
    """Read setuptools' table of pyproject.toml."""
    base = ("tool", "setuptools")
    pyproject = tree.pyproject
    directories = {str(k): str(v) for k, v in pyproject.table(*base, "package-dir").items()}
    packages = pyproject.get(*base, "packages")
    modules = pyproject.strings(*base, "py-modules")
    if isinstance(packages, Mapping):
        find = packages.get("find") or packages.get("find-namespace") or {}
        kept = found_by_setuptools(tree, find, directories.get("", "."))
        return kept + listed(tree, (), modules, directories), pyproject.origin(*base, "packages")
    key = "packages" if packages else "py-modules"
    return listed(tree, as_strings(packages), modules, directories), pyproject.origin(*base, key)


def found_by_setuptools(tree: Tree, find: Mapping[str, object], default: str) -> list[Package]:
    """Return the packages that the discovery of setuptools finds with these arguments."""
    wheres = as_strings(find.get("where")) or (default,)
    left_out = as_strings(find.get("exclude"))
    found = [package for where in wheres for package in packages_in(tree, where, left_out)]
    starts = tuple(pattern.split("*")[0].rstrip(".") for pattern in as_strings(find.get("include")))
    return [package for package in found if package.module.startswith(starts or ("",))]


def setuptools_cfg(tree: Tree, _: Metadata) -> Found:
    """Read setup.cfg."""
    cfg = tree.setup_cfg
    entry, modules = cfg.entry("options", "packages"), cfg.entry("options", "py_modules")
    if not entry and not modules:
        return NOTHING
    pairs = [word.partition("=") for word in cfg.value("options", "package_dir", "package-dir").splitlines()]
    directories = {key.strip(): value.strip() for key, _, value in pairs}
    names = words(modules)
    if not entry or not entry.value.startswith("find"):
        key = "packages" if entry else "py_modules"
        return listed(tree, words(entry), names, directories), cfg.origin("options", key)
    where = cfg.value("options.packages.find", "where") or directories.get("", ".")
    found = packages_in(tree, where, words(cfg.entry("options.packages.find", "exclude")))
    return found + listed(tree, (), names, directories), cfg.origin("options", "packages")


def words(entry: Entry | None) -> tuple[str, ...]:
    """Return the words of an entry that may not be there."""
    return entry.words if entry else ()


def setup_script(tree: Tree, metadata: Metadata) -> Found:
    """Read the arguments of `setup()` in setup.py."""
    script = metadata.script
    packages = script.values.get("packages")
    raw = script.values.get("package_dir")
    directories = {str(k): str(v) for k, v in raw.items()} if isinstance(raw, dict) else {}
    found = listed(tree, script.strings("packages"), script.strings("py_modules"), directories)
    if isinstance(packages, Find):
        where = packages.where if packages.where != "." else directories.get("", ".")
        found += packages_in(tree, where, packages.exclude)
    return found, script.origin("packages" if packages else "py_modules")


def listed(
    tree: Tree, packages: tuple[str, ...], modules: tuple[str, ...], directories: Mapping[str, str]
) -> list[Package]:
    """Return packages and modules given by name, only the top one of each family, tests left out."""
    found: list[Package] = []
    for name in sorted(packages, key=len):
        if name.startswith(tuple(f"{package.module}." for package in found)) or name.split(".")[-1] in TESTS:
            continue
        package = package_named(tree, name, directories)
        found += [package] if package else []
    in_root = (find_module(tree, name, directories.get("", "")) for name in modules)
    return found + [package for package in in_root if package]


def package_named(tree: Tree, name: str, directories: Mapping[str, str]) -> Package | None:
    """Return the package of this import name, in a folder of its own or in the root of all, if it is there."""
    own = directories.get(name)
    package = Package(own.strip("./") or name, name) if own else find_module(tree, name, directories.get("", ""))
    return package if package and (tree.has_folder(package.path) or tree.has(package.path)) else None
