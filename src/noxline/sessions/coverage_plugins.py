"""The plug-ins that the project's coverage settings name: without one of them coverage measures nothing at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from noxline.sessions.coverage_settings import project_settings
from noxline.sessions.files import listed_files
from noxline.sessions.install import install_first
from noxline.settings.facts import Install, Origin, ProjectFacts

if TYPE_CHECKING:
    import nox

_ORIGIN = Origin(file="coverage's settings", key="plugins")


def install_plugins(session: nox.Session, facts: ProjectFacts) -> None:
    """Install the plug-ins that nothing else brought; those that cannot be had are told of and left out."""
    for plugin in absent_plugins(facts, Path(session.bin)):
        step = Install(kind="args", args=(distribution_of(plugin),), origin=_ORIGIN)
        install_first(session, ((step,), ()), root=facts.root)


def absent_plugins(facts: ProjectFacts, bin_folder: Path) -> tuple[str, ...]:
    """Return the plug-ins that neither the environment nor the project itself holds."""
    configured = project_settings(facts.root).plugins
    absent = [name for name in configured if not has_module(bin_folder, name.partition(".")[0])]
    if not absent:
        return ()
    own = {part.removesuffix(".py") for file in listed_files(facts.root) for part in file.split("/")}
    return tuple(name for name in absent if name.partition(".")[0] not in own)


def distribution_of(plugin: str) -> str:
    """Return the distribution that a plug-in's module comes from, by the custom of naming one after the other.

    >>> distribution_of("coverage_conditional_plugin.sub")
    'coverage-conditional-plugin'
    """
    return plugin.partition(".")[0].replace("_", "-")


def has_module(bin_folder: Path, name: str) -> bool:
    """Tell whether a module of that name is installed in the environment around a folder of programs."""
    environment = bin_folder.parent
    packages = (*environment.glob("lib/python*/site-packages"), environment / "Lib" / "site-packages")
    return any((folder / name).is_dir() or any(folder.glob(f"{name}.*")) for folder in packages)
