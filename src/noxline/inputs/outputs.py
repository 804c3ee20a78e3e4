"""The normalised view of what a task left: equal for two runs that came to the same, whatever the clock and machine.

Its digest enters the fingerprints of the tasks that need this one, so that an unchanged output stops a rebuild early.
docs/decisions/0009-normalised-outputs.md says what counts and what does not.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256

from noxline.inputs import normal_archive, normal_json
from noxline.inputs.canonical import digest
from noxline.inputs.normal_coverage import SIDE_FILES, Measured
from noxline.inputs.normal_records import Recorded
from noxline.inputs.normal_text import Places, lines, page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Part of every digest of a view. 1: the first.
VERSION = 1
COVERAGE = "coverage.data"
ROOT = "coverage.root"
RECORDS = "tests/*.jsonl"
# Times and a place alone; what coverage keeps for its own next HTML report: digests of settings and data; what is known
# of single tests, and how many of them ran: the results of all of them are in the other files.
_LEFT_OUT = frozenset({"durations.json", ROOT, "htmlcov/status.json", "impact.bin", "selection.json"})
_LISTS = frozenset({"coverage.unavailable", "sphinx-warnings.txt"})
# What is wrong with a file of a known kind, in the words of those who read it; it then counts by its bytes.
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


def output_view(folder: str, root: str) -> dict[str, str]:
    """Return the digest of the normalised content of each file in an output directory, by relative name.

    Files that processes share out among themselves stand under one name. Raise OSError for what cannot be read.
    """
    places = Places(root, folder)
    view: dict[str, str] = {}
    shared: dict[str, list[str]] = {}
    for name in sorted(_names(folder)):
        path = os.path.join(folder, *name.split("/"))
        merged = _merged_name(name)
        if merged:
            shared.setdefault(merged, []).append(path)
        elif name not in _LEFT_OUT and not name.startswith(COVERAGE):
            view[name] = _one(name, path, places)
    for merged, paths in shared.items():
        view[merged] = _together(Measured(places) if merged == COVERAGE else Recorded(places), paths, places)
    return view


def output_digest(view: dict[str, str]) -> str:
    """Return the digest of a view, which stands for everything the task left."""
    return digest(["outputs", VERSION, view])


def _names(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_raise):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in (*files, *links):
            yield os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # a task that left nothing has no folder
        raise error


def _merged_name(name: str) -> str:
    """Return the name under which a file counts together with others; empty when it stands alone.

    >>> _merged_name("coverage.data.host.pid7.Xa"), _merged_name("tests/7-1.jsonl"), _merged_name("coverage.rc")
    ('coverage.data', 'tests/*.jsonl', '')
    """
    folder, _, file = name.rpartition("/")
    if not folder and file.startswith(COVERAGE) and not file.endswith(SIDE_FILES):
        return COVERAGE
    return RECORDS if folder == "tests" and file.endswith(".jsonl") else ""


def _one(name: str, path: str, places: Places) -> str:
    """Return the digest of one file by what counts of it; links by where they lead, as they stand."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return digest(["link", places.text(os.readlink(path))])
    if not stat.S_ISREG(mode):
        return digest(["special", stat.S_IFMT(mode)])
    kind = _archive(path) if name.endswith(normal_archive.SUFFIXES) else _kind(name)
    executable = bool(mode & stat.S_IXUSR)
    content = _bytes(path)
    if kind is not None:
        try:
            return digest(["known", executable, kind(content, places)])
        except _DAMAGE:
            pass  # no whole file of its kind: its bytes are all that can be compared
    return digest(["raw", executable, sha256(places.data(content)).hexdigest()])


def _archive(path: str) -> Callable[[bytes, Places], object]:
    return lambda _content, _places: normal_archive.members(path)


def _kind(name: str) -> Callable[[bytes, Places], object] | None:
    """Return how to read a file, by its name; None for one of which nothing is known."""
    from noxline.inputs import normal_xml

    if name in normal_json.KNOWN:
        return lambda content, places: normal_json.report(name, content, places)
    if name in _LISTS:
        return lines
    exact = {
        "benchmark.json": normal_json.benchmarks,
        "coverage.xml": normal_xml.coverage,
        "junit.xml": normal_xml.junit,
        "html/sitemap.xml": normal_xml.site_map,
        "html/sitemap.xml.gz": normal_xml.site_map,
    }
    if name.endswith(".sarif"):
        return normal_json.sarif
    return page if name.endswith(".html") else exact.get(name)


def _together(union: Measured | Recorded, paths: list[str], places: Places) -> str:
    """Return the digest of the union of some files; one that is damaged counts by its bytes."""
    damaged = []
    for path in paths:
        try:
            union.add(path)
        except _DAMAGE:
            damaged.append(sha256(places.data(_bytes(path))).hexdigest())
    return digest([union.plain(), sorted(damaged)])


def _bytes(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()
