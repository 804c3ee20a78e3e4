"""What a task used beyond what its stage declares, with the line of settings that would cover it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from noxline.audit.harmless import is_harmless_variable, matches_any
from noxline.audit.observed import Observed
from noxline.audit.patterns import covers_listing, covers_named, covers_path
from noxline.model.undeclared import Undeclared, Use

_NAMED = 8  # names of one kind that are told
_EVERYTHING = "**"  # what a stage without declared inputs depends on


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What a stage declares: its input files (relative to the root) and what they were declared by.

    Without `patterns` the files are all that git does not ignore. `variables` may have wildcards.
    """

    files: Collection[str]
    patterns: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def undeclared(
    observed: Observed, declared: Declared, *, stage: str, environment: Collection[str]
) -> tuple[Undeclared, ...]:
    """Return what a task used that its stage does not declare; `environment` names the variables noxline began with.

    A variable that only the task's own processes set is no input.
    """
    inputs = _Lines(stage, "inputs", declared.patterns or (_EVERYTHING,))
    reads = tuple(_reads(observed, declared, inputs))
    return (
        *reads,
        *_listed(observed, declared, inputs, told=[name for entry in reads for name in entry.names]),
        *_missing(observed, declared, inputs),
        *_variables(observed, declared, _Lines(stage, "env", declared.variables), environment),
        *_written(observed, declared, _Lines(stage, "outputs", declared.outputs)),
    )


@dataclass(frozen=True, slots=True)
class _Lines:
    """Writes the line of settings that adds names to a list of a stage."""

    stage: str
    key: str
    there: Sequence[str]

    def adding(self, names: Sequence[str]) -> str:
        stage = self.stage if re.fullmatch(r"[A-Za-z0-9_-]+", self.stage) else json.dumps(self.stage)
        first = [] if not self.there else ['"**"'] if tuple(self.there) == (_EVERYTHING,) else ["..."]
        added = [json.dumps(name, ensure_ascii=False) for name in names[:_NAMED]]
        more = ["..."] if len(names) > _NAMED else []
        return f"[stage.{stage}] {self.key} = [{', '.join([*first, *added, *more])}]"


def _reads(observed: Observed, declared: Declared, lines: _Lines) -> Iterator[Undeclared]:
    names = (n for n in observed.reads if n not in declared.files and not covers_named(declared.patterns, n))
    groups = _grouped(names, declared.files, whole=observed.listed)
    return (_group(Use.READ, group, members, lines) for group, members in groups.items())


def _written(observed: Observed, declared: Declared, lines: _Lines) -> Iterator[Undeclared]:
    names = (name for name in observed.writes if not covers_path(declared.outputs, name))
    groups = _grouped(names, declared.files)
    return (_group(Use.WRITTEN, group, members, lines) for group, members in groups.items())


def _group(use: Use, name: str, members: Sequence[str], lines: _Lines) -> Undeclared:
    return Undeclared(use=use, names=(name,), count=len(members), line=lines.adding([name.rstrip("/")]))


def _grouped(names: Iterable[str], files: Collection[str], whole: Collection[str] = ()) -> Mapping[str, Sequence[str]]:
    """Group paths by the outermost folder that holds no declared file; a single one stands for itself.

    A folder that is in `whole` stands for a single path, too.
    """
    taken = _taken(files)
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        folder = next((folder for folder in _folders(name) if folder not in taken), None)
        groups.setdefault(f"{folder}/" if folder else name, []).append(name)
    return {
        group if len(members) > 1 or group.rstrip("/") in whole else members[0]: members
        for group, members in groups.items()
    }


def _taken(files: Iterable[str]) -> frozenset[str]:
    return frozenset(folder for name in files for folder in _folders(name))


def _folders(name: str) -> Iterator[str]:
    """Give the folders above a path, the outermost first."""
    parts = name.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def _listed(observed: Observed, declared: Declared, lines: _Lines, told: Sequence[str]) -> Iterator[Undeclared]:
    """Give an entry for each folder whose names nothing declared stands for; what lies below one is told with it."""
    taken = _taken(declared.files)
    known = [name for name in told if name.endswith("/")]
    for folder in sorted(observed.listed):
        if _may_list(declared, taken, folder) or f"{folder}/".startswith(tuple(known)):
            continue
        if folder:
            known.append(f"{folder}/")
        yield Undeclared(use=Use.LISTED, names=(f"{folder}/",), count=1, line=lines.adding([folder or "*"]))


def _may_list(declared: Declared, taken: Collection[str], folder: str) -> bool:
    """Tell whether something declared stands for the names in a folder; `taken` are those that hold a declared file."""
    if declared.patterns:
        return covers_listing(declared.patterns, folder)
    return not folder or folder in taken


def _missing(observed: Observed, declared: Declared, lines: _Lines) -> Iterator[Undeclared]:
    patterns = declared.patterns or (_EVERYTHING,)
    names = sorted(name for name in observed.missing if not covers_path(patterns, name))
    if names:
        yield Undeclared(use=Use.MISSING, names=tuple(names[:_NAMED]), count=len(names), line=lines.adding(names))


def _variables(
    observed: Observed, declared: Declared, lines: _Lines, environment: Collection[str]
) -> Iterator[Undeclared]:
    def counts(name: str) -> bool:
        return name != "*" and not matches_any(name, declared.variables) and not is_harmless_variable(name)

    for name in sorted(filter(counts, observed.variables)):
        if name in environment:
            yield Undeclared(use=Use.VARIABLE, names=(name,), count=1, line=lines.adding([name]))
    unset = sorted(name for name in observed.unset if counts(name) and name not in environment)
    if unset:
        yield Undeclared(use=Use.UNSET, names=tuple(unset[:_NAMED]), count=len(unset), line=lines.adding(unset))
