"""Follow names from block to block: what may have made that which lies in a place that outlives tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from noxline.testing.altering import Altering
from noxline.testing.facts import Facts
from noxline.testing.lasting import Lasting
from noxline.testing.moves import Change
from noxline.testing.naming import Naming

EVERYWHERE = frozenset({""})
_FINDING = frozenset({"__getattr__", "__getattribute__", "__get__"})
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
        self._lasting = lasting
        self._facts = [lasting.facts.get(block, _NOTHING) for block in blocks]
        self._naming = Naming(blocks, qualified, lasting)
        self._altering = Altering(
            [facts.alters for facts in self._facts],
            self._naming.functions,
            unsettled=lasting.unsettled(),
            unasked=self._naming.unasked(),
        )
        self._together = together
        self._everything = frozenset(range(len(blocks)))
        self._named: dict[int, set[int]] = {}
        self._callers: dict[str, set[tuple[str, int]]] = {}
        self._mentioning: dict[str, set[int]] = {}
        for number in self._everything:
            self._file_under_what_it_says(number)
        self._computing = {number for number, facts in enumerate(self._facts) if facts.computes}
        self._unnamed = self._named_by_nobody(called)
        self._properties = self._naming.any_of(lasting.properties | _FINDING)
        self.left: dict[frozenset[str], dict[int, set[int]]] = {}
        for place, change in _all_places(lasting, changed, moves).items():
            self._take(place, EVERYWHERE if "" in change.files else frozenset(change.files), change.moves)

    def _file_under_what_it_says(self, number: int) -> None:
        """Note a block with each function that it calls, and with each name that it mentions."""
        facts = self._facts[number]
        for said in facts.calls:
            for name in self._lasting.meant({said}) & self._naming.own:
                self._callers.setdefault(name, set()).add((said, number))
        for name in {*self._lasting.meant(facts.names - facts.defines), self._naming.names[number]}:
            self._mentioning.setdefault(name, set()).add(number)

    def _named_by_nobody(self, called: Iterable[str]) -> set[int]:
        """Return the functions that no block names or whose names stand in strings: what computed names may mean."""
        said = set[str](called).union(*(self._lasting.meant(one.names) for one in self._facts))
        strings = self._lasting.strings
        return {n for n, name in enumerate(self._naming.names) if name and (name not in said or name in strings)}

    def _take(self, place: frozenset[str], roots: frozenset[str], moves: tuple[str, ...] | None) -> None:
        """Let all who mention a place, and may get there, depend on what may have made its content."""
        who = self._who(place)
        writing, lending = self._writing(place, who)
        made: set[int] = set()
        for context in self._together:
            if not (writing | lending).isdisjoint(context.blocks) and context.reaches(roots, moves):
                moved = moves is not None and bool(context.tests)
                made |= self._made(
                    place, writing & context.blocks, lending & context.blocks, context.blocks, moved=moved
                )
        left = self.left.setdefault(roots, {})
        for number in who if made else ():
            left.setdefault(number, set()).update(made)

    def _made(
        self, place: frozenset[str], writing: set[int], lending: set[int], among: frozenset[int], *, moved: bool
    ) -> set[int]:
        """Return what may have made a place where these ran, in a test in which it is known to have `moved` or not."""
        taking = writing | {number for number in lending if self._lends(number, place, among)}
        if moved:  # who else did it is not to be found
            taking = taking or lending
        # Who lends it is a maker in any case; what he was given counts where who gets it may change it.
        return self._of(taking | self._handed_down(taking, among) | lending, among)

    def _who(self, place: frozenset[str]) -> set[int]:
        """Return who may get at a place by its name; where texts alone name it, by whatever they compute, too."""
        who = self._mention(place)
        named = any(place & self._facts[number].names - self._facts[number].texts for number in who)
        return who if named else who | self._computing

    def _mention(self, names: Iterable[str]) -> set[int]:
        found = set[int]().union(*(self._mentioning.get(name, ()) for name in names))
        return {number for number in found if self._naming.names[number]}

    def _writing(self, place: frozenset[str], who: set[int]) -> tuple[set[int], set[int]]:
        """Return the blocks that may change a place, those included which reach it through a function that returns it.

        After them those come that lend it to others. Where none is to be found, all that mention the place may.
        """
        through = {self._naming.names[number] for number in who}
        found, lending = self._naming.called(place), set[int]()
        for number in self._mention(place | through):
            facts = self._facts[number]
            if facts.writes & place or facts.through & through:
                found.add(number)
            elif self._lent(facts, place):
                lending.add(number)
        if found or any(self._lends(number, place, self._everything) for number in lending):
            return found, lending - found
        return who, set()

    def _lent(self, facts: Facts, place: frozenset[str]) -> list[str]:
        """Return the functions of the project that get the content of a place as an argument."""
        return [name for name, names in facts.lends.items() if name in self._naming.own and names & place]

    def _lends(self, number: int, place: frozenset[str], among: frozenset[int]) -> bool:
        """Tell whether a block lends a place to a function that may change it, as far as these ran."""
        facts = self._facts[number]
        callees = self._lent(facts, place)
        sure = {name for name in callees if name in facts.plain and not self._lasting.is_replaced(name)}
        return any(
            not name or name in facts.local or self._altering.may(name, among, sure=name in sure) for name in callees
        )

    def _handed_down(self, writers: Iterable[int], among: frozenset[int]) -> set[int]:
        """Return the functions whose results callers may have handed down to these, or to functions around them.

        So they did with objects that are given on by their own methods: who made them made what is given.
        """
        wanted = set[str]().union(*map(self._naming.call_names, self._taking(writers)))
        given = self._given(number for number in writers if self._facts[number].gives)
        names = set(given)
        known: set[str] = set()
        for _ in range(_CALLERS):
            wanted |= given - known
            known |= wanted
            calls = self._calls(wanted, among)
            given = self._given(number for name, number in calls if name in self._facts[number].gives)
            names |= given.union(*(self._facts[number].calls[name] for name, number in calls))
            up = {number for name, number in calls if name in self._facts[number].passes}
            wanted = set[str]().union(*map(self._naming.call_names, up)) - known
        return self._naming.functions(names) & among

    def _taking(self, writers: Iterable[int]) -> set[int]:
        """Return those of these functions, and of the ones around them, that callers hand something to."""
        around = {one for number in writers for one in (number, *self._naming.around[number])}
        return set(filter(self._is_handed, around))

    def _given(self, numbers: Iterable[int]) -> set[str]:
        """Return the classes of the objects that these methods give on."""
        return set[str]().union(*map(self._naming.kinds, numbers))

    def _calls(self, names: Iterable[str], among: frozenset[int]) -> list[tuple[str, int]]:
        """Return the calls of these functions, each by the name that is said and the block."""
        return [call for name in names for call in self._callers.get(name, ()) if call[1] in among]

    def _is_handed(self, number: int) -> bool:
        """Tell whether callers hand something to a function; to a special method they did by making its object."""
        return self._facts[number].takes or self._naming.is_special(number)

    def _of(self, starts: Iterable[int], among: frozenset[int]) -> set[int]:
        """Return what these blocks may have run of the blocks that ran with them."""
        reached: set[int] = set()
        waiting = [*starts]
        while waiting:
            number = waiting.pop()
            if number in reached or number not in among:
                continue
            reached.add(number)
            facts = self._facts[number]
            if facts.computes:
                waiting += self._unnamed & among
            elif facts.inspects:
                waiting += self._unnamed & self._properties & among
            if number not in self._named:
                self._named[number] = self._naming.functions(facts.names) | self._naming.operators(number)
            waiting += self._named[number]
        return reached


_NOTHING = Facts()


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
