"""Make a fresh clone warm: take the run that a trusted machine lent for exactly these files, and keep it as our own.

Nothing is believed that is not verified here. The name of the run is made of what there is to be seen in this clone;
each result is an entry of its own, with its own signature, of a fingerprint whose parts are worked out anew as far as
that can be done without the ordinary way. Whatever is missing or wrong leaves the run to the ordinary way.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from noxline.cache.lent import Entry, Lender
    from noxline.inputs.index import Index
    from noxline.warm.shares import Files

RUN_LIFE = 30 * 24 * 3600.0
_REFUSED = (
    "--offline",
    "--no-cache",
    "--refresh",
    "--check-inputs",
    "--affected",
    "--dry-run",
    "--force",
    "--all-tests",
)


def borrow(root: str, arguments: Sequence[str]) -> tuple[dict[str, Any], Index] | None:
    """Return a snapshot for this very run, and the files as they are now; the snapshot for the next one is kept.

    None where no run is lent that fits. A clone that had a run of its own has no need of it.
    """
    if any(argument.startswith(_REFUSED) for argument in arguments) or not _may_have_remote(root):
        return None
    from noxline.cache import fetch

    try:
        return _borrowed(root, arguments)
    except fetch.FetchError as error:
        if error.outage:
            fetch.OUTAGES.append(str(error))
        return None
    except Exception as error:  # noqa: BLE001 - a foreign object of any shape, or a full disk: the ordinary way goes on
        _note(error)
        return None


def _note(error: Exception) -> None:
    """Note what was not believed, for a warning; what else went wrong the ordinary way meets, and tells, itself."""
    from noxline.cache.blobs import UnsoundError
    from noxline.cache.envelope import ForeignError
    from noxline.cache.failures import GarbageError
    from noxline.cache.fetch import REFUSALS
    from noxline.cache.lent import UnfitError

    if isinstance(error, ForeignError | GarbageError | UnfitError | UnsoundError):
        REFUSALS.append(str(error))


def _may_have_remote(root: str) -> bool:
    """Tell whether the settings speak of a remote at all: reading them as TOML costs more than this."""
    if os.environ.get("NOXLINE_CACHE_SIGNING_KEY") or os.environ.get("NOXLINE_CACHE_SCOPE", "trusted") != "trusted":
        return False  # who signs looks at everything himself, and reads no plain local store
    return any(b"remote" in _bytes(f"{root}/{name}") for name in ("config/pipeline.toml", "pyproject.toml"))


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _borrowed(root: str, arguments: Sequence[str]) -> tuple[dict[str, Any], Index] | None:
    from noxline.inputs.listing import begin
    from noxline.warm.remote_settings import cache_settings

    cache = cache_settings(root)
    if not str(cache.get("remote", "")).startswith("http://"):
        return None  # there is none that can be asked in the lean way
    asked = begin(root)  # git lists the files while more is imported
    from noxline.warm.shares import Files

    files = Files(root, asked)
    try:
        lender = _lender(cache)
        return None if lender is None else _found(root, arguments, lender, files)
    finally:
        files.drop()


def _found(root: str, arguments: Sequence[str], lender: Lender, files: Files) -> tuple[dict[str, Any], Index] | None:
    """Return the snapshot and the files; the remote and the interpreters are looked at while a child reads."""
    from noxline.cache import layout
    from noxline.warm import facts

    if not facts.is_plain(root):
        return None
    place = facts.place_of(root, arguments, os.environ)
    index = files.begin()
    if index is None:
        return None
    look = lender.look(facts.KIND, place)
    now = time.time()
    if look is None or not _is_young(look, now):
        return None
    listed: dict[str, list[str] | None] = {}
    seen = facts.witnesses(root, look, listed)  # before they are read: what moves in between is noticed next time
    places = facts.places_seen(root, look, os.environ, seen, listed)
    index.expect(look["sets"])
    from noxline.warm.settle import Lent, settle  # while a child reads, too

    files.end(index)
    name = facts.name_of(place, look, places, index)
    found = lender.run(layout.slots(name, look["max_age"], now))
    if found is None:
        return None
    told, signed = found
    entries = [lender.entry(data, name) for data, name in zip(signed, told["names"], strict=True)]
    _verify(told, entries, look, index)
    until = _until(told, entries, look, now)
    if until <= now:
        return None  # a result is too old
    return settle(root, arguments, lender, Lent(told, entries, seen, until), index), index


def _lender(cache: Mapping[str, Any]) -> Lender | None:
    """Return the remote of the settings; None without keys, or with settings that the ordinary way refuses."""
    from noxline.cache.fetch import Line, credentials
    from noxline.cache.lent import Lender
    from noxline.cache.signing import Keyring

    address = cache["remote"].strip().rstrip("/")
    timeout = cache.get("timeout", 10.0)
    keys = Keyring(cache.get("keys", ()))
    if not keys or type(timeout) not in (int, float):
        return None
    return Lender(Line(address, timeout=float(timeout), headers=credentials(os.environ)), keys)


def _is_young(look: Mapping[str, Any], now: float) -> bool:
    """Tell whether what environments resolve to still counts."""
    return look["until"] is None or now < float(look["until"])


def _verify(told: Mapping[str, Any], entries: Sequence[Entry], look: Mapping[str, Any], index: Index) -> None:
    """Raise UnfitError unless each entry is of the fingerprint that its task has in this clone."""
    from noxline.cache.lent import UnfitError
    from noxline.inputs.variables import values

    outputs: dict[str, str] = {}
    known = {names: values(os.environ, names) for names in {tuple(row["variables"]) for row in told["plan"]}}
    for row, entry in zip(told["plan"], entries, strict=True):
        here = {
            "inputs": index.digest(tuple(row["patterns"])),
            "variables": known[tuple(row["variables"])],
            "environment": look["environments"][row["task"]],
            "needs": {need: outputs.get(need, "none") for need in row["needs"]},
            "machine": "",
        }
        wrong = _differing(here, entry.components, row["patterns"])
        if wrong:
            raise UnfitError(f"a result of another fingerprint ({', '.join(wrong)})")
        outputs[row["task"]] = entry.output


def _differing(here: Mapping[str, Any], parts: Mapping[str, Any], patterns: Sequence[str]) -> list[str]:
    """Return which parts of a fingerprint are not what they are here."""
    wrong = [part for part, value in here.items() if parts[part] != value]
    if parts["definition"]["inputs"] != list(patterns):
        wrong.append("patterns")
    return wrong if _programs_hold(parts["programs"]) else [*wrong, "programs"]


def _programs_hold(programs: Mapping[str, str]) -> bool:
    """Tell whether the programs outside the environments are those that the task had, by path and content."""
    from noxline.inputs.file_digests import content_of

    for name, known in programs.items():
        paths = (f"{folder}/{name}" for folder in os.environ.get("PATH", os.defpath).split(os.pathsep))
        path = next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), "")
        here = f"{path} {content_of('', path.lstrip('/'), os.stat(path).st_mode)[0]}" if path else ""
        if here != known:
            return False
    return True


def _until(told: Mapping[str, Any], entries: Sequence[Entry], look: Mapping[str, Any], now: float) -> float:
    """Return until when all of it counts; one result from the future counts for nothing."""
    ages = [(entry.created, row["max_age"]) for row, entry in zip(told["plan"], entries, strict=True)]
    if any(age is not None and created > now for created, age in ages):
        return 0.0
    limits = [created + float(age) for created, age in ages if age is not None]
    return min([now + RUN_LIFE, *limits, *([float(look["until"])] if look["until"] is not None else [])])
