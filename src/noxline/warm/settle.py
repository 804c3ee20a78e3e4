"""Keep a run that was lent: its results in the store of this disk, and a snapshot of it in the project's state."""

from __future__ import annotations

import os
import time
from hashlib import sha256

from noxline.cache import place
from noxline.cache.blobs import entry_path, is_inside
from noxline.cache.placing import write_new
from noxline.cache.seals import seal
from noxline.inputs import sealed
from noxline.warm.key import FOLDER, key_of, style_key
from noxline.warm.witness import content_of, numbers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from noxline.cache.lent import Entry, Lender
    from noxline.inputs.index import Index
    from noxline.warm.witness import Witnesses

ROOT = "@@noxline-root@@"  # stands in texts for the folder of the project


class Lent:
    """A run that was lent: what it says, its results, what was looked at here, and until when it counts."""

    def __init__(self, told: Mapping[str, Any], entries: Sequence[Entry], seen: Witnesses, until: float) -> None:
        self.told, self.entries, self.seen, self.until = told, entries, seen, until

    def rows(self) -> list[tuple[Mapping[str, Any], Entry]]:
        """Return what it says of each task, with the result."""
        return list(zip(self.told["plan"], self.entries, strict=True))


def settle(root: str, arguments: Sequence[str], lender: Lender, lent: Lent, index: Index) -> dict[str, Any]:
    """Keep everything, and return the snapshot for this run; may raise OSError."""
    base = place.root_of(place.default_place(os.environ))
    _make(root, base)
    lists = _keep_lists(root, lent, index)
    taken = lender.fill(f"{base}/blobs", lent.entries, {sha256(text).hexdigest(): text for text in lists})
    entries = [_written(base, entry) for entry in lent.entries]
    _append(f"{base}/usage", f"{taken}\n".encode())
    snapshot = _snapshot(base, lent, entries)
    key = key_of(arguments, root, os.environ, style_key())
    sealed.save(f"{root}/{FOLDER}/{key}", {**snapshot, **_texts(root, lent.told["later"])})
    return {**snapshot, **_texts(root, lent.told["first"])}


def _keep_lists(root: str, lent: Lent, index: Index) -> list[bytes]:
    """Keep the lists of inputs, which tell later runs what changed, and return them: results may come with the same."""
    lists = []
    for patterns in {tuple(row["patterns"]) for row, _ in lent.rows()}:
        listed = index.select(patterns)
        lists.append(listed.text)
        write_new(f"{root}/.noxline/state/inputs/{listed.digest}", lists[-1])
    return lists


def _make(root: str, base: str) -> None:
    """Make the folders, that of the store for its user alone, and let git overlook that of the project's state."""
    os.makedirs(f"{root}/{FOLDER}", exist_ok=True)
    write_new(f"{root}/.noxline/.gitignore", b"*\n")
    os.makedirs(os.path.dirname(base), mode=0o700, exist_ok=True)
    os.makedirs(base, exist_ok=True)


def _written(base: str, entry: Entry) -> tuple[str, tuple[int, ...], str]:
    """Write an entry into the store, and return it as a witness."""
    path = entry_path(f"{base}/entries/{place.LOCAL}", entry.key)
    data = seal(entry.body, path[len(base) + 1 :], None)
    if not write_new(path, data):
        return path, numbers_of(path), content_of(path)
    return path, numbers_of(path), sha256(data).hexdigest()


def _append(path: str, line: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        os.write(number, line)
    finally:
        os.close(number)


def _snapshot(base: str, lent: Lent, entries: Sequence[tuple[str, tuple[int, ...], str]]) -> dict[str, Any]:
    """Return what a rehearsal in this place would have kept, but for the texts."""
    told, rows = lent.told, lent.rows()
    _append(f"{base}/ledger", b"")  # a replay adds its line only where there are lines
    return {
        "made": time.time(),
        "expires": lent.until,
        "sets": [(tuple(row["patterns"]), entry.components["inputs"]) for row, entry in rows],
        "entries": [path for path, _, _ in entries],
        "witnesses": ([*lent.seen[0], *entries], *lent.seen[1:]),
        "blobs": f"{base}/blobs",
        "tasks": [(_safe(row["folder"]), entry.files, entry.log) for row, entry in rows],
        "store": f"{base}/entries/{place.LOCAL}",
        "plan": [(row["task"], tuple(row["patterns"]), entry.components, tuple(row["needs"])) for row, entry in rows],
        "told": "",
        "version": str(told["version"]),
        "exit_code": int(told["exit_code"]),
        "ledger": (f"{base}/ledger", str(told["ledger"]).encode()),
        **{name: told[name] for name in ("verify_rate", "check_rate", "keep_runs")},
    }


def _texts(root: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts of a run with this project's folder in them."""
    texts = {_safe(name): str(text).replace(ROOT, root) for name, text in told["texts"].items()}
    return {"texts": texts, **{name: str(told[name]).replace(ROOT, root) for name in ("out", "err")}}


def _safe(name: str) -> str:
    """Return the name of a file or a folder; raise ValueError for one that leads elsewhere."""
    if not is_inside(name) or "/" in name:
        raise ValueError(f"{name!r} is no name of a file")
    return name
