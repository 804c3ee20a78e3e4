"""Split tests into shards of equal time: the longest first, those that share costly fixtures together where that pays.

Greedy by descending weight is Graham's LPT rule (SIAM Journal on Applied Mathematics 17, 1969).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    _Unit = tuple[float, frozenset[str], tuple[str, ...]]  # own seconds, shared fixtures, tests
    _Place = tuple[str, str]  # the kind of what keeps tests together, and its name

# No test is free: setting it up costs about a millisecond even where its own time rounds to nothing.
_LEAST_SECONDS = 0.001
_FINE = 1.02  # how close to the best possible is close enough to leave the other files whole
# A kept split is given up only beyond this, half of the promised 10 %, and for one that is clearly better.
WORTH = 1.05
_CLEARLY = 0.97


class Known:
    """What is known of tests: seconds of their own, the shared fixtures they use with the seconds of each, groups."""

    def __init__(
        self,
        seconds: Mapping[str, float] | None = None,
        uses: Mapping[str, Sequence[str]] | None = None,
        costs: Mapping[str, float] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        self.seconds = seconds or {}
        self.uses = uses or {}
        self.costs = costs or {}
        self.groups = groups or {}


def file_of(name: str) -> str:
    """Return the file of a test of pytest, the class of one of unittest.

    >>> file_of("tests/test_a.py::test_b[x::y]"), file_of("tests.test_a.Case.test_b")
    ('tests/test_a.py', 'tests.test_a.Case')
    """
    path, colons, _ = name.partition("::")
    return path if colons else name.rpartition(".")[0]


class Piece:
    """Tests that go to one shard together; `parts` are the units in it that are never torn, in order."""

    __slots__ = ("needs", "own", "parts")

    def __init__(self, parts: Sequence[_Unit]) -> None:
        self.parts = parts
        self.own = sum(part[0] for part in parts)
        self.needs = frozenset().union(*(part[1] for part in parts))

    @property
    def ids(self) -> list[str]:
        """Return the tests."""
        return [name for part in self.parts for name in part[2]]

    def cut(self, seconds: float) -> tuple[Piece, Piece]:
        """Return the piece cut in two, the first of about so many seconds; it holds at least two units."""
        passed, end = 0.0, 1
        for index, part in enumerate(self.parts[:-1], start=1):
            passed += part[0]
            end = index
            if passed + self.parts[index][0] / 2 >= seconds:
                break
        return Piece(self.parts[:end]), Piece(self.parts[end:])


class Weights:
    """Turns tests into pieces with their weights; a test of unknown duration weighs the median of its file."""

    def __init__(self, ids: Sequence[str], known: Known) -> None:
        self.costs = known.costs
        self._known = known
        by_file: dict[str, list[float]] = {}
        for name in ids:
            if name in known.seconds:
                by_file.setdefault(file_of(name), []).append(known.seconds[name])
        self._medians = {file: median(values) for file, values in by_file.items()}
        self._typical = median([value for values in by_file.values() for value in values]) if by_file else 1.0

    def seconds(self, name: str) -> float:
        """Return the seconds of a test, known or guessed."""
        known = self._known.seconds.get(name)
        if known is None:
            known = self._medians.get(file_of(name), self._typical)
        return max(known, _LEAST_SECONDS)

    def cost(self, needs: Iterable[str]) -> float:
        """Return the seconds that setting up these shared fixtures takes."""
        return sum(self.costs[key] for key in sorted(needs))

    def weight(self, piece: Piece) -> float:
        """Return the seconds of a piece that is alone in a shard."""
        return piece.own + self.cost(piece.needs)

    def pieces(self, ids: Iterable[str]) -> list[Piece]:
        """Return one piece for each test, group of tests, and file of tests with shared fixtures that take time.

        Single tests average out what is wrong with their durations, which whole files do not. Files that share a
        fixture that takes longer than they themselves do begin as one piece.
        """
        files: dict[_Place, list[_Unit]] = {}
        for place, names in self._never_torn(ids).items():
            unit = self._unit(names)
            in_file = unit[1] and not place[0]
            files.setdefault(("file", file_of(names[0])) if in_file else place, []).append(unit)
        merged: dict[_Place, list[_Unit]] = {}
        for place, units in files.items():
            merged.setdefault(self._dearest(Piece(units)) or place, []).extend(units)
        return [Piece(units) for units in merged.values()]

    def _never_torn(self, ids: Iterable[str]) -> dict[_Place, list[str]]:
        groups = self._known.groups
        together: dict[_Place, list[str]] = {}
        for name in sorted(set(ids)):
            together.setdefault(("group", groups[name]) if name in groups else ("", name), []).append(name)
        return together

    def _unit(self, names: Sequence[str]) -> _Unit:
        needs = frozenset(use for name in names for use in self._known.uses.get(name, ()) if use in self.costs)
        return sum(self.seconds(name) for name in names), needs, tuple(names)

    def _dearest(self, piece: Piece) -> _Place | None:
        dear = [key for key in piece.needs if self.costs[key] > piece.own]
        return ("shared", max(dear, key=lambda key: (self.costs[key], key))) if dear else None


class Shards:
    """The pieces that each shard holds so far."""

    def __init__(self, weights: Weights, count: int) -> None:
        self.weights = weights
        self.pieces: list[list[Piece]] = [[] for _ in range(count)]
        self.loads = [0.0] * count
        self._there: list[set[str]] = [set() for _ in range(count)]

    def put(self, piece: Piece, shard: int) -> None:
        """Put a piece into a shard."""
        self.loads[shard] = self._with(piece, shard)
        self.pieces[shard].append(piece)
        self._there[shard] |= piece.needs

    def deal(self, pieces: Iterable[Piece]) -> Shards:
        """Put each piece, the heaviest first, where the shard is then the shortest."""
        for piece in sorted(pieces, key=lambda piece: (-self.weights.weight(piece), piece.parts[0][2][0])):
            self.put(piece, min(range(len(self.loads)), key=lambda shard: (self._with(piece, shard), shard)))
        return self

    def _with(self, piece: Piece, shard: int) -> float:
        return self.loads[shard] + piece.own + self.weights.cost(piece.needs - self._there[shard])

    @property
    def best(self) -> float:
        """Return the bound that no split of these tests beats: the mean, or the longest unit."""
        pieces = [piece for pieces in self.pieces for piece in pieces]
        needs = frozenset().union(*{piece.needs for piece in pieces})
        mean = (sum(piece.own for piece in pieces) + self.weights.cost(needs)) / len(self.loads)
        return max([mean, *(own + self.weights.cost(uses) for own, uses, _ in _units(pieces))])

    @property
    def imbalance(self) -> float:
        """Return the longest shard over the best possible: 1.0 cannot be better."""
        best = self.best
        return max(self.loads) / best if best else 1.0

    @property
    def ids(self) -> list[list[str]]:
        """Return the tests of each shard, sorted."""
        return [sorted(name for piece in pieces for name in piece.ids) for pieces in self.pieces]


def split(ids: Iterable[str], known: Known, count: int) -> list[list[str]]:
    """Return `count` disjoint, sorted lists that together hold all ids, none empty while there are enough units.

    >>> split(["a::x", "a::y", "b::z"], Known({"a::x": 2.0, "a::y": 1.0, "b::z": 1.0}), 2)
    [['a::x'], ['a::y', 'b::z']]
    """
    return _filled(_balanced(sorted(set(ids)), known, count)).ids


def _balanced(ids: Sequence[str], known: Known, count: int) -> Shards:
    weights = Weights(ids, known)
    shards = Shards(weights, count).deal(weights.pieces(ids))
    best = shards.best
    tried: set[Piece] = set()
    while (over := max(shards.loads) - best) > (_FINE - 1) * best:
        longest = shards.pieces[shards.loads.index(max(shards.loads))]
        candidates = [piece for piece in longest if len(piece.parts) > 1 and piece not in tried]
        if not candidates:
            break
        piece = max(candidates, key=lambda piece: (piece.own, piece.parts[0][2][0]))
        tried.add(piece)
        shards = _with_torn(piece, over, shards)
    return shards


def _with_torn(piece: Piece, over: float, shards: Shards) -> Shards:
    """Return all pieces dealt anew with this one torn, of a shard too long by `over`; as they were if no better."""
    others = [other for pieces in shards.pieces for other in pieces if other is not piece]
    for seconds in (piece.own - over, piece.own / 2):
        halves = piece.cut(seconds)
        trial = Shards(shards.weights, len(shards.loads)).deal([*others, *halves])
        if _pays(shards.weights, piece, halves) and _uneven(trial) < _uneven(shards):
            return trial
    return shards


def _pays(weights: Weights, piece: Piece, halves: Sequence[Piece]) -> bool:
    """Tell whether tearing a piece saves more than setting up its shared fixtures once more costs."""
    again = sum(weights.weight(half) for half in halves) - weights.weight(piece)
    return again <= min(half.own for half in halves)


def _uneven(shards: Shards) -> float:
    """Return a figure that falls as shards get equal, also while several are the longest."""
    return sum(load * load for load in shards.loads)


def _filled(shards: Shards) -> Shards:
    """Give each empty shard a unit of the longest one that can spare it."""
    pieces = [list(held) for held in shards.pieces]
    while [] in pieces and (donor := _donor(pieces)):
        empty = pieces.index([])
        *kept, given = sorted(_units(donor), key=lambda unit: (-unit[0], unit[2]))
        donor[:], pieces[empty] = [Piece([unit]) for unit in kept], [Piece([given])]
    filled = Shards(shards.weights, len(pieces))
    for shard, held in enumerate(pieces):
        for piece in held:
            filled.put(piece, shard)
    return filled


def _donor(pieces: Sequence[list[Piece]]) -> list[Piece] | None:
    """Return what the longest shard that can spare a unit holds."""
    rich = [held for held in pieces if len(_units(held)) > 1]
    return max(rich, key=lambda held: sum(unit[0] for unit in _units(held)), default=None)


def _units(pieces: Sequence[Piece]) -> list[_Unit]:
    return [unit for piece in pieces for unit in piece.parts]


def keep(old: Sequence[Sequence[str]], ids: Iterable[str], known: Known) -> list[list[str]]:
    """Return an old split for the tests as they are now: those it knows stay, only new ones are placed."""
    return _kept(old, sorted(set(ids)), known).ids


def _kept(old: Sequence[Sequence[str]], ids: Sequence[str], known: Known) -> Shards:
    place = {name: shard for shard, names in enumerate(old) for name in names}
    weights = Weights(ids, known)
    shards = Shards(weights, len(old))
    new: list[Piece] = []
    for piece in weights.pieces(ids):
        strangers = []
        for part in piece.parts:
            homes = [place[name] for name in part[2] if name in place]
            if homes:
                shards.put(Piece([part]), homes[0])
            else:
                strangers.append(part)
        new += [Piece(strangers)] if strangers else []
    return _filled(shards.deal(new))


def keep_or_resplit(
    old: Sequence[Sequence[str]] | None, ids: Iterable[str], known: Known, count: int
) -> list[list[str]]:
    """Return the old split with new tests placed; a fresh one when that is worth throwing away what rests on the old.

    It is when the longest shard is more than 5 % above the best possible and a fresh split is clearly better.
    """
    names = sorted(set(ids))
    if old is None or len(old) != count:
        return split(names, known, count)
    kept = _kept(old, names, known)
    if kept.imbalance <= WORTH:
        return kept.ids
    fresh = _filled(_balanced(names, known, count))
    return fresh.ids if max(fresh.loads) < _CLEARLY * max(kept.loads) else kept.ids


def digest(ids: Iterable[str]) -> str:
    """Return a digest of a bag of ids that does not depend on their order.

    It is the sum of their SHA-256, so that the digests of parts add up to that of the whole.

    >>> int(digest(["a", "b"]), 16) == (int(digest(["a"]), 16) + int(digest(["b"]), 16)) % 2**256
    True
    """
    total = sum(int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest(), "big") for name in ids)
    return f"{total % 2**256:064x}"
