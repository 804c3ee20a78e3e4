"""Poetry's own tables: its version constraints turned into PEP 440, its groups into requirements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from noxline.settings.detect.requirements import canonical, with_marker
from noxline.settings.detect.toml_source import TomlFile, as_strings

BASE = ("tool", "poetry")


def poetry_groups(pyproject: TomlFile) -> tuple[str, ...]:
    """Return the names of poetry's dependency groups; the old `dev-dependencies` count as `dev`."""
    names = list(pyproject.table(*BASE, "group"))
    if pyproject.table(*BASE, "dev-dependencies") and "dev" not in names:
        names.append("dev")
    return tuple(names)


def group_path(pyproject: TomlFile, group: str) -> tuple[str, ...]:
    """Return the path of the table that a group's dependencies stand in."""
    if group in pyproject.table(*BASE, "group"):
        return (*BASE, "group", group, "dependencies")
    return (*BASE, "dev-dependencies")


def poetry_group(pyproject: TomlFile, group: str) -> tuple[str, ...]:
    """Return the requirements of a group."""
    return requirements(pyproject.table(*group_path(pyproject, group)))


def poetry_main(pyproject: TomlFile) -> tuple[str, ...]:
    """Return the run-time dependencies that are not optional."""
    table = pyproject.table(*BASE, "dependencies")
    return requirements({name: spec for name, spec in table.items() if not is_optional(spec)})


def poetry_extras(pyproject: TomlFile) -> dict[str, tuple[str, ...]]:
    """Return poetry's extras, each as the requirements of the dependencies it names."""
    table = pyproject.table(*BASE, "dependencies")
    known = {canonical(name): requirements({name: spec}) for name, spec in table.items()}
    extras = pyproject.table(*BASE, "extras")
    return {
        extra: tuple(item for name in as_strings(names) for item in known.get(canonical(name), (name,)))
        for extra, names in extras.items()
    }


def poetry_python(pyproject: TomlFile) -> str:
    """Return poetry's bound on Python as a specifier."""
    spec = pyproject.get(*BASE, "dependencies", "python")
    return specifier(spec) if isinstance(spec, str) else ""


def is_optional(spec: Any) -> bool:
    """Tell whether a dependency is only there for an extra."""
    return isinstance(spec, Mapping) and bool(spec.get("optional"))


def requirements(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Turn a table of poetry dependencies into requirement strings, Python itself left out."""
    found: list[str] = []
    for name, spec in table.items():
        if name.lower() != "python":
            found += [requirement(name, item) for item in (spec if isinstance(spec, list) else [spec])]
    return tuple(found)


def requirement(name: str, spec: Any) -> str:
    """Turn one poetry dependency into a requirement string."""
    if not isinstance(spec, Mapping):
        return f"{name}{specifier(str(spec))}"
    extras = as_strings(spec.get("extras"))
    full = f"{name}[{','.join(extras)}]" if extras else name
    if "path" in spec:
        return f"{'-e ' if spec.get('develop') else ''}{spec['path']}"
    if "git" in spec:
        revision = next((f"@{spec[key]}" for key in ("rev", "tag", "branch") if key in spec), "")
        return with_marker(f"{full} @ git+{spec['git']}{revision}", marker(spec))
    if "url" in spec:
        return with_marker(f"{full} @ {spec['url']}", marker(spec))
    return with_marker(f"{full}{specifier(str(spec.get('version', '*')))}", marker(spec))


def marker(spec: Mapping[str, Any]) -> str:
    """Return the environment marker of a dependency: its own, and the one its Python bound stands for."""
    own = str(spec.get("markers", ""))
    python = python_marker(str(spec["python"])) if "python" in spec else ""
    return f"({own}) and {python}" if own and python else own or python


def python_marker(constraint: str) -> str:
    """Turn a bound on Python into an environment marker."""
    parts = [part for part in specifier(constraint).split(",") if part]
    markers = []
    for part in parts:
        found = re.match(r"(===|[<>=!~]=|[<>])\s*(\S+)", part)
        if found:
            variable = "python_full_version" if found[2].count(".") > 1 else "python_version"
            markers.append(f'{variable} {found[1]} "{found[2]}"')
    return " and ".join(markers)


def specifier(constraint: str) -> str:
    """Turn a poetry constraint into a PEP 440 specifier; of alternatives (`||`) the hull is taken.

    >>> specifier("^1.2"), specifier("~1.2.3"), specifier("1.*"), specifier("*"), specifier("^7 || ^8")
    ('>=1.2,<2', '>=1.2.3,<1.3', '==1.*', '', '>=7,<9')
    """
    alternatives = [single(part) for part in re.split(r"\|\|?", constraint)]
    if len(alternatives) == 1:
        return alternatives[0]
    lowest = [bound for bound in alternatives[0].split(",") if bound.startswith(">")]
    highest = [bound for bound in alternatives[-1].split(",") if bound.startswith("<")]
    return ",".join(lowest + highest)


def single(constraint: str) -> str:
    """Turn a constraint without alternatives into a specifier."""
    text = re.sub(r"([<>=!~^])\s+", r"\1", constraint.strip())
    return ",".join(bound for bound in (convert(part) for part in re.split(r"[,\s]+", text) if part) if bound)


def convert(part: str) -> str:
    """Turn one bound into a specifier."""
    if part == "*":
        return ""
    if part.startswith("^"):
        return f">={part[1:]},<{caret_end(part[1:])}"
    if part.startswith("~") and not part.startswith("~="):
        return f">={part[1:]},<{tilde_end(part[1:])}"
    if part.startswith("=") and not part.startswith("=="):
        return f"={part}"
    return part if part[0] in "<>=!~" else f"=={part}"


def numbers(version: str) -> list[int]:
    """Return the leading numbers of a version."""
    release = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return [int(part) for part in release[1].split(".")] if release else [0]


def caret_end(version: str) -> str:
    """Return the first version that `^version` excludes: the left-most number that is not zero goes up."""
    parts = numbers(version)
    index = next((i for i, part in enumerate(parts) if part), len(parts) - 1)
    return ".".join(map(str, [*parts[:index], parts[index] + 1]))


def tilde_end(version: str) -> str:
    """Return the first version that `~version` excludes: the second number goes up, or the only one."""
    parts = numbers(version)[:2]
    return ".".join(map(str, [*parts[:-1], parts[-1] + 1]))
