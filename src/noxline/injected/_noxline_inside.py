"""What is inside an object, read without running any of its code: attributes, slots, items, what stands for a value."""

from __future__ import annotations

import collections
import enum
import functools
import io
import itertools
import sys
import types
import weakref
from _thread import _local
from collections.abc import Callable, Iterable, Iterator
from typing import Any

PLAIN = frozenset({int, float, complex, str, bytes, bool, type(None)})
ATOMS = PLAIN | {type(...), types.CodeType, types.BuiltinFunctionType, types.WrapperDescriptorType}
_DEFAULTS = (list, dict, set, int)
_FOREIGN = ("_pytest", "pytest", "pluggy", "unittest", "coverage", "_noxline")
# Kinds of what is held: it may be put there a second time unnoticed; a container has nothing in it.
AGAIN, EMPTY = 1, 2
# What to look at in wrappers, and what stands for the state of things that have no attributes.
PARTS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (staticmethod, ("__func__",)),
    (classmethod, ("__func__",)),
    (property, ("fget", "fset", "fdel")),
    (functools.partial, ("func", "args", "keywords")),
    (types.MethodType, ("__self__",)),
)
STATES: dict[type, Callable[[Any], Any]] = {
    type(functools.lru_cache(len)): lambda cache: cache.cache_info()[1:],
    bytearray: bytes,
    itertools.count: repr,
    types.GeneratorType: lambda made: made.gi_frame.f_lasti if made.gi_frame else -1,
}
OF_WRAPPERS = frozenset({*functools.WRAPPER_ASSIGNMENTS, "__wrapped__", "__type_params__", "cache_parameters"})
# Tells objects apart as id() does, of each call of which all audit hooks hear.
address = object.__hash__


_REFERENCES = (weakref.ReferenceType, weakref.KeyedRef)
_WITHOUT_DEFAULTS: dict[int, Any] = {}  # by the id of a function: a weak reference to it


def defaults_of(function: types.FunctionType) -> list[Any]:
    """Return what holds the defaults of a function.

    To ask for them is an event of which all audit hooks hear, so that each one without any is asked once.
    """
    known = _WITHOUT_DEFAULTS.get(address(function))
    if known is not None and known() is function:
        return []
    found = [part for part in (function.__defaults__, function.__kwdefaults__) if part]
    if not found:
        _WITHOUT_DEFAULTS[address(function)] = weakref.ref(function)
    return found


def attributes_of(thing: Any) -> list[tuple[str, Any]]:
    """Return the attributes of a wrapper of a function beyond those that each has."""
    found = getattr(thing, "__dict__", None)
    if not found or OF_WRAPPERS.issuperset(found):
        return []
    return [item for item in found.items() if item[0] not in OF_WRAPPERS]


def is_bare(function: types.FunctionType) -> bool:
    """Tell whether a function brings nothing with it: no attributes, no defaults, nothing that it closes over."""
    return not (function.__closure__ or function.__dict__ or defaults_of(function))


class Kinds:
    """Tells what may be put somewhere a second time unnoticed.

    That is all that cannot change, what was there before the first test, and what is of others' types: anybody may have
    it from elsewhere. A new object of the project, or a new container, is what it is.
    """

    def __init__(self) -> None:
        self._old: frozenset[int] = frozenset()
        self._is_own: Callable[[str], bool] = bool
        self._by_type: dict[Any, int] = {}

    def begin(self, is_own: Callable[[str], bool], old: Iterable[int]) -> None:
        """Learn which modules are the project's, and the addresses of all that is there before the first test."""
        self._is_own = is_own
        self._old = frozenset(old)
        self._by_type = dict.fromkeys((list, dict, set, collections.deque), 0)

    def of(self, value: Any) -> int:
        """Return AGAIN or 0."""
        kind = type(value)
        known = self._by_type.get(kind)
        if known is None:
            own = self._is_own(type.__getattribute__(kind, "__module__")) and not issubclass(kind, (type, enum.Enum))
            known = self._by_type[kind] = 0 if own else AGAIN
        return AGAIN if address(value) in self._old else known

    def of_all(self, values: Iterable[Any]) -> int:
        """Return AGAIN, 0, or EMPTY for no values at all."""
        found = EMPTY
        for value in values:
            if self.of(value) == AGAIN:
                return AGAIN
            found = 0
        return found


KINDS = Kinds()


def kind_in(kind: int, *, was_there: bool) -> int:
    """Return the kind; of a container that was there and is empty now AGAIN: nobody would see it emptied again."""
    return (AGAIN if was_there else 0) if kind == EMPTY else kind


def keyed(data: dict[Any, Any], owner: Any = None) -> list[tuple[Any, Any]]:
    """Return those items of a dictionary by weak references that somebody may still look up.

    Where an entry's value is its key, and nothing else holds it, nobody has the key any more. Such entries stay for
    good, and are not looked at twice; `owner` refers weakly to what the dictionary is the inside of.
    """
    references, values = list(data), list(data.values())
    count, places = _known(data, owner, references)
    places = _not_forgotten(references, values, [*places, *range(count, len(references))])
    if references and owner is not None and owner() is not None:
        _KNOWN[address(data)] = owner, len(references), address(references[-1]), places
    return [(references[place], values[place]) for place in places]


def _known(data: dict[Any, Any], owner: Any, references: list[Any]) -> tuple[int, list[int]]:
    """Return how many entries were looked at before, and which of them were kept; none when some went since."""
    whose, count, last, places = _KNOWN.get(address(data), (None, 0, 0, []))
    if whose is None or owner is None or whose() is not owner():
        return 0, []  # of another one, that was there before
    if count > len(references) or address(references[count - 1]) != last:
        return 0, []
    return count, places


def _not_forgotten(references: list[Any], values: list[Any], places: list[int]) -> list[int]:
    return [
        place
        for place, holders in zip(places, _holders(values, places))
        if holders > _OF_AN_ENTRY or not is_its_own_value(references[place], values[place])
    ]


def is_its_own_value(reference: Any, value: Any) -> bool:
    """Tell whether a key is its own value, and found by nobody but who holds the very same."""
    kind = type(value)
    if type(reference) not in _REFERENCES or reference() is not value:
        return False
    by_identity: tuple[Any, Any] = (object.__hash__, object.__eq__)
    return (kind.__hash__, kind.__eq__) == by_identity


# By dictionary: whose it is, how many entries it had, the key of the last one, and which of them were not forgotten.
_KNOWN: dict[int, tuple[Any, int, int, list[int]]] = {}


def _holders(values: list[Any], places: Iterable[int]) -> list[int]:
    return [sys.getrefcount(values[place]) for place in places]


class _Sample:
    """Something to count how often it is held."""


def _of_an_entry() -> int:
    """Return by how many something is held that only its entry holds, while somebody goes through the entries."""
    sample = _Sample()
    data = {weakref.ref(sample): sample}
    del sample
    return _holders(list(data.values()), [0])[0]


_OF_AN_ENTRY = _of_an_entry()


SLOTS: dict[type, list[tuple[str, Any]] | None] = {}


def slots_of(kind: type) -> list[tuple[str, Any]] | None:
    """Return the slots of a type; None for one of those that belong to no project, streams left out."""
    if str(type.__getattribute__(kind, "__module__")).startswith(_FOREIGN):
        return [] if issubclass(kind, io.IOBase) else None
    found: list[tuple[str, Any]] = []
    for base in kind.__mro__:
        if base.__module__ != "builtins":
            found += [(n, s) for n, s in list(vars(base).items()) if type(s) is types.MemberDescriptorType]
    return found


def dictionary(thing: Any, kind: type) -> Any:
    """Return the attributes of an object, of one that each thread sees in its own way those of this thread."""
    try:
        ask = _local.__getattribute__ if issubclass(kind, _local) else object.__getattribute__
        found = ask(thing, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def filled(thing: Any, slots: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the slots in which something is."""
    for name, slot in slots:
        try:
            yield name, slot.__get__(thing)
        except AttributeError:  # nothing in it
            continue


def items_of(thing: Any, kind: type) -> Any:
    """Return the items of a dictionary; what a mere look-up adds to one with defaults is nothing."""
    if not issubclass(kind, collections.defaultdict):
        return dict.items(thing)
    return [(key, value) for key, value in dict.items(thing) if type(value) not in _DEFAULTS or value]


def pairs(items: Any) -> Iterator[int]:
    """Yield what stands for the keys and the values of a dictionary."""
    for key, value in items:
        yield held(key)
        yield held(value)


def held(value: Any) -> int:
    """Return what stands for a value: its own hash where it cannot change, else which object it is."""
    return hash((type(value).__name__, value)) if type(value) in PLAIN else address(value)
