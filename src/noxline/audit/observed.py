"""What a task read and wrote, from the records of its processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from noxline.audit.harmless import is_harmless_path

_BYTE_CODE = re.compile(r"(?P<folder>(?:.*/)?)__pycache__/(?P<name>.+?)\.(?:cpython|pypy|graalpy)[^/]*\.pyc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One thing that a process did first at a time (seconds since the epoch) to a path relative to the root.

    The kinds are those of the audit hook: R S N W D M L, and V U for variables.
    """

    kind: str
    at: float
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Paths relative to the root, and names of variables.

    `reads` are files that were read or looked at before the task wrote them itself; `missing` were looked for and not
    there; `variables` were set when they were read (`*`: all were copied), `unset` were not. `processes` says how many
    interpreters were watched, `traced` whether other programs were, too.
    """

    reads: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    processes: int = 0
    traced: bool = False


@dataclass(slots=True)
class _Merge:
    """When each path was first used in which way; kinds that mean the same are one."""

    on_disk: Callable[[str], str]
    first: dict[str, dict[str, float]] = field(default_factory=lambda: {kind: {} for kind in "RNWDML"})

    def add(self, record: Record) -> None:
        kind = "R" if record.kind == "S" else record.kind
        name = source_of(record.name) if kind == "R" else record.name
        if not is_harmless_path(name):
            times = self.first[kind]
            times[name] = min(record.at, times.get(name, record.at))

    def is_own(self, name: str, at: float) -> bool:
        """Tell whether the task had put the path, or a folder above it, there itself."""
        while name:
            if min(self.first["W"].get(name, at), self.first["M"].get(name, at)) < at:
                return True
            name = name.rpartition("/")[0]
        return False

    def reads(self) -> frozenset[str]:
        return frozenset(
            name for name, at in self.first["R"].items() if not self.is_own(name, at) and self.on_disk(name) != "folder"
        )

    def listed(self) -> frozenset[str]:
        return frozenset(
            name
            for name, at in self.first["L"].items()
            if not self.is_own(name, at) and self.on_disk(name) == "folder"  # or listing it failed
        )

    def missing(self) -> frozenset[str]:
        """Return what was looked for in vain; what the task made afterwards is its output."""
        made = self.first["W"].keys() | self.first["M"].keys() | self.first["R"].keys()
        return frozenset(
            name
            for name, at in {**self.first["L"], **self.first["N"]}.items()
            if name not in made and not self.is_own(name, at) and not self.on_disk(name)
        )

    def writes(self) -> frozenset[str]:
        """Return what was written and is there, or was there and is gone; files that came and went are nobody's."""
        there = {name for name in self.first["W"] if self.on_disk(name)}
        gone = {name for name, at in self.first["D"].items() if not self.on_disk(name) and not self._came(name, at)}
        return frozenset(there | gone)

    def _came(self, name: str, removed: float) -> bool:
        at = min(removed, self.first["R"].get(name, removed))
        return self.is_own(name, at)


def observed(
    records: Iterable[Record], *, on_disk: Callable[[str], str], processes: int = 0, traced: bool = False
) -> Observed:
    """Return what was observed; `on_disk` says what lies at a path now: "file", "folder" or "" for nothing."""
    merge = _Merge(on_disk)
    variables: Mapping[str, set[str]] = {"V": set(), "U": set()}
    for record in records:
        if record.kind in variables:
            variables[record.kind].add(record.name)
        elif record.kind == "S" or record.kind in merge.first:
            merge.add(record)
    return Observed(
        reads=merge.reads(),
        listed=merge.listed(),
        missing=merge.missing(),
        variables=frozenset(variables["V"]),
        unset=frozenset(variables["U"] - variables["V"]),
        writes=merge.writes(),
        processes=processes,
        traced=traced,
    )


def source_of(name: str) -> str:
    """Return the source of a file with byte code, and any other path as it is.

    >>> source_of("a/__pycache__/b.cpython-311-pytest-8.4.1.pyc")
    'a/b.py'
    """
    found = _BYTE_CODE.fullmatch(name)
    return f"{found['folder']}{found['name']}.py" if found else name
