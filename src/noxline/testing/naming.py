"""What names may mean: functions by their own names, special methods by those of classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from noxline.testing.lasting import Lasting

_MAKING = frozenset({"__init__", "__new__", "__init_subclass__", "__set_name__", "__class_getitem__"})
_CALLED = frozenset({"__call__", "__enter__", "__exit__", "__aenter__", "__aexit__", "__post_init__"})
_NUMBERED = re.compile(r"#\d+")


class Naming:
    """Finds blocks by names; `blocks` and `qualified` are all blocks and their names.

    `names` are the last parts of these, `around` for each block the functions around it, whose parameters it sees,
    `own` what the project's own functions and classes are called.
    """

    def __init__(self, blocks: Sequence[tuple[str, int]], qualified: Sequence[str], lasting: Lasting) -> None:
        self._lasting = lasting
        self.names = [name.rpartition(".")[2].partition("#")[0] for name in qualified]
        self._classes = [name.rpartition(".")[0].rpartition(".")[2].partition("#")[0] for name in qualified]
        self.around = _enclosing(blocks, qualified)
        self._by_name: dict[str, set[int]] = {}
        self._by_class: dict[str, set[int]] = {}
        for number, name in enumerate(self.names):
            if name.startswith("__"):
                self._by_class.setdefault(self._classes[number], set()).add(number)
            else:
                self._by_name.setdefault(name, set()).add(number)
        self.own = self._by_name.keys() | self._by_class.keys() | lasting.bases.keys()
        self._derived: dict[str, set[str]] = {}
        for name, bases in lasting.bases.items():
            for base in lasting.meant(bases):
                self._derived.setdefault(base, set()).add(name)
        self._special: dict[str, set[int]] = {}

    def called(self, names: Iterable[str]) -> set[int]:
        """Return the functions that have one of these names."""
        return {number for name in names for number in self._by_name.get(name, ())}

    def any_of(self, names: set[str] | frozenset[str]) -> set[int]:
        """Return the blocks that have one of these names, special methods included."""
        return {number for number, name in enumerate(self.names) if name in names}

    def functions(self, names: Iterable[str]) -> set[int]:
        """Return the functions that these names may mean."""
        meant = self._lasting.meant(names)
        found = self.called(meant)
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

    def operators(self, number: int) -> set[int]:
        """Return the special methods of a block's class that run without its name; a module's are named by nobody."""
        name = self._classes[number]
        return {special for special in self._specials(name) if self.names[special] not in _MAKING} if name else set()

    def unasked(self) -> Iterator[int]:
        """Yield the special methods that run without a call: by a comparison, a look-up, as text."""
        return (n for n, name in enumerate(self.names) if name.startswith("__") and name not in _MAKING | _CALLED)

    def is_special(self, number: int) -> bool:
        """Tell whether a block is a special method."""
        return self.names[number].startswith("__")

    def call_names(self, number: int) -> set[str]:
        """Return the names by which a function is called: of a special method, those of its class and what derives."""
        return self.kinds(number) if self.is_special(number) else {self.names[number]}

    def kinds(self, number: int) -> set[str]:
        """Return the classes of which the object may be whose method a block is, or is inside of."""
        found: set[str] = set()
        waiting = [self._classes[one] for one in (number, *self.around[number])]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._derived.get(name, ())
        return found & self._lasting.bases.keys()


def _enclosing(blocks: Sequence[tuple[str, int]], qualified: Sequence[str]) -> list[list[int]]:
    """Return for each block the functions around it."""
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
