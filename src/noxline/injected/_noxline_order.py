"""Put tests that failed before first, with whatever shares fixtures with them: nothing is set up twice for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

_WIDEST = ("session", "package")
_NARROWER = ("module", "class")


def failed_first(items: Sequence[Any], failed: Callable[[Any], bool]) -> list[Any]:
    """Return the items with those first that failed, as far as their neighbours allow it.

    Tests that stand together and share the parameter of a fixture, or fixtures of a module or a class, move together,
    and only among themselves one comes before the other. All others stay in the order that the suite has.
    """
    if not any(map(failed, items)):
        return list(items)
    files = {_file(item) for item in items if _shares(item, ("package", "module"))}
    classes = {_class(item) for item in items if _shares(item, ("class",))}

    def in_class(item: Any) -> object:
        return _class(item) if _class(item) in classes else id(item)

    levels: list[Callable[[Any], object]] = [
        lambda item: _parameters(item, _WIDEST),
        lambda item: _file(item) if _file(item) in files else in_class(item),
        lambda item: _parameters(item, _NARROWER),
        in_class,
    ]
    return _arranged(items, failed, levels)


def _file(item: Any) -> str:
    return str(item.nodeid.partition("::")[0])


def _class(item: Any) -> tuple[str, object]:
    return _file(item), getattr(item, "cls", None)


def _definitions(item: Any) -> Mapping[str, Any]:
    """Return the definitions of the fixtures that an item gets, by name."""
    found = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return {name: definitions[-1] for name, definitions in found.items() if definitions}


def _shares(item: Any, scopes: Sequence[str]) -> bool:
    """Tell whether an item gets a fixture of one of these scopes."""
    return any(str(definition.scope) in scopes for definition in _definitions(item).values())


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
    known = _definitions(item) if indices else {}
    return tuple((name, at) for name, at in sorted(indices.items()) if name in known and known[name].scope in scopes)
