"""On what a replay of a run rests: what was reused, from where, and for how long that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from noxline.cache.blobs import entry_path
from noxline.cache.disk import DiskStore
from noxline.cache.ledger import Tally
from noxline.cache.place import LOCAL, TRUSTED
from noxline.model.cache import Found
from noxline.reuse import Reuser
from noxline.tree_outputs import files_of


@dataclass(frozen=True, kw_only=True)
class ReplayTerms:
    """On what it rests that a run took every result from the local store; times in seconds since the epoch.

    `tasks` are those that were reused, with their files `(path, size, sha256, executable)`, size and digest of the
    log; `written` are the files of outputs in the project itself, which have to be as they are.
    `shared` says that a remote store stands behind the local one, `scope` is that of the local one.
    """

    expires: float
    sets: tuple[tuple[tuple[str, ...], str], ...]
    entries: tuple[str, ...]
    written: tuple[str, ...]
    tally: Tally
    store: str
    blobs: str
    tasks: tuple[tuple[str, tuple[tuple[str, int, str, bool], ...], tuple[int, str]], ...]
    entry_folder: str
    plan: tuple[tuple[str, tuple[str, ...], Mapping[str, Any], tuple[str, ...]], ...]
    shared: bool
    scope: str


def terms_of(reuser: Reuser) -> ReplayTerms | None:
    """Return on what a run's reuse rests; None when something else than the local store had a part."""
    store, taken = reuser.local, reuser.taken
    if store is None or store.scope not in (LOCAL, TRUSTED) or any(one.source != "local" for one in taken.values()):
        return None
    return ReplayTerms(
        expires=min([*_dates(reuser), reuser.environments.expires()]),
        sets=_sets(reuser),
        entries=_entries(reuser, store),
        written=_written(reuser),
        tally=reuser.tally(),
        store=store.root,
        blobs=store.blobs,
        tasks=tuple((name, *_files(found)) for name, found in taken.items()),
        entry_folder=store.entries,
        plan=tuple((name, *_planned(reuser, name)) for name in taken),
        shared=reuser.store is not store,
        scope=store.scope,
    )


def _sets(reuser: Reuser) -> tuple[tuple[tuple[str, ...], str], ...]:
    patterns = dict.fromkeys(reuser.definitions[name].patterns for name in reuser.taken)
    return tuple((one, reuser.fingerprints.index.digest(one)) for one in patterns)


def _written(reuser: Reuser) -> tuple[str, ...]:
    outputs = (output for name in reuser.taken for output in reuser.definitions[name].outputs)
    return tuple(files_of(reuser.root, outputs))


def _dates(reuser: Reuser) -> Iterator[float]:
    """Yield until when each result counts, of those whose age is limited."""
    for name, found in reuser.taken.items():
        age = reuser.definitions[name].max_age
        if age is not None:
            yield found.entry.created + age


def _entries(reuser: Reuser, store: DiskStore) -> tuple[str, ...]:
    return tuple(entry_path(store.entries, reuser.made[name].digest) for name in reuser.taken)


def _planned(reuser: Reuser, task: str) -> tuple[tuple[str, ...], Mapping[str, Any], tuple[str, ...]]:
    definition = reuser.definitions[task]
    return definition.patterns, reuser.made[task].components, definition.needs


def _files(found: Found) -> tuple[tuple[tuple[str, int, str, bool], ...], tuple[int, str]]:
    entry = found.entry
    files = tuple((file.path, file.size, file.sha256, file.executable) for file in entry.files)
    return files, (entry.log.size, entry.log.sha256)
