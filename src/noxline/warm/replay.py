"""Replay a run in which nothing changed. Whatever is not as the rehearsal saw it leaves the run to the ordinary way.

This module is imported by every run of every user, so it imports next to nothing.
"""

from __future__ import annotations

import os
import sys
import time

from noxline.inputs import sealed
from noxline.inputs.canonical import digest
from noxline.inputs.lots import is_chosen, new_run_id
from noxline.warm.key import FOLDER, key_of, style_key
from noxline.warm.witness import has_failed, hold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TextIO

    from noxline.inputs.index import Index

# They stand in the rehearsal's texts where the run's own id, times and commit belong.
RUN_ID = "00000000-000000-0000"
STARTED_AT = "0001-01-01T00:00:00+00:00"
DRY_RUN = "--dry-run"
LAST_SEEN, FAILED = "fingerprints", "failed"  # the files of last_seen.py
# The id of a run that was not replayed because a lot fell on one of its tasks: the ordinary way draws the same by it.
DRAWN: list[str] = []
SECONDS = 98765.4321
HUMAN_SECONDS = "27 h 26 min"
COMMIT = "0" * 39 + "1"


def find_root(folder: str) -> str:
    """Return the project around a folder that has snapshots; nothing when there is none."""
    while not os.path.isdir(f"{folder}/{FOLDER}"):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    return folder


def replay(arguments: Sequence[str]) -> int | None:
    """Replay the run that these arguments ask for and return its exit code; None: it has to run the ordinary way."""
    began = time.monotonic()
    try:
        here = os.getcwd()
    except OSError:
        return None  # the folder is gone: the ordinary way says so
    root = find_root(here)
    if root:
        return _kept(root, here, arguments, began)
    # Whoever ran something here asks no more: where no snapshot is ever kept, each run would pay for the question.
    fresh = arguments[0] == "ci" and os.path.isdir(f"{here}/.git") and not os.path.exists(f"{here}/.noxline/runs")
    return _borrowed(here, arguments, began) if fresh else None


def _kept(root: str, here: str, arguments: Sequence[str], began: float) -> int | None:
    """Replay, or tell, what a rehearsal in this work tree kept."""
    snapshot = _snapshot(root, here, arguments)
    index = _files(root, snapshot) if snapshot else None
    if snapshot is None or index is None:
        return None
    if arguments[0] == "plan" or DRY_RUN in arguments:
        return _tell(root, snapshot, index)
    return _replay(root, snapshot, index, began)


def _borrowed(root: str, arguments: Sequence[str], began: float) -> int | None:
    """Replay a run that was lent, in a clone that had none of its own."""
    import gc

    from noxline.warm.borrow import borrow

    gc.disable()  # nothing goes in circles here, and to look for that again and again takes a tenth of the time
    try:
        found = borrow(root, arguments)
        if found is None or has_failed(f"{root}/.noxline/state/{FAILED}", found[0]["plan"]):
            return None
        return _replay(root, *found, began)
    finally:
        gc.enable()


def _snapshot(root: str, here: str, arguments: Sequence[str]) -> dict[str, Any] | None:
    """Return the snapshot for these arguments; None when there is none that can be believed."""
    try:
        content = sealed.load(f"{root}/{FOLDER}/{key_of(plain(arguments), here, os.environ, style_key())}")
    except (sealed.DamagedError, OSError, ValueError):
        return None  # the ordinary way says what is damaged, and a new rehearsal writes the snapshot anew
    return content if isinstance(content, dict) else None


def _replay(root: str, snapshot: Mapping[str, Any], index: Index, began: float) -> int | None:
    """Replay a run unless an input differs, or the lot falls on one of its tasks."""
    if any(index.digest(patterns) != known for patterns, known in snapshot["sets"]):
        return None
    run_id = new_run_id()
    if _is_drawn(run_id, snapshot):
        DRAWN.append(run_id)
        return None
    _save(index)
    return _run(root, snapshot, run_id, began)


def _is_drawn(run_id: str, snapshot: Mapping[str, Any]) -> bool:
    """Tell whether the lot falls on a task whose result is to be verified, or whose inputs are to be checked."""
    names = [task[0] for task in snapshot["plan"]]
    lots = ((f"verify {run_id}", snapshot["verify_rate"]), (run_id, snapshot["check_rate"]))
    return any(is_chosen(lot, name, rate) for lot, rate in lots if rate for name in names)


def plain(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of the run that `plan` or `ci --dry-run` speaks of."""
    return ["ci", *(argument for argument in arguments[1:] if argument != DRY_RUN)]


def _files(root: str, snapshot: Mapping[str, Any]) -> Index | None:
    """Return the files as they are now; None when what else was read of the project differs, or it is too late."""
    from noxline.inputs import commit
    from noxline.inputs.index import Index

    if snapshot["version"] and snapshot["version"] != commit.version_source(root):
        return None
    if not snapshot["made"] <= time.time() < snapshot["expires"] or not hold(snapshot["witnesses"]):
        return None
    if has_failed(f"{root}/.noxline/state/{FAILED}", snapshot["plan"]):
        return None
    warned: list[str] = []
    index = Index(root, f"{root}/.noxline/state/index", warned.append)
    index.refresh()
    return None if warned else index


def _tell(root: str, snapshot: Mapping[str, Any], index: Index) -> int | None:
    """Print what a run would do."""
    from noxline.warm.decide import decisions

    told = decisions(root, snapshot, index)
    if told is None or not snapshot["told"]:
        return None
    if index.is_dear:
        _save(index)
    text = snapshot["told"]
    for name, decision in told.items():
        text = text.replace(f"@@{name}@@", decision)
    _say(sys.stdout, text)
    return 0


def _save(index: Index) -> None:
    try:
        index.save()
    except OSError:
        return  # a full disk: the next run reads some files again


def _run(root: str, snapshot: Mapping[str, Any], run_id: str, began: float) -> int | None:
    directory = f"{root}/.noxline/runs/{run_id}"
    try:
        os.makedirs(f"{directory}/tasks")
        if not _restore(directory, snapshot):
            remove(directory)
            return None
        fill = _filler(root, run_id, began)
        for name, text in snapshot["texts"].items():
            _write(f"{directory}/{name}", fill(text))
        _write(f"{root}/.noxline/runs/last", f"{run_id}\n")
        _prune(f"{root}/.noxline/runs", snapshot["keep_runs"], run_id)
        _note(f"{root}/.noxline/state/{LAST_SEEN}", snapshot["plan"])
    except OSError:
        remove(directory)
        return None  # the ordinary way says what the disk refuses
    except KeyboardInterrupt:
        remove(directory)
        raise
    _say(sys.stdout, fill(snapshot["out"]))
    _say(sys.stderr, fill(snapshot["err"]))
    return int(snapshot["exit_code"])


def _note(path: str, plan: Sequence[tuple[str, tuple[str, ...], dict[str, Any], tuple[str, ...]]]) -> None:
    """Note the fingerprints of this run as the newest, which tell later runs why they differ; may raise OSError."""
    try:
        rows = sealed.load(path)
    except sealed.DamagedError:
        return  # the ordinary way says so
    known = rows if isinstance(rows, dict) else {}
    other = {name: made for name, _, made, _ in plan if name not in known or known[name][1] != made}
    if other:
        sealed.save(path, {**known, **{name: (digest(made), made, "passed") for name, made in other.items()}})


def _say(stream: TextIO, text: str) -> None:
    """Bring text out; a stream that takes none any more changes nothing of a run that is over."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        from noxline.reports.outlet import Outlet

        failed = Outlet(stream)
        failed.flush()  # it says what there is to say, once, and has the rest go nowhere


def _restore(directory: str, snapshot: Mapping[str, Any]) -> bool:
    """Put the outputs of all tasks in their places, each file verified; mark what is used as used."""
    from noxline.cache.blobs import restore_files, touch

    blobs = snapshot["blobs"]
    for folder, files, (size, known) in snapshot["tasks"]:
        place = f"{directory}/tasks/{folder}"
        if not restore_files(blobs, files, f"{place}/output"):
            return False
        if not restore_files(blobs, [("log.txt", size, known, False)], f"{place}/.log"):
            return False
        os.rename(f"{place}/.log/log.txt", f"{place}/log.txt")
        os.rmdir(f"{place}/.log")
    touch(snapshot["entries"])
    _count(snapshot)
    return True


def _count(snapshot: Mapping[str, Any]) -> None:
    """Add a line to the ledger of the store (cache/ledger.py), where that can be written."""
    path, line = snapshot["ledger"]
    try:
        number = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return  # a tally more or less decides nothing
    try:
        os.write(number, line)
    except OSError:
        pass  # as above
    finally:
        os.close(number)


def _filler(root: str, run_id: str, began: float) -> Callable[[str], str]:
    """Return a function that puts this run's id, times and commit where the rehearsal's stand."""
    from noxline.inputs import commit

    seconds = time.monotonic() - began
    started = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - seconds))
    head = commit.head(root)
    pairs = (
        (RUN_ID, run_id),
        (STARTED_AT, started),
        (str(SECONDS), f"{seconds:.4f}"),
        (HUMAN_SECONDS, f"{seconds:.1f} s"),
        (COMMIT, head),
    )

    def fill(text: str) -> str:
        for placeholder, value in pairs:
            text = text.replace(placeholder, value)
        return text

    return fill


def _write(path: str, text: str) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.replace(temporary, path)


def _prune(runs: str, keep: int, current: str) -> None:
    """Remove the oldest runs, as the ordinary way does."""
    with os.scandir(runs) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir())
    for name in names[: max(0, len(names) - max(keep, 1))]:
        if name != current:
            remove(f"{runs}/{name}")


def remove(folder: str) -> None:
    """Remove a folder, if it is there."""
    from noxline.cache import blobs

    blobs.remove(folder)
