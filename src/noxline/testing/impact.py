"""Decide which tests of a suite have to run after a change; everything else is as the record says.

docs/decisions/0014-impact.md holds the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from noxline.testing.blocks import Block, Source, moved
from noxline.testing.impact_record import Entry, File, Record
from noxline.testing.import_graph import closure

_FOUND_BY_ALL = frozenset({"conftest", "__init__", "sitecustomize", "usercustomize"})
Moves = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """The project as it is: digests of the sources' bytes, and how to read what else is asked for.

    `source` returns the blocks of a file, or None for one that is no Python; `digest` is told the kind and the path.
    """

    environment: str
    sources: Mapping[str, str]
    watched: Mapping[str, str]
    source: Callable[[str], Source | None]
    digest: Callable[[str, str], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which of the tests on record run and which are reused; `whole` is why all of them run, `why` why any does.

    `files` are those of the tests that run, the most affected first. `moves` says for each changed file where the lines
    of its unchanged blocks are now.
    """

    run: tuple[str, ...]
    reuse: tuple[str, ...]
    whole: str = ""
    why: str = ""
    files: tuple[str, ...] = ()
    moves: Mapping[str, Moves] = field(default_factory=dict)


def select(record: Record, now: Now) -> Selection:
    """Return what has to run; tests that are not on record are new, and run in any case."""
    changes = _Changes(record, now)
    whole = changes.whole()
    if whole:
        return Selection(run=tuple(test.id for test in record.tests), reuse=(), whole=whole, why=whole)
    chosen = [test for test in record.tests if changes.reach(test)]
    ids = {test.id for test in chosen}
    return Selection(
        run=tuple(test.id for test in chosen),
        reuse=tuple(test.id for test in record.tests if test.id not in ids),
        why=changes.why(),
        files=tuple(changes.most_affected(chosen)),
        moves=changes.moves,
    )


class _Changes:
    def __init__(self, record: Record, now: Now) -> None:
        self._record = record
        self._now = now
        self.moves: dict[str, Moves] = {}
        self.files = self._changed_files()
        self._broken = ""
        self._blocks = {(record.names.index(name), inner) for name in self.files for inner in self._changed(name)}
        self._numbers = {n for n, place in enumerate(record.blocks) if place in self._blocks}
        self._data = self._changed_data()
        self._units = frozenset(n for n, unit in enumerate(record.units) if self._touches(unit.blocks, unit.data))
        self._graph = {name: file.imports for name, file in record.files.items()}
        self._modules = self._changed_modules()
        self._reached: dict[frozenset[str], bool] = {}
        self._ran: dict[int, frozenset[str]] = {}

    def _changed_files(self) -> list[str]:
        sources = self._now.sources
        return [name for name, file in self._record.files.items() if sources.get(name) != file.digest]

    def _changed_data(self) -> set[int]:
        data = enumerate(self._record.data)
        return {number for number, datum in data if self._now.digest(datum.kind, datum.path) != datum.digest}

    def _changed_modules(self) -> set[str]:
        """Return the files whose import does something else: their own code changed, or what ran during it."""
        record = self._record
        own = {record.names[file] for file, inner in self._blocks if inner == 0}
        return own | {name for name, unit in record.imports.items() if unit in self._units}

    def _changed(self, name: str) -> list[int]:
        """Return the numbers of the blocks of a changed file that are not what they were."""
        old = self._record.files[name]
        source = self._now.source(name) if name in self._now.sources else None
        if source is None:
            if name in self._now.sources:
                self._broken = f"{name} cannot be read as Python"
            return list(range(len(old.blocks)))
        new = {block.name: block for block in source.blocks}
        found, moves = _compared(old, new)
        self.moves[name] = moves
        return found

    def _touches(self, blocks: Iterable[int], data: Iterable[int]) -> bool:
        return not (self._numbers.isdisjoint(blocks) and self._data.isdisjoint(data))

    def whole(self) -> str:
        """Return why the whole suite has to run, or nothing."""
        if self._now.environment != self._record.environment:
            return "the environment, the settings or the command changed"
        return self._broken or self._found_anew() or self._watched_changed() or self._shared_changed()

    def _found_anew(self) -> str:
        """Return which new file an import may find, or nothing."""
        for name in self._now.sources.keys() - self._record.files.keys():
            stem = name.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
            if name.endswith("__init__.py") or stem in self._record.sought or stem in _FOUND_BY_ALL:
                return f"{name} is new and may be found by an import"
        return ""

    def _watched_changed(self) -> str:
        """Return which file changed that tests may read although none was seen to, or nothing."""
        record, now = self._record, self._now
        read = {datum.path for datum in record.data}
        for name in sorted(now.watched.keys() | record.watched.keys()):
            if now.watched.get(name) != record.watched.get(name) and name not in read:
                return f"{name} changed, and which tests read it is not known"
        return ""

    def _shared_changed(self) -> str:
        """Return what changed of that on which all tests depend, or nothing."""
        if any(unit in self._units for unit in self._record.everyone):
            return "what all tests share changed"
        changed = sorted(closure(self._record.base, self._graph) & self._modules)
        return f"{changed[0]} changed, which all tests import" if changed else ""

    def why(self) -> str:
        """Return what changed, in a few words."""
        record = self._record
        code = {record.names[file] for file, _ in self._blocks}
        found = sorted(code | {record.data[number].path for number in self._data})
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return f"{found[0]}{more} changed" if found else "nothing changed that they depend on"

    def most_affected(self, tests: Iterable[Entry]) -> list[str]:
        """Return the files of these tests, those first of which a test itself ran the most changed blocks."""
        most: dict[str, int] = {}
        for test in tests:
            ran = self._numbers.intersection(self._record.units[test.units[0]].blocks) if test.units else ()
            most[test.file] = max(most.get(test.file, 0), len(ran))
        return sorted(most, key=lambda file: -most[file])

    @property
    def _anything(self) -> bool:
        return bool(self.files or self._data)

    def reach(self, test: Entry) -> bool:
        """Tell whether a test has to run."""
        outcome = test.event.get("outcome")
        if outcome not in ("passed", "skipped") or test.event.get("reruns"):
            return True
        if not self._anything:
            return False
        if test.open or any(unit in self._units for unit in (*test.units, test.left)):
            return True
        return bool(self._modules) and self._imports_changed(test)

    def _imports_changed(self, test: Entry) -> bool:
        starts = frozenset({test.file}).union(*(self._files_of(unit) for unit in (*test.units, test.left)))
        if starts not in self._reached:
            self._reached[starts] = not self._modules.isdisjoint(closure(starts, self._graph))
        return self._reached[starts]

    def _files_of(self, unit: int) -> frozenset[str]:
        if unit not in self._ran:
            record = self._record
            self._ran[unit] = frozenset(record.names[record.blocks[b][0]] for b in record.units[unit].blocks)
        return self._ran[unit]


def _compared(old: File, new: Mapping[str, Block]) -> tuple[list[int], Moves]:
    """Return the numbers of changed blocks, and where the lines of the others are now."""
    changed, moves = [], dict[int, tuple[int, ...]]()
    for number, kept in enumerate(old.blocks):
        after = new.get(kept.name)
        before = Block(name=kept.name, digest=kept.digest, places=kept.places)
        found = moved(before, after) if after is not None and after.digest == kept.digest else None
        if found is None:
            changed.append(number)
        else:
            moves |= {line: tuple(sorted({*moves.get(line, ()), *lines})) for line, lines in found.items()}
    return changed, moves
