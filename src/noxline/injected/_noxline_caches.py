"""See with few steps whether any of several caches of functions moved: the commonest of what outlives a test."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Mapping, Sequence
from typing import Any

from _noxline_inside import OF_WRAPPERS, address, attributes_of, is_bare

_CACHE = type(functools.lru_cache(len))
_WRAPPED, _DICTIONARY = map(operator.attrgetter, ("__wrapped__", "__dict__"))
_GET: Any = dict.get
_INFO = _CACHE.cache_info
_COUNTS = operator.itemgetter(1, 2, 3)  # without the hits


class Caches:
    """Variables that hold caches, each told by the dictionary that holds it and its name.

    What they showed counts as long as all that they lead to lives: whoever asks sees to that.
    """

    def __init__(self, variables: Sequence[tuple[Mapping[str, Any], str]]) -> None:
        self._dictionaries = [dictionary for dictionary, _ in variables]
        self._names = [name for _, name in variables]
        caches = list(map(_GET, self._dictionaries, self._names))
        self._caches = list(map(address, caches))
        self._functions = list(map(address, map(_WRAPPED, caches)))
        self._counts = list(map(_COUNTS, map(_INFO, caches)))

    def are_same(self) -> bool:
        """Tell whether they hold the same, function by function, and nobody hung anything on one of these."""
        try:
            caches = list(map(_GET, self._dictionaries, self._names))
            return list(map(address, caches)) == self._caches and self._show_the_same(caches)
        except Exception:  # noqa: BLE001 - something else stands where a cache was, or a part was taken away
            return False

    def _show_the_same(self, caches: Sequence[Any]) -> bool:
        functions = list(map(_WRAPPED, caches))
        return (
            list(map(_COUNTS, map(_INFO, caches))) == self._counts
            and list(map(address, functions)) == self._functions
            and all(map(OF_WRAPPERS.issuperset, map(_DICTIONARY, caches)))
            and not any(map(_DICTIONARY, functions))  # what they close over, nobody can exchange
        )


def is_cache(thing: Any) -> bool:
    """Tell whether a thing is a cache of a function, and neither brings anything else with it."""
    if type(thing) is not _CACHE or attributes_of(thing):
        return False
    function = getattr(thing, "__wrapped__", None)
    return type(function) is types.FunctionType and is_bare(function)
