"""The stat cache: the digests of a project's files, read again only where something says that they may have changed.

git only lists the files; what is in them is known from size, times, inode and mode of the file in the work tree, and
from its bytes. A file that is as young as the index is read again next time.
"""

from __future__ import annotations

from array import array
from stat import S_ISDIR, S_ISLNK

from noxline.inputs import sealed
from noxline.inputs.file_digests import (
    ABSENT,
    WIDTH,
    behind,
    content_of,
    digest_now,
    mode_of,
    read_time,
    status_of,
)
from noxline.inputs.input_set import InputSet, digest_of, is_among, joined
from noxline.inputs.listing import Listing, begin, files_among, is_folder, listing
from noxline.inputs.patterns import matcher, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SCHEMA = 3
_BLOCK = 256  # files
_STEP = 200  # changed files; more are not remembered one by one
_STEPS = 64


class Index:
    """The files of one project. `refresh` looks at them; `select` gives those that patterns name."""

    def __init__(self, root: str, path: str, warn: Callable[[str], None]) -> None:
        self.root = root
        self.names: tuple[str, ...] = ()
        self.digests: list[str] = []
        self.by_git = True
        self._path = path
        self._raws: dict[str, bytes] = {}
        self._numbers = array("Q")
        self._unsettled: frozenset[int] = frozenset()  # places of files to be read again whatever their numbers say
        # The digest of a set, its places, what of it git ignores, and the digest of its names where none is absent.
        self._sets: dict[tuple[str, ...], tuple[str, bytes, dict[str, str], str]] = {}
        self._fresh: dict[tuple[str, ...], InputSet] = {}
        self._ignored: dict[tuple[str, ...], dict[str, str]] = {}
        # What led from one digest of a set to the next, and what changed since the digest of a set was last asked for.
        self._steps: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {}
        self._since: dict[tuple[str, ...], tuple[str, dict[str, tuple[str, str]]]] = {}
        self._changed, self._relisted, self._read_files = False, False, 0
        self._load(warn)

    def _load(self, warn: Callable[[str], None]) -> None:
        try:
            content = sealed.load(self._path)
        except sealed.DamagedError as error:
            warn(f"the index of files is damaged ({error}): all files are read again")
            return
        if isinstance(content, tuple) and content[:2] == (_SCHEMA, self.root):
            _, _, self.by_git, self._raws, self.names, numbers, self._unsettled, *rest = content
            self.digests, self._sets, self._steps, self._since = rest
            self._numbers.frombytes(numbers)

    def refresh(self) -> bool:
        """Look at all files again; return whether anything differs from before, but for files that git ignores."""
        self._ignored = {}
        asked = {folder: begin(self._path_of(folder)) for folder in self._raws or ("",)}
        numbers = status_of(self.root, self.names)
        listed = {folder: listing(self._path_of(folder), git) for folder, git in asked.items()}
        self.by_git = listed[""].by_git
        folders = self._new_folders(numbers)
        differs = any(self._is_other(folder, one) for folder, one in listed.items())
        while folders or differs:  # to ask each name whether it is a folder would cost as much as all the rest
            self._relist(listed, folders)
            numbers, differs = status_of(self.root, self.names), False
            folders = self._new_folders(numbers)
        if numbers == self._numbers and not self._unsettled:
            return False
        return self._read(numbers)

    def _is_other(self, folder: str, listed: Listing) -> bool:
        return listed.raw != self._raws.get(folder) or (folder != "" and not is_folder(self._path_of(folder)))

    def _path_of(self, folder: str) -> str:
        return f"{self.root}/{folder}" if folder else self.root

    def _new_folders(self, numbers: array[int]) -> frozenset[str]:
        """Return the names of files that are folders by now."""
        if numbers == self._numbers:
            return frozenset()
        modes = numbers[WIDTH - 1 :: WIDTH]
        return frozenset(self.names[place] for place, mode in enumerate(modes) if S_ISDIR(mode))

    def _relist(self, listed: Mapping[str, Listing], folders: frozenset[str]) -> None:
        """Take the new list of files over, those of repositories inside this one included, and keep known digests."""
        known = {name: place for place, name in enumerate(self.names) if name not in folders}
        new = tuple(sorted(self._entered(listed, folders.union(self._raws))))
        numbers, digests = array("Q"), []
        for place in map(known.get, new):
            if place is None:
                numbers.extend((0,) * WIDTH)
                digests.append(ABSENT)
            else:
                numbers.extend(self._numbers[place * WIDTH : (place + 1) * WIDTH])
                digests.append(self.digests[place])
        self.digests = digests
        unsettled = {self.names[place] for place in self._unsettled}
        self._unsettled = frozenset(place for place, name in enumerate(new) if name in unsettled)
        self.names, self._numbers = new, numbers
        self._sets, self._fresh, self._steps, self._since = {}, {}, {}, {}
        self._changed = self._relisted = True

    def _entered(self, listed: Mapping[str, Listing], folders: frozenset[str]) -> set[str]:
        """Return the names of all files, those of repositories inside this one in place of their folders."""
        names: set[str] = set()
        self._raws = {}
        pending = [("", listed[""])]
        while pending:
            folder, one = pending.pop()
            self._raws[folder] = one.raw
            prefix = f"{folder}/" if folder else ""
            for name in one.names():
                full = prefix + name.rstrip("/")
                if (name.endswith("/") or full in folders) and is_folder(f"{self.root}/{full}"):
                    pending.append((full, listed.get(full) or listing(f"{self.root}/{full}")))
                else:
                    names.add(full)
        return names

    def _read(self, numbers: array[int]) -> bool:
        """Read the files whose numbers differ; return whether one has another digest."""
        now = read_time()
        unsettled = set()
        changes: dict[str, tuple[str, str]] = {}
        places = self._to_read(numbers)
        self._read_files += len(places)
        for place in places:
            start = place * WIDTH
            digest, settled = digest_now(self.root, self.names[place], numbers[start : start + WIDTH], now)
            if not settled:
                unsettled.add(place)
            if digest != self.digests[place]:
                changes[self.names[place]] = self.digests[place], digest
                self.digests[place] = digest
        self._changed = self._changed or numbers != self._numbers or unsettled != self._unsettled
        self._numbers, self._unsettled = numbers, frozenset(unsettled)
        if changes:
            self._forget_digests(changes)
        return bool(changes)

    def _forget_digests(self, changes: dict[str, tuple[str, str]]) -> None:
        """Have the digests of all sets made anew, and remember what changed since they were made."""
        for key, (digest, members, extra, names) in self._sets.items():
            first, earlier = self._since.get(key, (digest, {}))
            if first and len(earlier) + len(changes) <= _STEP:
                self._since[key] = first, joined(earlier, changes)
            else:
                self._since.pop(key, None)
            self._sets[key] = "", members, extra, names
        self._fresh = {}

    def _to_read(self, numbers: array[int]) -> list[int]:
        """Return the places of the files to be read; blocks of files that are as they were are passed over at once."""
        known, found = self._numbers, set(self._unsettled)
        for first in range(0, len(numbers), _BLOCK * WIDTH):
            last = first + _BLOCK * WIDTH
            if numbers[first:last] != known[first:last]:
                found |= {
                    start // WIDTH
                    for start in range(first, min(last, len(numbers)), WIDTH)
                    if numbers[start : start + WIDTH] != known[start : start + WIDTH]
                }
        return sorted(found)

    def changes(self, old: str, new: str) -> dict[str, tuple[str, str]] | None:
        """Return the files whose content led from one digest of a set to another, with both; None when not known."""
        found: dict[str, tuple[str, str]] = {}
        seen = set()
        while new != old:
            if new in seen or new not in self._steps:
                return None
            seen.add(new)
            new, before = self._steps[new]
            found = joined(before, found)
        return found

    def moments(self, patterns: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
        """Return what changes whenever a file that patterns name is written, however alike it is afterwards."""
        numbers = self._numbers
        found = {
            self.names[place]: tuple(numbers[place * WIDTH : (place + 1) * WIDTH]) for place in self._members(patterns)
        }
        found |= {name: tuple(status_of(self.root, [name])) for name in self._named_ignored(patterns)}
        links = [name for name, own in found.items() if S_ISLNK(own[-1])]
        return found | {name: (*found[name], *behind(f"{self.root}/{name}")) for name in links}

    def digest(self, patterns: tuple[str, ...]) -> str:
        """Return the digest of the files that patterns name, without listing them where it is known."""
        kept = self._sets.get(patterns)
        if not kept or kept[2] != self._named_ignored(patterns):
            return self.select(patterns).digest
        return kept[0] or self._digest_anew(patterns, *kept[1:]) or self.select(patterns).digest

    def _digest_anew(self, patterns: tuple[str, ...], places: bytes, extra: dict[str, str], named: str) -> str:
        """Return the digest of files of which only contents changed; nothing where more did."""
        digests = list(map(self.digests.__getitem__, self._members(patterns))) if named and not extra else [ABSENT]
        if ABSENT in digests:
            return ""
        digest = digest_of(digests, named)
        self._note_step(patterns, digest)
        self._sets[patterns] = digest, places, extra, named
        self._changed = True
        return digest

    def select(self, patterns: tuple[str, ...]) -> InputSet:
        """Return the files that patterns name; one that is not listed counts where it is named without a wildcard."""
        extra = self._named_ignored(patterns)
        if patterns in self._fresh and self._sets[patterns][2] == extra:
            return self._fresh[patterns]
        members = self._members(patterns)
        names, digests = self._listed(members)
        if extra:
            rows = sorted({**dict(zip(names, digests, strict=True)), **extra}.items())
            names, digests = [name for name, _ in rows], [digest for _, digest in rows]
        made = InputSet(names, digests)
        self._note_step(patterns, made.digest)
        self._fresh[patterns] = made
        is_whole = len(names) == len(members) and not extra
        self._sets[patterns] = made.digest, members.tobytes(), extra, made.named if is_whole else ""
        self._changed = True
        return made

    def _listed(self, members: array[int]) -> tuple[Sequence[str], Sequence[str]]:
        """Return names and digests of those of the files that are there."""
        names, digests = self.names, self.digests
        if len(members) == len(names) and ABSENT not in digests:
            return names, list(digests)
        if ABSENT in digests:
            members = array("L", filter(digests.__getitem__, members))
        return list(map(names.__getitem__, members)), list(map(digests.__getitem__, members))

    def _note_step(self, patterns: tuple[str, ...], digest: str) -> None:
        """Note what of a set's files led from its last digest to this one."""
        old, changes = self._since.pop(patterns, ("", {}))
        if not old or old == digest:
            return
        members = self._members(patterns)
        self._steps.pop(digest, None)
        self._steps[digest] = old, {name: pair for name, pair in changes.items() if is_among(self.names, members, name)}
        while len(self._steps) > _STEPS:
            del self._steps[next(iter(self._steps))]

    def _members(self, patterns: tuple[str, ...]) -> array[int]:
        members = array("L")
        if patterns in self._sets:
            members.frombytes(self._sets[patterns][1])
            return members
        wanted = matcher(patterns)
        members.extend(place for place, name in enumerate(self.names) if wanted(name))
        return members

    def _named_ignored(self, patterns: tuple[str, ...]) -> dict[str, str]:
        """Return the digests of files that are not listed and that patterns name; these are read each time."""
        names = named(patterns)
        if names and names not in self._ignored:
            self._ignored[names] = self._read_ignored(names)
        found = self._ignored.get(names, {})
        if not found or not any(pattern[:1] == "!" for pattern in patterns):
            return found
        wanted = matcher(patterns)
        return {name: digest for name, digest in found.items() if wanted(name)}

    def _read_ignored(self, names: tuple[str, ...]) -> dict[str, str]:
        files = files_among(self.root, names)
        if files:
            files.difference_update(self.names)
        return {name: content_of(self.root, name, mode_of(f"{self.root}/{name}"))[0] for name in sorted(files)}

    @property
    def is_dear(self) -> bool:
        """Tell whether another look like this one would cost more than keeping what this one found."""
        return self._relisted or self._read_files > _STEP

    def save(self) -> None:
        """Keep what is known for the next run; may raise OSError."""
        if self._changed:
            numbers = self._numbers.tobytes()
            known = (self.names, numbers, self._unsettled, self.digests, self._sets, self._steps, self._since)
            sealed.save(self._path, (_SCHEMA, self.root, self.by_git, self._raws, *known))
            self._changed = False
