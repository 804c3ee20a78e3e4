"""What the project says about itself: name, backend, Pythons, dependencies and extras."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from noxline.settings.detect.poetry import poetry_extras, poetry_main, poetry_python
from noxline.settings.detect.requirements import canonical
from noxline.settings.detect.setup_script import SetupScript, read_setup_script
from noxline.settings.detect.toml_source import as_strings
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

LEGACY = "setuptools.build_meta:__legacy__"
NOWHERE = Origin(file="")
SELF_EXTRA = re.compile(r"([A-Za-z0-9._-]+)\s*\[([^\]]+)\]")


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The project's own statements, each with its place."""

    name: str
    backend: str
    backend_requires: tuple[str, ...]
    backend_path: tuple[str, ...]
    installable: bool
    requires_python: str
    classifiers: tuple[str, ...]
    dependencies: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]
    script: SetupScript
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def extra_requirements(self, name: str, seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Return the requirements of an extra, its references to other extras of the project resolved."""
        wanted = canonical(name)
        own = next((reqs for key, reqs in self.extras.items() if canonical(key) == wanted), ())
        found: list[str] = []
        for requirement in own:
            parts = self.own_extras(requirement) if wanted not in seen else ()
            for part in parts:
                found += self.extra_requirements(part, seen | {wanted})
            found += [] if parts else [requirement]
        return tuple(dict.fromkeys(found))

    def own_extras(self, requirement: str) -> tuple[str, ...]:
        """Return the extras of the project itself that a requirement refers to."""
        match = SELF_EXTRA.match(requirement)
        if not match or canonical(match[1]) != canonical(self.name):
            return ()
        return tuple(part.strip() for part in match[2].split(","))


def read_metadata(tree: Tree) -> Metadata:
    """Read the metadata, from pyproject.toml first, then setup.cfg, then setup.py."""
    script = read_setup_script(tree)
    name, name_origin = read_name(tree, script)
    python, python_origin = read_python(tree, script)
    classifiers, classifiers_origin = read_classifiers(tree, script)
    pyproject = tree.pyproject
    backend = pyproject.string("build-system", "build-backend") or LEGACY
    return Metadata(
        name=name,
        backend=backend,
        backend_requires=pyproject.strings("build-system", "requires"),
        backend_path=pyproject.strings("build-system", "backend-path"),
        installable=is_installable(tree),
        requires_python=python,
        classifiers=classifiers,
        dependencies=read_dependencies(tree, script),
        extras=read_extras(tree, script),
        script=script,
        origins={
            "name": name_origin,
            "backend": backend_origin(tree),
            "requires-python": python_origin,
            "classifiers": classifiers_origin,
        },
    )


def is_installable(tree: Tree) -> bool:
    """Tell whether the folder can be installed as a distribution."""
    pyproject = tree.pyproject
    if pyproject.get("tool", "uv", "package") is False or pyproject.get("tool", "poetry", "package-mode") is False:
        return False
    if pyproject.get("tool", "pdm", "distribution") is False:
        return False
    if tree.has("setup.py") or tree.setup_cfg.value("metadata", "name"):
        return True
    described = pyproject.table("project") or pyproject.string("tool", "poetry", "name") or is_flit(tree)
    return bool(described) and bool(pyproject.table("build-system"))


def is_flit(tree: Tree) -> bool:
    """Tell whether the metadata are in flit's own, old table."""
    return bool(tree.pyproject.table("tool", "flit", "metadata"))


def backend_origin(tree: Tree) -> Origin:
    """Return where the build backend is named."""
    if tree.pyproject.table("build-system"):
        return tree.pyproject.origin("build-system", "build-backend")
    return Origin(file=tree.first("setup.py", "setup.cfg", "pyproject.toml"))


def read_name(tree: Tree, script: SetupScript) -> tuple[str, Origin]:
    """Return the project's name; that of its folder when no file says one."""
    pyproject, cfg = tree.pyproject, tree.setup_cfg
    for path in (("project", "name"), ("tool", "poetry", "name"), ("tool", "flit", "metadata", "module")):
        if name := pyproject.string(*path):
            return name, pyproject.origin(*path)
    if name := cfg.value("metadata", "name"):
        return name, cfg.origin("metadata", "name")
    if name := script.string("name"):
        return name, script.origin("name")
    return tree.root.resolve().name, Origin(file=".")


def read_python(tree: Tree, script: SetupScript) -> tuple[str, Origin]:
    """Return the bound on Python, as a PEP 440 specifier."""
    pyproject, cfg = tree.pyproject, tree.setup_cfg
    for path in (("project", "requires-python"), ("tool", "flit", "metadata", "requires-python")):
        if text := pyproject.string(*path):
            return text, pyproject.origin(*path)
    if text := poetry_python(pyproject):
        return text, pyproject.origin("tool", "poetry", "dependencies", "python")
    if text := cfg.value("options", "python_requires"):
        return text.replace("\n", ""), cfg.origin("options", "python_requires")
    if text := script.string("python_requires"):
        return text, script.origin("python_requires")
    return "", NOWHERE


def read_classifiers(tree: Tree, script: SetupScript) -> tuple[tuple[str, ...], Origin]:
    """Return the trove classifiers."""
    pyproject, cfg = tree.pyproject, tree.setup_cfg
    for path in (("project",), ("tool", "poetry"), ("tool", "flit", "metadata")):
        if found := pyproject.strings(*path, "classifiers"):
            return found, pyproject.origin(*path, "classifiers")
    if entry := cfg.entry("metadata", "classifiers", "classifier"):
        return tuple(entry.value.splitlines()), cfg.origin("metadata", "classifiers")
    return script.strings("classifiers"), script.origin("classifiers")


def read_dependencies(tree: Tree, script: SetupScript) -> tuple[str, ...]:
    """Return the project's own run-time dependencies."""
    pyproject = tree.pyproject
    return (
        pyproject.strings("project", "dependencies")
        or poetry_main(pyproject)
        or tuple(tree.setup_cfg.value("options", "install_requires").splitlines())
        or script.strings("install_requires")
    )


def read_extras(tree: Tree, script: SetupScript) -> dict[str, tuple[str, ...]]:
    """Return the project's extras."""
    pyproject, section = tree.pyproject, "options.extras_require"
    declared = pyproject.table("project", "optional-dependencies") or pyproject.table(
        "tool", "flit", "metadata", "requires-extra"
    )
    found = {name: as_strings(value) for name, value in declared.items()}
    entries = tree.setup_cfg.sections.get(section, {})
    configured = {name: tuple(entry.value.splitlines()) for name, entry in entries.items()}
    return found or poetry_extras(pyproject) or configured or dict(script.table("extras_require"))


def extra_origin(tree: Tree, script: SetupScript, name: str) -> Origin:
    """Return where an extra is declared."""
    pyproject = tree.pyproject
    for path in (("project", "optional-dependencies"), ("tool", "poetry", "extras")):
        if name in pyproject.table(*path):
            return pyproject.origin(*path, name)
    if tree.setup_cfg.entry("options.extras_require", name):
        return tree.setup_cfg.origin("options.extras_require", name)
    return script.origin("extras_require")
