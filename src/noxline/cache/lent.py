"""What comes from a remote in the lean way: signed objects, and entries as plain rows, before anything is imported.

The rules are those of `remote.py` and `codec.py`: nothing is unpacked or parsed before its signature holds, and an
entry is of the fingerprint that was asked for.
"""

from __future__ import annotations

from noxline.cache import frames, layout
from noxline.cache.blobs import is_inside
from noxline.cache.envelope import HEADER, unseal
from noxline.cache.failures import MissingError
from noxline.cache.fetch import Line
from noxline.cache.placing import put_chunks
from noxline.cache.plain_json import parse
from noxline.cache.signing import TRUSTED, Keyring
from noxline.inputs.canonical import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

ENTRY_SCHEMA = 1  # that of codec.py
LARGEST_RUN = 32_000_000  # bytes of a run: what it says, and the entries that it brings along
_TEXTS = 64_000_000  # bytes of what it says, unpacked
_LARGEST_FILE = 1 << 40


class UnfitError(Exception):
    """It is not what was asked for; the run goes the ordinary way, which says what there is to say."""


class Lender:
    """The trusted part of a remote, as somebody sees it who only reads."""

    def __init__(self, line: Line, keys: Keyring) -> None:
        self._line = line
        self._keys = keys
        self._prefix = f"{layout.VERSION}/{TRUSTED}/"

    def look(self, kind: str, place: str) -> Mapping[str, Any] | None:
        """Return the record that says where to look."""
        name = layout.record_name(kind, place)
        content = self._signed([(name, "record", name)], layout.RECORD_SENT)
        if content is None:
            return None
        document = parse(frames.decompress_up_to(content, layout.RECORD))
        if (document["kind"], document["key"]) != (kind, place):
            raise UnfitError("a record of another key")
        value: Mapping[str, Any] = document["value"]
        return value

    def run(self, names: Iterable[str]) -> tuple[Mapping[str, Any], list[bytes]] | None:
        """Return what a run says, and the entries that it brings along, as they were signed; None without one."""
        content = self._signed([(layout.run_name(name), "run", name) for name in names], LARGEST_RUN)
        if content is None:
            return None
        head, rest = layout.cut(content)
        document = parse(frames.decompress_up_to(head, _TEXTS))
        entries, at = [], 0
        for size in document["sizes"]:
            entries.append(bytes(rest[at : at + size]))
            at += size
        return document, entries

    def entry(self, data: bytes, name: str) -> Entry:
        """Return an entry that lies under a name."""
        content = unseal(data, self._keys, namespace=TRUSTED, kind="entry", name=name)
        return Entry(frames.decompress_up_to(content, layout.LARGEST_BODY), name.partition(".")[0])

    def fill(self, blobs: str, entries: Iterable[Entry], here: Mapping[str, bytes]) -> int:
        """Put the files of all entries into the store of this disk; return the space that they take.

        What is `here` already, under its digest, is not asked for.
        """
        wanted, taken = dict[str, int](), 0
        for entry in entries:
            at_hand = {**here, **entry.pack}
            for sha, size in entry.sizes:
                if sha in at_hand:
                    taken += put_chunks(blobs, (at_hand[sha],), size, sha)
                else:
                    wanted[sha] = size
        return taken + self._fetch(blobs, wanted)

    def _fetch(self, blobs: str, wanted: Mapping[str, int]) -> int:
        taken = 0
        pieces = (part for sha, size in wanted.items() for part in layout.part_names(sha, size))
        coming = self._line.get((f"{self._prefix}{name}", frames.largest(size)) for name, size in pieces)
        for sha, size in wanted.items():
            taken += put_chunks(blobs, _content(coming, sha, size), size, sha)
        return taken

    def _signed(self, names: list[tuple[str, str, str]], limit: int) -> bytes | None:
        """Return the first of some objects that is there and that a listed key signed as what it is."""
        found: bytes | None = None
        for (_, kind, name), data in zip(
            names, self._line.get((f"{self._prefix}{place}", limit + HEADER) for place, _, _ in names), strict=True
        ):
            if data is not None and found is None:
                found = unseal(data, self._keys, namespace=TRUSTED, kind=kind, name=name)
        return found


class Entry:
    """An entry as it came: `body` is its JSON, `pack` holds the files that travelled with it, not verified yet."""

    def __init__(self, content: bytes, key: str) -> None:
        self.body, rest = layout.cut(content)
        row = parse(self.body)
        fingerprint = row["fingerprint"]
        own = digest(fingerprint["components"])
        if row["schema"] != ENTRY_SCHEMA or row["machine"] or not fingerprint["digest"] == own == key:
            raise UnfitError("an entry of another fingerprint")
        self.key = key
        self.components: dict[str, Any] = fingerprint["components"]
        self.created = float(row["created"])
        self.output = str(row["output_digest"])
        self.files = [_file(file) for file in row["files"]]
        log, inputs = _file(row["log"]), _file(row["inputs"])
        self.log = log[1:3]
        self.sizes = {(sha, size) for _, size, sha, _ in (*self.files, log, inputs)}
        self.pack = dict(_unpacked(rest, layout.packed(self.sizes)))


def _file(row: Mapping[str, Any]) -> tuple[str, int, str, bool]:
    path, size, sha, executable = row["path"], row["size"], row["sha256"], row["executable"]
    shaped = type(path) is str and type(size) is int and type(sha) is str and type(executable) is bool
    if not shaped or not is_inside(path) or not 0 <= size <= _LARGEST_FILE or len(sha) != 64 or not sha.isalnum():
        raise UnfitError("an entry with a file that cannot be")
    return path, size, sha, executable


def _unpacked(rest: memoryview, order: list[tuple[str, int]]) -> Iterator[tuple[str, bytes]]:
    if len(rest) != sum(size for _, size in order):
        raise UnfitError("an entry without the small files that it names")
    at = 0
    for sha, size in order:
        yield sha, bytes(rest[at : at + size])
        at += size


def _content(coming: Iterator[bytes | None], sha: str, size: int) -> Iterator[bytes]:
    for _, length in layout.part_names(sha, size):
        data = next(coming)
        if data is None:
            raise MissingError("a file of a result is not there any more")
        yield frames.decompress(data, length)
