"""Which Python versions the project supports: its bound, narrowed by what it says it tests."""

from __future__ import annotations

import re

from noxline.settings.detect.metadata import Metadata
from noxline.settings.detect.tox import ToxConfig
from noxline.settings.facts import Origin

KNOWN = tuple(range(8, 15))
CLASSIFIER = re.compile(r"Programming Language :: Python :: 3\.(\d+)\s*$")
FACTOR = re.compile(r"(?:py|python)?3\.?(\d+)$")


def find_pythons(metadata: Metadata, tox: ToxConfig | None) -> tuple[tuple[str, ...], Origin]:
    """Return the versions ("3.12"), oldest first, and where they were read; none when the project declares none."""
    classified = minors(CLASSIFIER, metadata.classifiers)
    declared = classified | tested_minors(tox)
    if metadata.requires_python:
        allowed = [minor for minor in KNOWN if allows(metadata.requires_python, minor)]
        return versions(narrowed(allowed, declared)), metadata.origins["requires-python"]
    known = [minor for minor in KNOWN if minor in declared]
    if not known:
        return (), Origin(file="")
    return versions(known), metadata.origins["classifiers"] if classified or not tox else tox.origin()


def narrowed(allowed: list[int], declared: set[int]) -> list[int]:
    """Return the allowed minor versions between the first and the last that is declared; all when none of them is."""
    if not declared & set(allowed):
        return allowed
    return [minor for minor in allowed if min(declared) <= minor <= max(declared)]


def versions(minors_of_3: list[int]) -> tuple[str, ...]:
    """Return minor versions of Python 3 as versions: "3.12"."""
    return tuple(f"3.{minor}" for minor in minors_of_3)


def tested_minors(tox: ToxConfig | None) -> set[int]:
    """Return the minor versions that tox's list of environments names."""
    names = tox.env_list if tox else ()
    return minors(FACTOR, tuple(factor for name in names for factor in name.split("-")))


def minors(pattern: re.Pattern[str], texts: tuple[str, ...]) -> set[int]:
    """Return the minor versions of Python 3 that texts name."""
    return {int(found[1]) for text in texts if (found := pattern.match(text.strip()))}


def allows(specifier: str, minor: int) -> bool:
    """Tell whether a specifier lets in any release of a minor version; one that cannot be read lets in all."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        bound = SpecifierSet(specifier)
    except InvalidSpecifier:
        return True  # installing the project will say so, with the tool's own words
    return any(f"3.{minor}.{patch}" in bound for patch in (0, 99))
