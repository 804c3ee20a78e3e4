"""What is inside an object, read without running any of its code: attributes, slots, items, what stands for a value."""

from __future__ import annotations

import collections
import io
import sys
import types
import weakref
from _thread import _local
from collections.abc import Iterable, Iterator
from typing import Any

PLAIN = frozenset({int, float, complex, str, bytes, bool, type(None)})
ATOMS = PLAIN | {type(...), types.CodeType, types.BuiltinFunctionType, types.WrapperDescriptorType}
_DEFAULTS = (list, dict, set, int)
_FOREIGN = ("_pytest", "pytest", "pluggy", "unittest", "coverage", "_noxline")
# Kinds of what is held: it may be put there a second time unnoticed; it is a container with nothing in it.
AGAIN, EMPTY = 1, 2
# Tells objects apart as id() does, of each call of which all audit hooks hear.
address = object.__hash__


_AGAIN = ATOMS | {tuple, frozenset, types.FunctionType, types.ModuleType}
_KINDS: dict[Any, int] = {
    **dict.fromkeys(_AGAIN, AGAIN),
    **dict.fromkeys((list, dict, set, collections.deque), EMPTY),
}


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


def is_bare(function: types.FunctionType) -> bool:
    """Tell whether a function brings nothing with it: no attributes, no defaults, nothing that it closes over."""
    return not (function.__closure__ or function.__dict__ or defaults_of(function))


def kind_of(value: Any) -> int:
    """Return AGAIN, EMPTY, or 0 for what was made once and is what it is."""
    kind = _KINDS.get(type(value))
    if kind is None:
        kind = _KINDS[type(value)] = AGAIN if issubclass(type(value), type) else 0
    return 0 if kind == EMPTY and value else kind


def kind_of_all(values: Iterable[Any]) -> int:
    """Return the kind of a container that holds these."""
    found = EMPTY
    for value in values:
        if kind_of(value) == AGAIN:
            return AGAIN
        found = 0
    return found


def keyed(data: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """Return those items of a dictionary by weak references that somebody may still look up.

    Where an entry's value is its key, and nothing else holds it, nobody has the key any more. Such entries stay for
    good, and are not looked at twice.
    """
    references, values = list(data), list(data.values())
    count, last, places = _KNOWN.get(address(data), (0, 0, []))
    if count > len(references) or (count and address(references[count - 1]) != last):
        count, places = 0, []  # it lost some
    places = _not_forgotten(references, values, [*places, *range(count, len(references))])
    if references:
        _KNOWN[address(data)] = len(references), address(references[-1]), places
    return [(references[place], values[place]) for place in places]


def _not_forgotten(references: list[Any], values: list[Any], places: list[int]) -> list[int]:
    return [
        place
        for place, holders in zip(places, _holders(values, places))
        if holders > _OF_AN_ENTRY or type(values[place]) in ATOMS or references[place]() is not values[place]
    ]


# By dictionary: how many entries it had, the key of the last one, and which of them were not forgotten.
_KNOWN: dict[int, tuple[int, int, list[int]]] = {}


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
