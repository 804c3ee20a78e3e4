"""On what it rests that a run took every result from the local store: what a replay of it has to hold against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from noxline.cache.blobs import entry_path
from noxline.cache.ledger import Tally
from noxline.cache.place import LOCAL
from noxline.model.cache import Found
from noxline.reuse import Reuser
from noxline.tree_outputs import files_of


@dataclass(frozen=True, kw_only=True)
class ReplayTerms:
    """On what it rests that a run took every result from the local store; times in seconds since the epoch.

    `tasks` are those that were reused, with their files `(path, size, sha256, executable)`, size and digest of the
    log; `written` are the files of outputs in the project itself, which have to be as they are.
    `shared` says that a remote store stands behind the local one.
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


def terms_of(reuser: Reuser) -> ReplayTerms | None:
    """Return on what a run's reuse rests; None when something else than the plain local store had a part in it."""
    local, taken, definitions = reuser.local, reuser.taken, reuser.definitions
    if local is None or local.scope != LOCAL or any(one.source != "local" for one in taken.values()):
        return None
    ages = {name: definitions[name].max_age for name in taken}
    dates = [taken[name].entry.created + age for name, age in ages.items() if age is not None]
    patterns = dict.fromkeys(definitions[name].patterns for name in taken)
    return ReplayTerms(
        expires=min([*dates, reuser.environments.expires()]),
        sets=tuple((one, reuser.fingerprints.index.digest(one)) for one in patterns),
        entries=tuple(entry_path(local.entries, reuser.made[name].digest) for name in taken),
        written=tuple(files_of(reuser.root, (o for name in taken for o in definitions[name].outputs))),
        tally=reuser.tally(),
        store=local.root,
        blobs=local.blobs,
        tasks=tuple((name, *_files(found)) for name, found in taken.items()),
        entry_folder=local.entries,
        plan=tuple((name, *_planned(reuser, name)) for name in taken),
        shared=reuser.store is not local,
    )


def _planned(reuser: Reuser, task: str) -> tuple[tuple[str, ...], Mapping[str, Any], tuple[str, ...]]:
    definition = reuser.definitions[task]
    return definition.patterns, reuser.made[task].components, definition.needs


def _files(found: Found) -> tuple[tuple[tuple[str, int, str, bool], ...], tuple[int, str]]:
    entry = found.entry
    files = tuple((file.path, file.size, file.sha256, file.executable) for file in entry.files)
    return files, (entry.log.size, entry.log.sha256)
