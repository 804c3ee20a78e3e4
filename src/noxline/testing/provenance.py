"""Follow names from block to block: what may have made that which lies in a place that outlives tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from noxline.testing.facts import Facts
from noxline.testing.lasting import Lasting
from noxline.testing.moves import Change

EVERYWHERE = frozenset({""})
_FINDING = frozenset({"__getattr__", "__getattribute__", "__get__"})
_MAKING = frozenset({"__init__", "__new__", "__init_subclass__", "__set_name__", "__class_getitem__"})
_CALLERS = 3  # how far up the values that were handed down are followed


_NEVER_WATCHED: Mapping[frozenset[str], tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Together:
    """Blocks that ran in one context, and the files whose variables it may reach; None: of any file.

    `tests` are those in whose own contexts this ran; None for what is not a test.
    """

    blocks: frozenset[int]
    reach: frozenset[str] | None
    tests: frozenset[str] | None = None

    def reaches(self, roots: frozenset[str], tests: tuple[str, ...] | None) -> bool:
        """Tell whether the context may have changed something to which only these files lead, in one of these tests."""
        if tests is not None and self.tests is not None and self.tests.isdisjoint(tests):
            return False
        return "" in roots or self.reach is None or not roots.isdisjoint(self.reach)


class Provenance:
    """Answers for each block which blocks may have left it something, beside those that its test ran itself.

    `blocks` and `qualified` are all blocks and their names; `together` is what ran in the contexts of tests and
    fixtures; `changed` the names that held something else after tests than before, `moves` in which tests places moved
    that were watched; `called` names functions that pytest calls. `left` is by the files that lead to a place, and by
    block.
    """

    def __init__(
        self,
        blocks: Sequence[tuple[str, int]],
        qualified: Sequence[str],
        lasting: Lasting,
        *,
        together: Iterable[Together],
        changed: Mapping[str, Change],
        moves: Mapping[frozenset[str], tuple[str, ...]] = _NEVER_WATCHED,
        called: Iterable[str] = (),
    ) -> None:
        self._blocks = blocks
        self._lasting = lasting
        self._together = together
        self.names = [name.rpartition(".")[2].partition("#")[0] for name in qualified]
        self._classes = [name.rpartition(".")[0].rpartition(".")[2].partition("#")[0] for name in qualified]
        self._around = _enclosing(blocks, qualified)
        self._by_name: dict[str, set[int]] = {}
        self._by_class: dict[str, set[int]] = {}
        for number, name in enumerate(self.names):
            self._file_under_its_name(number, name)
        self._special: dict[str, set[int]] = {}
        self._named: dict[int, set[int]] = {}
        self._own = self._by_name.keys() | self._by_class.keys()
        self._callers: dict[str, set[int]] = {}
        self._mentioning: dict[str, set[int]] = {}
        for number in range(len(blocks)):
            self._file_under_what_it_says(number)
        self._computing = {number for number in range(len(blocks)) if self._facts(number).computes}
        self._unnamed = self._named_by_nobody(called)
        self._properties = self._named_any(lasting.properties | _FINDING)
        self.left: dict[frozenset[str], dict[int, set[int]]] = {}
        for place, change in _all_places(lasting, changed, moves).items():
            self._take(place, EVERYWHERE if "" in change.files else frozenset(change.files), change.moves)

    def _file_under_its_name(self, number: int, name: str) -> None:
        if name.startswith("__"):
            self._by_class.setdefault(self._classes[number], set()).add(number)
        else:
            self._by_name.setdefault(name, set()).add(number)

    def _file_under_what_it_says(self, number: int) -> None:
        """Note a block with each function that it calls, and with each name that it mentions."""
        facts = self._facts(number)
        for name in facts.calls.keys() & self._own:
            self._callers.setdefault(name, set()).add(number)
        for name in {*self._lasting.meant(facts.names - facts.defines), self.names[number]}:
            self._mentioning.setdefault(name, set()).add(number)

    def _named_by_nobody(self, called: Iterable[str]) -> set[int]:
        """Return the functions that no block names or whose names stand in strings: what computed names may mean."""
        facts = [self._facts(number) for number in range(len(self.names))]
        said = set[str](called).union(*(self._lasting.meant(one.names) for one in facts))
        strings = self._lasting.strings
        return {n for n, name in enumerate(self.names) if name and (name not in said or name in strings)}

    def _named_any(self, names: set[str] | frozenset[str]) -> set[int]:
        return {number for number, name in enumerate(self.names) if name in names}

    def _facts(self, number: int) -> Facts:
        return self._lasting.facts.get(self._blocks[number], _NOTHING)

    def _take(self, place: frozenset[str], roots: frozenset[str], moves: tuple[str, ...] | None) -> None:
        """Let all who mention a place, and may get there, depend on what may have made its content."""
        who = self._mention(place) or self._computing
        writing = self._writing(place, who)
        made: set[int] = set()
        for context in self._together:
            among = context.blocks
            writers = writing & among if context.reaches(roots, moves) else None
            if writers:
                made |= self._of(writers | self._handed_down(writers, among), among)
        left = self.left.setdefault(roots, {})
        for number in who if made else ():
            left.setdefault(number, set()).update(made)

    def _mention(self, names: Iterable[str]) -> set[int]:
        found = set[int]().union(*(self._mentioning.get(name, ()) for name in names))
        return {number for number in found if self.names[number]}

    def _writing(self, place: frozenset[str], who: set[int]) -> set[int]:
        """Return the blocks that may change a place, those included which reach it through a function that returns it.

        Where none is to be found, all that mention the place may.
        """
        through = {self.names[number] for number in who}
        found = {n for name in place for n in self._by_name.get(name, ())}
        for number in self._mention(place | through):
            facts = self._facts(number)
            if facts.writes & place or facts.through & through or self._lends(facts, place):
                found.add(number)
        return found or who

    def _lends(self, facts: Facts, place: frozenset[str]) -> bool:
        """Tell whether a function of the project gets the content of a place as an argument."""
        return any(callee in self._own and names & place for callee, names in facts.lends.items())

    def _handed_down(self, writers: Iterable[int], among: frozenset[int]) -> set[int]:
        """Return the functions whose results callers may have handed down to these, or to functions around them."""
        found: set[int] = set()
        taking = {one for number in writers for one in (number, *self._around[number]) if self._is_handed(one)}
        wanted = {self._call_name(number) for number in taking}
        known: set[str] = set()
        for _ in range(_CALLERS):
            known |= wanted
            up: set[str] = set()
            for name in wanted:
                for number in self._callers.get(name, set()) & among:
                    facts = self._facts(number)
                    found |= self._functions(facts.calls[name]) & among
                    if name in facts.passes:
                        up.add(self._call_name(number))
            wanted = up - known
        return found

    def _is_handed(self, number: int) -> bool:
        """Tell whether callers hand something to a function; to a special method they did by making its object."""
        return self._facts(number).takes or self.names[number].startswith("__")

    def _call_name(self, number: int) -> str:
        """Return the name by which a function is called: of a special method, its class's."""
        return self._classes[number] if self.names[number].startswith("__") else self.names[number]

    def _functions(self, names: Iterable[str]) -> set[int]:
        """Return the functions that these names may mean."""
        meant = self._lasting.meant(names)
        found = {number for name in meant for number in self._by_name.get(name, ())}
        for name in meant & (self._by_class.keys() | self._lasting.bases.keys()):
            found |= self._specials(name)
        return found

    def _specials(self, name: str) -> set[int]:
        """Return the special methods of a class, those of its bases included: whoever names it may make one."""
        if name not in self._special:
            self._special[name] = set(self._by_class.get(name, ()))
            for base in self._lasting.bases.get(name, ()):
                self._special[name] |= self._specials(base)
        return self._special[name]

    def _operators(self, name: str) -> set[int]:
        """Return the special methods of a class that are called without its name; a module's are named by nobody."""
        return {number for number in self._specials(name) if self.names[number] not in _MAKING} if name else set()

    def _of(self, starts: Iterable[int], among: frozenset[int]) -> set[int]:
        """Return what these blocks may have run of the blocks that ran with them."""
        reached: set[int] = set()
        waiting = [*starts]
        while waiting:
            number = waiting.pop()
            if number in reached or number not in among:
                continue
            reached.add(number)
            facts = self._facts(number)
            if facts.computes:
                waiting += self._unnamed & among
            elif facts.inspects:
                waiting += self._unnamed & self._properties & among
            if number not in self._named:
                self._named[number] = self._functions(facts.names) | self._operators(self._classes[number])
            waiting += self._named[number]
        return reached


_NOTHING = Facts()
_NUMBERED = re.compile(r"#\d+")


def _enclosing(blocks: Sequence[tuple[str, int]], qualified: Sequence[str]) -> list[list[int]]:
    """Return for each block the functions around it, whose parameters it sees."""
    known: dict[tuple[str, str], list[int]] = {}
    plain = [_NUMBERED.sub("", name) for name in qualified]  # which of several of one name is around it, no name says
    for number, ((file, _), name) in enumerate(zip(blocks, plain, strict=True)):
        known.setdefault((file, name), []).append(number)
    found = []
    for (file, _), name in zip(blocks, plain, strict=True):
        parts = name.split(".")
        outer = (known.get((file, ".".join(parts[:end])), ()) for end in range(1, len(parts)))
        found.append([number for numbers in outer for number in numbers])
    return found


def _all_places(
    lasting: Lasting, changed: Mapping[str, Change], moves: Mapping[frozenset[str], tuple[str, ...]]
) -> dict[frozenset[str], Change]:
    """Return the places that last, by the source and as was seen, with the files that lead there."""
    places: dict[frozenset[str], Change] = {}
    for place, files in lasting.places.items():
        places[place] = Change(tuple(files), moves.get(place))
    for name, change in changed.items():
        place = frozenset({name})
        places[place] = change | places[place] if place in places else change
    return places


def left_before(
    blocks: Iterable[int], left: Mapping[frozenset[str], Mapping[int, set[int]]], reach: frozenset[str]
) -> set[int]:
    """Return what a test depends on that ran these blocks and may reach these files, beyond the blocks."""
    ran = set(blocks)
    found = set[int]()
    for roots, made in left.items():
        if "" in roots or not roots.isdisjoint(reach):
            found = found.union(*(made[number] for number in ran & made.keys()))
    return found - ran
