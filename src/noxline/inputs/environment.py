"""The identity of an environment: its platform, and the resolved set of distributions in it.

What a session resolves to is kept in a Record under its recipe, so that the set is known where no environment was
built. A record is plain data: `installs` (what was installed, in order), `set` (name → version or address), `time`
(seconds since the epoch; the set was current then), `files` (path → SHA-256 of the files that the arguments name),
`obstacle` (why the set cannot be resolved ahead, or ""), `differs` (name → [resolved, installed] where they disagree).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# 1: the first.
SCHEMA = 1
DEFAULT_TTL = 24 * 3600.0
_PARTS = ("schema", "installs", "set", "time", "files", "obstacle", "differs")
_AHEAD = 300.0  # seconds that another machine's clock may be before this one's


def normalised(name: str) -> str:
    """Return the name of a distribution as PEP 503 has it.

    >>> normalised("Foo_.Bar")
    'foo-bar'
    """
    parts = name.lower().replace("_", "-").replace(".", "-").split("-")
    return "-".join([part for part in parts if part])


def new_record(
    installs: Mapping[str, Any],
    resolved: Mapping[str, str],
    *,
    time: float,
    files: Mapping[str, str],
    differs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the record of a resolution; `installs` is `Installs.to_plain()`."""
    return {
        "schema": SCHEMA,
        "installs": dict(installs),
        "set": dict(resolved),
        "time": time,
        "files": dict(files),
        "obstacle": str(installs["obstacle"]),
        "differs": dict(differs or {}),
    }


def sound(record: Mapping[str, Any] | None) -> bool:
    """Tell whether this is a record that this version can use; what a store gives may be anything."""
    if record is None or sorted(record) != sorted(_PARTS) or record["schema"] != SCHEMA:
        return False
    texts = (record["set"], record["files"])
    if not all(type(part) is dict and _all_texts(part) for part in texts):
        return False
    shapes = (("installs", dict), ("differs", dict), ("obstacle", str))
    return all(type(record[name]) is kind for name, kind in shapes) and type(record["time"]) in (int, float)


def _all_texts(mapping: dict[Any, Any]) -> bool:
    return all(type(key) is str and type(value) is str for key, value in mapping.items())


def known_set(
    record: Mapping[str, Any] | None,
    *,
    now: float,
    ttl: float = DEFAULT_TTL,
    refresh: bool = False,
    files: Mapping[str, str] | None = None,
) -> dict[str, str] | None:
    """Return the set that may be taken as it is; None when it has to be resolved again or cannot be resolved ahead.

    `files` are the digests that the files named in the record have now; one that differs makes the record old.
    """
    if not sound(record) or record is None or record["obstacle"]:
        return None
    return dict(record["set"]) if _current(record, now=now, ttl=ttl, refresh=refresh, files=files) else None


def set_of_real(
    record: Mapping[str, Any] | None,
    real: Mapping[str, str] | None,
    *,
    now: float,
    ttl: float = DEFAULT_TTL,
    refresh: bool = False,
    files: Mapping[str, str] | None = None,
) -> dict[str, str] | None:
    """Return the set of a session that cannot be resolved ahead: that of its environment, while it is as recorded.

    None when there is no such environment, when it is another one, or when the record is old.
    """
    if not sound(record) or record is None or real is None or dict(real) != record["set"]:
        return None
    return dict(real) if _current(record, now=now, ttl=ttl, refresh=refresh, files=files) else None


def _current(
    record: Mapping[str, Any], *, now: float, ttl: float, refresh: bool, files: Mapping[str, str] | None
) -> bool:
    age = now - record["time"]
    unchanged = files is None or dict(files) == record["files"]
    return not refresh and unchanged and -_AHEAD <= age < ttl


def reconcile(record: Mapping[str, Any], real: Mapping[str, str]) -> dict[str, Any]:
    """Return the record with the set that was really installed in place of the one that was expected.

    Where the two disagree the record remembers both, and the next resolution that says the same again is corrected:
    otherwise every run would expect what no installation gives.
    """
    expected = record["set"]
    kept = {name: pair for name, pair in record["differs"].items() if pair[1] == real.get(name)}
    names = [name for name in sorted({*real, *expected}) if real.get(name) != expected.get(name)]
    found = {name: [expected.get(name), real.get(name)] for name in names}
    return {**record, "set": dict(real), "differs": {**kept, **found}}


def corrected(resolved: Mapping[str, str], differs: Mapping[str, Any]) -> dict[str, str]:
    """Return a resolution as installations have turned out to be, for the names where both are known to disagree.

    >>> corrected({"a": "2", "b": "1"}, {"a": ["2", "1"], "b": ["0", "9"], "c": [None, "3"]})
    {'a': '1', 'b': '1', 'c': '3'}
    """
    changes = {name: installed for name, (said, installed) in differs.items() if resolved.get(name) == said}
    both = {**resolved, **changes}
    return {name: both[name] for name in sorted(both) if both[name] is not None}


def identity(platform: Mapping[str, str], resolved: Mapping[str, str]) -> dict[str, Any]:
    """Return an environment's identity as a component of a fingerprint."""
    return {"platform": dict(platform), "distributions": dict(sorted(resolved.items()))}


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return what differs between two sets, or two platforms, one phrase a name: changed, added, removed.

    >>> differences({"pytest": "8.4.1", "six": "1"}, {"attrs": "25", "pytest": "8.4.2"})
    ['pytest 8.4.1 → 8.4.2', 'attrs added', 'six removed']
    """
    changed = [f"{name} {old[name]} → {new[name]}" for name in sorted(new) if name in old and old[name] != new[name]]
    added = [f"{name} added" for name in sorted(new) if name not in old]
    return changed + added + [f"{name} removed" for name in sorted(old) if name not in new]


def identity_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what differs between two identities: the platform's parts first, then the distributions."""
    return differences(old["platform"], new["platform"]) + differences(old["distributions"], new["distributions"])
