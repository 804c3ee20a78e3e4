"""Read lock files: what uv's covers, and the exact versions in those of the other tools."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from noxline.errors import ConfigError
from noxline.settings.detect.requirements import canonical, distribution, with_marker
from noxline.settings.detect.toml_source import as_strings
from noxline.settings.detect.tree import Tree
from noxline.settings.locate import parse_toml

# The hashes are by far the greatest part of a lock file, and nothing here needs them.
FILES = re.compile(r"^(?:files|wheels) = \[\n(?:.*\n)*?\]\n", re.MULTILINE)
OWN_SOURCE = re.compile(r'^source = \{ (?:editable|virtual|directory) = "\." \}', re.MULTILINE)
MAIN = "main"


def uv_lock_covers(tree: Tree, groups: tuple[str, ...], extras: tuple[str, ...]) -> bool:
    """Tell whether uv.lock holds these groups and extras of the project."""
    own = next((part for part in tree.text("uv.lock").split("[[package]]") if OWN_SOURCE.search(part)), "")
    return bool(own) and all(
        has_key(own, table, name)
        for table, names in (("dev-dependencies", groups), ("optional-dependencies", extras))
        for name in names
    )


def has_key(own: str, table: str, name: str) -> bool:
    """Tell whether a table of a package in uv.lock has a key."""
    _, _, rest = own.partition(f"[package.{table}]\n")
    inside = rest.split("\n[", 1)[0]
    return bool(re.search(rf'^"?{re.escape(canonical(name))}"? = \[', inside, re.MULTILINE))


def locked_version(tree: Tree, name: str) -> str:
    """Return the version of a distribution that a lock file holds; empty when none does."""
    pattern = re.compile(rf'^name = "{re.escape(name)}"\nversion = "([^"]+)"', re.MULTILINE)
    for file in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"):
        if found := pattern.search(tree.text(file)):
            return found[1]
    return ""


def packages(tree: Tree, name: str) -> list[Mapping[str, Any]]:
    """Return the packages of a lock file in TOML, without their hashes."""
    data = parse_toml(FILES.sub("", tree.text(name)), name)
    listed = data.get("package", data.get("packages"))
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []


def poetry_pins(tree: Tree, groups: frozenset[str], roots: tuple[str, ...]) -> tuple[str, ...]:
    """Return the versions that poetry.lock holds for the main group and the named ones.

    Lock files before poetry 2.1 do not say which group a package belongs to: there what the requirements `roots`
    reach is taken.
    """
    listed = packages(tree, "poetry.lock")
    if any("groups" in package for package in listed):
        wanted = groups | {MAIN}
        chosen = [p for p in listed if wanted & set(as_strings(p.get("groups"))) and not p.get("optional")]
        return tuple(pin(package, poetry_marker(package, wanted)) for package in chosen)
    return reached_pins(listed, roots)


def poetry_marker(package: Mapping[str, Any], groups: frozenset[str]) -> str:
    """Return the marker of a package, which may differ between groups."""
    markers = package.get("markers", "")
    if not isinstance(markers, Mapping):
        return str(markers)
    if any(name not in markers for name in set(as_strings(package.get("groups"))) & groups):
        return ""
    return " or ".join(f"({markers[name]})" for name in sorted(groups) if name in markers)


def reached_pins(listed: list[Mapping[str, Any]], roots: tuple[str, ...]) -> tuple[str, ...]:
    """Return the pins of all packages that requirements reach; one with several versions is left open."""
    versions: dict[str, list[Mapping[str, Any]]] = {}
    for package in listed:
        versions.setdefault(canonical(str(package.get("name", ""))), []).append(package)
    found = reached_markers(versions, [(distribution(root), root.partition(";")[2].strip()) for root in roots])
    return tuple(reached_pin(versions[name], markers) for name, markers in sorted(found.items()))


def reached_markers(
    versions: Mapping[str, list[Mapping[str, Any]]], waiting: list[tuple[str, str]]
) -> dict[str, set[str]]:
    """Return the markers under which each package is reached from names with markers."""
    found: dict[str, set[str]] = {}
    while waiting:
        name, marker = waiting.pop()
        if name not in versions or marker in found.get(name, ()):
            continue
        if name not in found:
            waiting += [edge for package in versions[name] for edge in edges(package)]
        found.setdefault(name, set()).add(marker)
    return found


def reached_pin(packages_of_name: list[Mapping[str, Any]], markers: set[str]) -> str:
    """Return the pin of a package that was reached under these markers."""
    marker = "" if "" in markers else " or ".join(f"({text})" for text in sorted(markers))
    only = packages_of_name[0]
    return pin(only, marker) if len(packages_of_name) == 1 else with_marker(str(only["name"]), marker)


def edges(package: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield what a package of an old poetry.lock depends on, with the marker of each."""
    table = package.get("dependencies")
    for name, spec in table.items() if isinstance(table, Mapping) else ():
        for item in spec if isinstance(spec, list) else [spec]:
            if not isinstance(item, Mapping):
                yield canonical(name), ""
            elif not item.get("optional"):
                yield canonical(name), str(item.get("markers", ""))


def pdm_pins(tree: Tree, groups: frozenset[str]) -> tuple[str, ...]:
    """Return the versions that pdm.lock holds for the default group and the named ones."""
    wanted = groups | {"default"}
    chosen = [p for p in packages(tree, "pdm.lock") if wanted & set(as_strings(p.get("groups"))) or "groups" not in p]
    return tuple(dict.fromkeys(pin(package, str(package.get("marker", ""))) for package in chosen))


def pylock_pins(tree: Tree, name: str) -> tuple[str, ...]:
    """Return the versions that a pylock file (PEP 751) holds; markers over groups and extras are taken as true."""
    chosen = [p for p in packages(tree, name) if "version" in p and "directory" not in p]
    markers = [str(p.get("marker", "")) for p in chosen]
    plain = ["" if re.search(r"\b(dependency_groups|extras)\b", marker) else marker for marker in markers]
    return tuple(pin(package, marker) for package, marker in zip(chosen, plain, strict=True))


def pin(package: Mapping[str, Any], marker: str) -> str:
    """Return the exact requirement for a package of a lock file, or its address when it comes from one."""
    name, source = str(package.get("name", "")), package.get("source")
    address = package.get("git") or (
        source.get("url") if isinstance(source, Mapping) and source.get("type") == "git" else ""
    )
    if address:
        revision = package.get("revision") or (source or {}).get("resolved_reference", "")
        return with_marker(f"{name} @ git+{address}{'@' if revision else ''}{revision}", marker)
    return with_marker(f"{name}=={package.get('version')}", marker)


def pipfile_pins(tree: Tree) -> tuple[str, ...]:
    """Return the versions that Pipfile.lock holds, those for development included."""
    try:
        data = json.loads(tree.text("Pipfile.lock"))
    except ValueError as error:
        message, line = f"Pipfile.lock is not valid JSON: {error}", getattr(error, "lineno", 1)
        raise ConfigError(message, place=f"Pipfile.lock:{line}", hint="make it again with `pipenv lock`") from error
    found: list[str] = []
    for section in ("default", "develop"):
        for name, spec in data.get(section, {}).items():
            if "version" in spec:
                extras = f"[{','.join(spec['extras'])}]" if spec.get("extras") else ""
                found.append(with_marker(f"{name}{extras}{spec['version']}", str(spec.get("markers", ""))))
    return tuple(dict.fromkeys(found))
