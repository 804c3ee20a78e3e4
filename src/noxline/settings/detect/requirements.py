"""Requirement strings and requirement files: names, loosening, markers."""

from __future__ import annotations

import posixpath
import re

from noxline.settings.detect.tree import Tree

REQUIREMENT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*([^;]*?)\s*(?:;\s*(.*))?$")
EGG = re.compile(r"#egg=([A-Za-z0-9._-]+)")
INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")


def canonical(name: str) -> str:
    """Return the normalised name of a distribution (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distribution(requirement: str) -> str:
    """Return the normalised name that a requirement asks for; empty for a path, a bare URL or an option."""
    text = requirement.strip()
    if "://" in text.split(" ", 1)[0] or text.startswith(("git+", "-", ".", "/")):
        egg = EGG.search(text)
        return canonical(egg[1]) if egg else ""
    match = REQUIREMENT.match(text)
    return canonical(match[1]) if match else ""


def distributions(requirements: tuple[str, ...]) -> set[str]:
    """Return the names that requirements ask for."""
    return {name for name in map(distribution, requirements) if name}


def loosen(requirements: tuple[str, ...]) -> tuple[str, ...]:
    """Take versions and addresses out of requirements; extras and markers stay, paths and options go."""
    loose = (loosen_one(requirement) for requirement in requirements)
    return tuple(dict.fromkeys(item for item in loose if item))


def loosen_one(requirement: str) -> str:
    """Return a requirement without its version; empty when only a path or an option is left."""
    name = distribution(requirement)
    match = REQUIREMENT.match(requirement.strip())
    if not name or not match or canonical(match[1]) != name:
        return name
    marker = f"; {match[4]}" if match[4] else ""
    return f"{match[1]}{match[2] or ''}{marker}"


def is_exact(requirement: str) -> bool:
    """Tell whether a requirement asks for one version or one address only, which an index may not have."""
    return "==" in requirement.partition(";")[0] or "://" in requirement


def with_marker(requirement: str, marker: str) -> str:
    """Add an environment marker to a requirement."""
    if not marker:
        return requirement
    bare, _, own = requirement.partition(";")
    both = f"({own.strip()}) and ({marker})" if own.strip() else marker
    return f"{bare.strip()}; {both}"


def read_requirements(tree: Tree, name: str, seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the requirements of a file and of the files it includes; other options are left out."""
    if name in seen:
        return ()
    found: list[str] = []
    for line in re.sub(r"\\\n", " ", tree.text(name)).splitlines():
        text = re.sub(r"(^|\s)#.*$", "", line).strip()
        text = re.sub(r"\s--(?:hash|config-settings|global-option)[ =]\S+", "", text).strip()
        if include := INCLUDE.match(text):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), include[1]))
            found += read_requirements(tree, path, seen | {name})
        elif text and not text.startswith("-"):
            found.append(text)
    return tuple(found)
