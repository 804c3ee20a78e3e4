"""Lend a run to fresh clones on machines like this one: where to look, and what is had by whoever sees the same there.

Only a run that signs for `trusted` lends. It vouches for no result: each is an entry with a signature of its own, which
goes along as it lies on the remote.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from noxline.cache import frames, layout
from noxline.cache.ledger import line_of
from noxline.cache.open import open_to_lend
from noxline.cache.remote import RemoteStore
from noxline.definitions import Definition
from noxline.input_check import share_checked
from noxline.model.records import Record
from noxline.project import Project
from noxline.reports.outlet import tell
from noxline.reuse import Reuser
from noxline.system.files import task_folder
from noxline.verification import share_verified
from noxline.warm import facts
from noxline.warm.settle import ROOT
from noxline.warm.telling import Asked, Seen, told
from noxline.warm.witness import RESTLESS_NAMES, hold

_OWN = str(Path(__file__).resolve().parents[3])  # where noxline's source lies in a working copy, it lies for everybody
_LARGEST = 8_000_000  # bytes of entries that go along; a run with more is not lent


def lend(asked: Asked, project: Project, seen: Seen) -> bool:
    """Put a run on the remote for others; return whether that was tried. Warnings go to standard error."""
    if not is_portable(asked, project, seen):
        return False
    store = open_to_lend(project.settings.pipeline.cache, os.environ, warn=lambda text: tell(f"warning: {text}"))
    if store is None:
        return False
    try:
        return _lent(asked, project, seen, store)
    finally:
        store.close()


def is_portable(asked: Asked, project: Project, seen: Seen) -> bool:
    """Tell whether another machine can know all on which a run rests.

    Not where outputs lie in the project, where shards go by times that this machine measured, where results count on
    one machine only, or where only an environment that is there tells what it holds.
    """
    root, reuser = str(project.root), seen.reuser
    plain = facts.is_plain(root) and os.path.realpath(asked.folder) == root == os.getcwd()
    definitions = [reuser.definitions[name] for name in reuser.taken]
    simple = not any(one.outputs or one.exclusive or one.content["shard"] for one in definitions)
    return plain and simple and os.path.isdir(f"{root}/.git") and reuser.environments.are_known_ahead()


def _lent(asked: Asked, project: Project, seen: Seen, store: RemoteStore) -> bool:
    root, reuser = str(project.root), seen.reuser
    if project.reads_all_variables:
        return False
    entries = _signed(store, reuser)
    if len(entries) != len(reuser.taken) or sum(len(data) for _, data in entries) > _LARGEST:
        return False
    look = _look(root, project, seen)
    place = facts.place_of(root, asked.arguments, os.environ)
    name = facts.name_of(place, look, facts.places_seen(root, look, os.environ), reuser.fingerprints.index)
    if not hold(seen.read):
        return False  # it moved since the rehearsal, so that name is of something else
    head = frames.compress_document(json.dumps(_document(asked, project, seen, entries), allow_nan=False).encode())
    content = b"".join((layout.LENGTH.pack(len(head)), head, *(data for _, data in entries)))
    store.put_run(layout.slots(name, look["max_age"], _made(seen))[0], content)
    store.put_record(facts.KIND, place, Record(value=look, at=time.time()))
    return True


def _signed(store: RemoteStore, reuser: Reuser) -> list[tuple[str, bytes]]:
    """Return the entries of a run as they lie on the remote, those that are there."""
    found = (store.signed_entry(reuser.made[name].digest, reuser.definitions[name].max_age) for name in reuser.taken)
    return [one for one in found if one is not None]


def _look(root: str, project: Project, seen: Seen) -> dict[str, Any]:
    """Return where to look, as `facts.places_seen` takes it."""
    reuser = seen.reuser
    files, folders, kinds = (_shown(root, seen, [row[0] for row in rows]) for rows in seen.read)
    until = reuser.environments.expires()
    ages = [definition.max_age for _, definition, _ in _limited(seen)]
    return {
        "files": files,
        "folders": folders,
        "kinds": kinds,
        "variables": sorted(dict(project.noxfile_variables)),
        "sets": [list(patterns) for patterns, _ in seen.terms.sets],
        "from_git": any(parts["definition"].get("version") for _, _, parts, _ in seen.terms.plan),
        "environments": {name: parts["environment"] for name, _, parts, _ in seen.terms.plan},
        "rooted": _is_rooted(root, (*files, *kinds), folders),
        "max_age": min(filter(None, ages), default=None),
        "until": None if math.isinf(until) else until,
    }


def _shown(root: str, seen: Seen, paths: Iterable[str]) -> list[str]:
    """Return paths as both sides write them, without noxline's store, and without what running tasks leave behind."""
    store = f"{seen.terms.store}/"
    shown = (facts.shown_path(root, path) for path in paths if not path.startswith(store))
    return sorted(one for one in shown if not (one[:2] == "./" and RESTLESS_NAMES.intersection(one.split("/"))))


def _is_rooted(root: str, paths: Iterable[str], folders: Sequence[str]) -> bool:
    """Tell whether it matters where the project lies."""
    return any(_is_around(root, path) for path in paths) or _are_around(root, folders)


def _is_around(root: str, path: str) -> bool:
    """Tell whether a path lies in, or is, a folder around the project: another clone has others around it."""
    return path != _OWN and _are_around(root, (path, os.path.dirname(path)))


def _are_around(root: str, folders: Iterable[str]) -> bool:
    """Tell whether one of these folders is around the project."""
    return any(str(around) in folders for around in Path(root).parents if around != Path("/"))


def _limited(seen: Seen) -> Iterator[tuple[float, Definition, str]]:
    """Yield the results whose age is limited: when each was made, and its task."""
    for name, found in seen.reuser.taken.items():
        definition = seen.reuser.definitions[name]
        if definition.max_age is not None:
            yield found.entry.created, definition, name


def _made(seen: Seen) -> float:
    """Return when a result would have been made that lives as long as the shortest may, and ends with the first."""
    limited = [(made + age, age) for made, definition, _ in _limited(seen) if (age := definition.max_age) is not None]
    return min((end for end, _ in limited), default=0.0) - min((age for _, age in limited), default=0.0)


def _document(asked: Asked, project: Project, seen: Seen, entries: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    """Return what a run says."""
    terms, run, cache = seen.terms, seen.run, project.settings.pipeline.cache
    definitions = seen.reuser.definitions
    return {
        "names": [name for name, _ in entries],
        "sizes": [len(data) for _, data in entries],
        "plan": [_row(name, definitions[name]) for name, _, _, _ in terms.plan],
        "first": _portable(project, told(asked, seen, "remote")),
        "later": _portable(project, told(asked, seen)),
        "version": next(filter(None, (str(p["definition"].get("version", "")) for _, _, p, _ in terms.plan)), ""),
        "exit_code": int(run.exit_code),
        "ledger": line_of(terms.tally).decode(),
        "verify_rate": share_verified(cache.verify_rate, os.environ),
        "check_rate": share_checked(asked.options, cache.check_rate, os.environ),
        "keep_runs": project.settings.pipeline.keep_runs,
    }


def _row(name: str, definition: Definition) -> dict[str, Any]:
    return {
        "task": name,
        "folder": task_folder(name),
        "patterns": list(definition.patterns),
        "needs": list(definition.needs),
        "variables": list(definition.variables),
        "max_age": definition.max_age,
    }


def _portable(project: Project, texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return texts with a mark in place of the project's folder."""
    root = str(project.root)
    return {
        "texts": {name: text.replace(root, ROOT) for name, text in texts["texts"].items()},
        **{name: texts[name].replace(root, ROOT) for name in ("out", "err")},
    }
