"""Put tests that failed before first, with whatever shares fixtures with them: nothing is set up twice for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

_WIDEST = ("session", "package")
_NARROWER = ("module", "class")


def failed_first(items: Sequence[Any], failed: Callable[[Any], bool]) -> list[Any]:
    """Return the items with those first that failed, as far as their neighbours allow it.

    Tests that stand together because they share the parameter of a fixture, a module or a class move together, and
    only among themselves one comes before the other; all else stays in the order that the suite has.
    """
    if not any(map(failed, items)):
        return list(items)
    levels: list[Callable[[Any], object]] = [
        lambda item: _parameters(item, _WIDEST),
        lambda item: item.nodeid.partition("::")[0],
        lambda item: _parameters(item, _NARROWER),
        lambda item: getattr(item, "cls", None),
    ]
    return _arranged(items, failed, levels)


def _arranged(
    items: Sequence[Any], failed: Callable[[Any], bool], levels: Sequence[Callable[[Any], object]]
) -> list[Any]:
    if not levels:
        return sorted(items, key=lambda item: not failed(item))
    blocks = [list(block) for _, block in groupby(items, key=levels[0])]
    blocks.sort(key=lambda block: not any(map(failed, block)))
    return [item for block in blocks for item in _arranged(block, failed, levels[1:])]


def _parameters(item: Any, scopes: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return which parameters of fixtures of these scopes an item gets: name and index of each."""
    indices = getattr(getattr(item, "callspec", None), "indices", {})
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return tuple(
        (name, index)
        for name, index in sorted(indices.items())
        if definitions.get(name) and str(definitions[name][-1].scope) in scopes
    )
