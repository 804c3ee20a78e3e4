"""The fingerprint of a task, and the difference of two in words.

Components are plain data under fixed names: `definition` (what the task is, from which noxfile, with which arguments),
`inputs` (the digest of the list of its input files), `variables`, `environment` (Python and distributions),
`programs` (outside the environment), `needs` (the outputs of other tasks), `machine` (of exclusive stages).
"""

from __future__ import annotations

from noxline.inputs.canonical import SCHEMA, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

_NAMED = 3  # so many causes are named on a line; the others are counted
ABSENT = "absent"
EMPTY = "(empty)"
PARTS = ("schema", "definition", "inputs", "variables", "environment", "programs", "needs", "machine")
_PLATFORM = {"python": "Python", "os": "operating system", "libc": "C library"}


def fingerprint(
    *,
    definition: Mapping[str, Any],
    inputs: str,
    variables: Mapping[str, str],
    environment: Mapping[str, Any],
    programs: Mapping[str, str],
    needs: Mapping[str, str],
    machine: str = "",
) -> tuple[str, dict[str, Any]]:
    """Return the digest of a task's fingerprint and its components."""
    components: dict[str, Any] = {
        "schema": SCHEMA,
        "definition": dict(definition),
        "inputs": inputs,
        "variables": dict(variables),
        "environment": dict(environment),
        "programs": dict(programs),
        "needs": dict(needs),
        "machine": machine,
    }
    return digest(components), components


def difference(
    old: Mapping[str, Any], new: Mapping[str, Any], files: Callable[[str], Mapping[str, str] | None]
) -> list[str]:
    """Return in words what differs between two fingerprints' components, the most telling first.

    `files` gives the input files behind an `inputs` digest, with the digest of each; None when they are not known.
    """
    if old.get("schema") != new.get("schema"):
        return ["this version of noxline makes fingerprints differently"]
    return [
        *_definition(old["definition"], new["definition"]),
        *_inputs(old["inputs"], new["inputs"], files),
        *_environment(old["environment"], new["environment"]),
        *_variables(old["variables"], new["variables"]),
        *(f"the program {name} changed" for name in _differing(old["programs"], new["programs"])),
        *_needs(old["needs"], new["needs"]),
        *(["it ran on another machine"] if old["machine"] != new["machine"] else []),
    ]


def in_short(reasons: list[str]) -> tuple[str, ...]:
    """Return the first reasons and the number of the others.

    >>> in_short(["a changed", "b changed", "c is gone", "d is new", "e is new"])
    ('a changed', 'b changed', 'c is gone', '2 more')
    """
    more = len(reasons) - _NAMED
    return (*reasons[:_NAMED], f"{more} more") if more > 0 else tuple(reasons)


def _inputs(old: str, new: str, files: Callable[[str], Mapping[str, str] | None]) -> Iterator[str]:
    if old == new:
        return
    before, after = files(old), files(new)
    if before is None or after is None:
        yield "its input files changed"
        return
    both = before.keys() & after.keys()
    yield from (_changed(name, before[name], after[name]) for name in sorted(both) if before[name] != after[name])
    renamed = _renamed(before, after)
    yield from (f"{name} was renamed to {other}" for name, other in renamed.items())
    yield from (f"{name} is new" for name in sorted(after.keys() - both - {*renamed.values()}))
    yield from (f"{name} is gone" for name in sorted(before.keys() - both - renamed.keys()))


def _renamed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return the files that are gone while one with their content is new, each with one of those."""
    new: dict[str, list[str]] = {}
    for name in sorted(after.keys() - before.keys(), reverse=True):
        new.setdefault(after[name], []).append(name)
    gone = sorted(before.keys() - after.keys())
    return {name: new[before[name]].pop() for name in gone if new.get(before[name])}


def _changed(name: str, old: str, new: str) -> str:
    if old.removeprefix("x") == new.removeprefix("x"):
        return f"{name} is {'executable now' if new.startswith('x') else 'no longer executable'}"
    return f"{name} changed"


_WORDS = {
    "arguments": "other arguments are given",
    "detected": "what was detected of the project changed",
    "inputs": "the settings of its inputs changed",
    "measured": "what is measured of coverage changed",
    "needs order": "what it needs stands in another order",
    "outputs": "the settings of its outputs changed",
    "settings": "the settings of tests changed",
    "shard": "the tests are split into another number of shards",
    "tests": "other tests belong to this shard",
    "version": "the commit or the tags changed",
}
_VERSIONS = {"noxline": "noxline", "python": "Python"}
# Of parts that are mappings each name is told.
_OF_EACH = {"source": "{} changed", "noxfile variables": "{}, which the noxfile reads, changed"}


def _definition(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    names = _differing(old, new)
    # Another noxline may detect and define everything else anew: that it is another one is the reason.
    for name in ["noxline"] if "noxline" in names else names:
        yield from _of_definition(name, old.get(name), new.get(name))


def _of_definition(name: str, before: Any, after: Any) -> Iterator[str]:
    """Yield what differs in one part of two definitions."""
    if name in _OF_EACH:
        yield from (_OF_EACH[name].format(one) for one in _differing(before or {}, after or {}))
    elif name in _VERSIONS:
        yield f"{_VERSIONS[name]} {_shown(before)} → {_shown(after)}"
    elif name != "needs order" or _same_names(before, after):
        # Which needs came or went is told among the needs themselves.
        yield _WORDS.get(name, f"its definition changed ({name})")


def _shown(version: Any) -> str:
    return str(version or ABSENT)


def _same_names(before: Any, after: Any) -> bool:
    return sorted(before or ()) == sorted(after or ())


def _environment(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in _differing(old, new):
        yield from _part(name, old.get(name), new.get(name))


def _part(name: str, before: Any, after: Any) -> Iterator[str]:
    """Yield what differs in one part of an environment: its platform, a set of distributions, or a plain value."""
    if not isinstance(before or after, dict):
        yield f"{name.replace('_', ' ')} {before or ABSENT} → {after or ABSENT}"
        return
    old, new = before or {}, after or {}
    if name == "platform":
        yield from (f"{_PLATFORM.get(p, p)} {old.get(p)} → {new.get(p)}" for p in _differing(old, new))
    else:
        yield from _sets(old, new)


def _sets(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Yield what differs between two sets of distributions."""
    for name in _differing(old, new):
        before, after = old.get(name), new.get(name)
        if before is None:
            yield f"{name} {after} was added"
        elif after is None:
            yield f"{name} {before} was removed"
        else:
            yield f"{name} {before} → {after}"


def _variables(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in _differing(old, new):
        before, after = old.get(name), new.get(name)
        if before is None:
            yield f"{name} is set"
        elif after is None:
            yield f"{name} is no longer set"
        elif before.startswith("sha256:") or after.startswith("sha256:"):
            yield f"{name} has another value"
        else:
            yield f"{name}: {before or EMPTY} → {after or EMPTY}"


def _needs(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in _differing(old, new):
        if name not in old:
            yield f"it needs {name} now"
        elif name not in new:
            yield f"it no longer needs {name}"
        else:
            yield f"the output of {name} changed"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
