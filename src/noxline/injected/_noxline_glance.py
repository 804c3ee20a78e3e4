"""Tell at a glance that nothing moved, where that is easy: a walk (_noxline_walk.py) costs several times more."""

from __future__ import annotations

import itertools
import operator
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from _noxline_caches import Caches, is_cache
from _noxline_inside import ATOMS, PLAIN, STATES, address, attributes_of, defaults_of, dictionary, keyed, slots_of
from _noxline_walk import is_looked_at_by_attributes

TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 cannot evaluate what these annotations say
    from _noxline_walk import Walk

_MOST_OBJECTS = 300  # that can be reached from one variable
_NOTHING = object()
_IS_NOT, _LIVING, _NONE = operator.is_not, weakref.ref.__call__, itertools.repeat(None)
_REFERENCES = (weakref.ReferenceType, weakref.KeyedRef)
_WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)


class Glance:
    """What some variables showed, each told by the dictionary that holds it, its name, and a walk from there."""

    def __init__(self, watched: Iterable[tuple[Mapping[str, Any], Iterable[str], Walk]]) -> None:
        watched = list(watched)
        named = [(variables, name) for variables, names, _ in watched for name in names]
        self._caches = Caches([one for one in named if _holds_cache(*one)])
        self._variables = list(itertools.filterfalse(lambda one: _holds_cache(*one), named))
        self._weak = {here: owner for *_, look in watched for here, owner in look.keyed.items()}
        self._living = [ref for *_, look in watched for ref in look.alive.values()]
        self._most = _MOST_OBJECTS * len(watched)
        self._seen = self._look()

    @property
    def is_clear(self) -> bool:
        """Tell whether all of it can be seen at a glance."""
        return self._seen is not None

    def is_same(self) -> bool:
        """Tell whether it shows the same again; only what lives cannot be something else in its place."""
        if self._seen is None or not self._caches.are_same() or (self._variables and self._seen != self._look()):
            return False
        return all(map(_IS_NOT, map(_LIVING, self._living), _NONE))

    def _look(self) -> list[Any] | None:
        things = [variables.get(name, _NOTHING) for variables, name in self._variables]
        try:
            return glance(things, self._weak, self._most)
        except Exception:  # noqa: BLE001 - a thing whose class has ideas of its own, or one that changes meanwhile
            return None


def _holds_cache(variables: Mapping[str, Any], name: str) -> bool:
    return type(variables) is dict and bool(is_cache(variables.get(name)))


def glance(things: Iterable[Any], weak: Mapping[int, Any], most: int = _MOST_OBJECTS) -> list[Any] | None:
    """Return what is the same again as long as nothing moved that these lead to, and as long as all of it lives.

    None for things whose inside is not seen at a glance. `weak` are dictionaries with weak keys in which one only looks
    things up, by address, each with a weak reference to its owner.
    """
    found: list[Any] = []
    known: set[int] = set()
    waiting = list(things)
    for thing in waiting:  # which grows meanwhile
        kind = type(thing)
        if kind in PLAIN:
            found += (kind, thing)
            continue
        here = address(thing)
        found.append(here)
        if kind in ATOMS or here in known:
            continue
        known.add(here)
        parts = _of_keyed(thing, weak[here]) if here in weak else (_WAYS.get(kind) or _way_into(kind))(thing)
        if parts is None or len(waiting) > most:
            return None
        found.append(len(parts))
        waiting += parts
    return found


def _of_keyed(thing: Any, owner: Any) -> list[Any]:
    return [part for item in keyed(thing, owner) for part in item]


def _of_function(thing: Any) -> list[Any] | None:
    parts: list[Any] = defaults_of(thing)
    if thing.__dict__:
        parts.append(thing.__dict__)
    closure = thing.__closure__
    if not closure:
        return parts
    try:
        return parts + [cell.cell_contents for cell in closure]
    except ValueError:  # an empty cell
        return None


def _of_stateful(thing: Any) -> list[Any]:
    state, more = STATES[type(thing)](thing), attributes_of(thing)
    parts = [*(state if type(state) is tuple else (state,)), getattr(thing, "__wrapped__", None)]
    return parts + [part for item in more for part in item] if more else parts


def _of_object(thing: Any) -> list[Any] | None:
    found = dictionary(thing, type(thing))
    return None if found is None else [found]


def _none(_thing: Any) -> None:
    return None


_WAYS: dict[type, Callable[[Any], list[Any] | None]] = {
    types.FunctionType: _of_function,
    dict: lambda thing: [part for item in thing.items() for part in item],
    **dict.fromkeys((list, tuple, set, frozenset), list),
    **dict.fromkeys(_REFERENCES, lambda thing: [address(thing())]),
    **dict.fromkeys(_WEAK, lambda thing: [vars(thing)["data"]]),
    **dict.fromkeys(STATES, _of_stateful),
}


def _way_into(kind: type) -> Callable[[Any], list[Any] | None]:
    """Find, and keep, how to look into a thing of any other type: by its attributes, where they are all of it."""
    _WAYS[kind] = _of_object if is_looked_at_by_attributes(kind) and slots_of(kind) == [] else _none
    return _WAYS[kind]
