"""Look at the state of the project's modules now and then: which names hold something else after tests than before.

What is looked at: variables of modules, attributes of classes and of the objects that can be reached from there, what
containers hold, defaults and closures of functions, how full caches are. No code of the project is called.
"""

from __future__ import annotations

import collections
import functools
import itertools
import sys
import time
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

_SHARE = 0.03  # of the time that tests take
_MOST_OBJECTS = 200_000  # objects that one look visits
_PLAIN = frozenset({int, float, complex, str, bytes, bool, type(None)})
_ATOMS = _PLAIN | {type(...), types.CodeType, types.BuiltinFunctionType, types.WrapperDescriptorType}
_EMPTY = (list, dict, set, int)
_SEQUENCES = (list, tuple, set, frozenset, collections.deque)
# What to look at in wrappers, and what stands for the state of things that have no attributes.
_PARTS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (staticmethod, ("__func__",)),
    (classmethod, ("__func__",)),
    (property, ("fget", "fset", "fdel")),
    (functools.partial, ("func", "args", "keywords")),
    (types.MethodType, ("__self__",)),
)
_STATES: dict[type, Callable[[Any], Any]] = {
    type(functools.lru_cache(len)): lambda cache: cache.cache_info()[1:],
    bytearray: bytes,
    itertools.count: repr,
    types.GeneratorType: lambda made: made.gi_frame.f_lasti if made.gi_frame else -1,
}
_FOREIGN = ("_pytest", "pytest", "pluggy", "unittest", "coverage", "_noxline")
_HIDDEN = frozenset(
    {"__builtins__", "__cached__", "__warningregistry__", "__pycache__", "_abc_impl", "__weakref__", "__slotnames__"}
)
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    # (id of the object to which it belongs, the way from there, name): under which names it is known, what it holds
    _Seen = dict[tuple[int, int, str], tuple[tuple[str, ...], int]]


class State:
    """What the names of the project held when it was looked at last, and which have changed since the first time."""

    def __init__(
        self, inside: Callable[[Any], str], refuse: Callable[[str], None], *, most: int = _MOST_OBJECTS
    ) -> None:
        self.changed: dict[str, None] = {}
        self._inside = inside
        self._refuse = refuse
        self._most = most
        self._known: dict[str, bool] = {}
        self._seen: _Walk | None = None
        self._spent = 0.0
        self._began = time.process_time()

    def begin(self) -> None:
        """Look for the first time: what tests find when they begin."""
        self._seen = self._look()
        self._began = time.process_time()
        self._spent = 0.0

    def after_test(self) -> None:
        """Look again, as far as the time allows that tests took since the last look."""
        if self._seen is not None and self._spent < _SHARE * (time.process_time() - self._began):
            self.compare()

    def compare(self) -> None:
        """Look again, and note what changed."""
        if self._seen is None:
            return
        began = time.process_time()
        before, now = self._seen, self._look()
        for names in _differing(before, now):
            self.changed.update(dict.fromkeys(names))
        self._seen = now
        self._spent += time.process_time() - began

    def _look(self) -> _Walk:
        walk = _Walk(self._is_own, self._most)
        for name, module in list(sys.modules.items()):
            if self._is_own(name):
                walk.visit(module, (), _Place(0, 0))
        walk.go()
        if walk.over:
            self._refuse("the project's modules hold more than %d objects, too many to look at" % self._most)
        return walk

    def _is_own(self, module: str) -> bool:
        if module not in self._known:
            found = getattr(sys.modules.get(module), "__file__", None)
            self._known[module] = isinstance(found, str) and bool(self._inside(found))
        return self._known[module]


class _Place(NamedTuple):
    """To which object something belongs, by its id, and by which way it is reached from there."""

    owner: int
    way: int

    def item(self, key: Any) -> _Place:
        """Return the place of an item."""
        return _Place(self.owner, hash((self.way, key)))


class _Walk:
    """One look at everything; objects are told apart by weak references, so that ids of the dead confuse nobody."""

    def __init__(self, is_own: Callable[[str], bool], most: int) -> None:
        self.seen: _Seen = {}
        self.alive: dict[int, Any] = {}
        self.over = False
        self._is_own = is_own
        self._most = most
        self._waiting: collections.deque[tuple[Any, tuple[str, ...], _Place]] = collections.deque()
        self._visited: dict[int, Any] = {}  # the objects are kept for the time of the walk: ids stay theirs
        self._noted: dict[int, tuple[int, int, str]] = {}

    def visit(self, thing: Any, names: tuple[str, ...], place: _Place) -> None:
        """Look at a thing later, under these names."""
        if type(thing) in _ATOMS:
            return
        if id(thing) not in self._visited:
            self._visited[id(thing)] = thing
            self._waiting.append((thing, names, place))
        elif id(thing) in self._noted:
            known, held = self.seen[self._noted[id(thing)]]
            if not set(names) <= set(known):
                self.seen[self._noted[id(thing)]] = (known + names, held)

    def go(self) -> None:
        """Look at all that waits, the nearest things first."""
        while self._waiting:
            if len(self._visited) > self._most:
                self.over = True
                break
            thing, names, place = self._waiting.popleft()
            try:
                self.alive[id(thing)] = weakref.ref(thing)
                place = _Place(id(thing), 0)
            except TypeError:  # it goes with what it belongs to
                pass
            try:
                self._enter(thing, type(thing), names, place)
            except Exception:  # noqa: BLE001, S112 - a thing that cannot be looked at is none that can be followed
                continue
        self._visited.clear()

    # Always by the type: to ask the object for its class may run code of the project.
    def _enter(self, thing: Any, kind: type, names: tuple[str, ...], place: _Place) -> None:
        if issubclass(kind, types.ModuleType):
            self._attributes(types.ModuleType.__getattribute__(thing, "__dict__"), place, module=True)
        elif issubclass(kind, type):
            if self._is_own(type.__getattribute__(thing, "__module__")):
                self._attributes(type.__dict__["__dict__"].__get__(thing), place, module=False)
        elif kind is types.FunctionType:
            self._function(thing, names, place)
        elif issubclass(kind, dict):
            self._note(thing, tuple(_pairs(_items(thing, kind))), names, place)
            for key, value in list(dict.items(thing)):
                self.visit(key, names, place.item(_held(key)))
                self.visit(value, names, place.item((_held(key),)))
            self._object(thing, kind, place)
        elif issubclass(kind, _SEQUENCES):
            self._sequence(thing, kind, names, place)
        elif kind in _STATES:
            self._note(thing, _STATES[kind](thing), (*names, getattr(thing, "__name__", "")), place)
            self.visit(getattr(thing, "__wrapped__", None), names, place)
        else:
            self._other(thing, kind, names, place)

    def _sequence(self, thing: Any, kind: type, names: tuple[str, ...], place: _Place) -> None:
        items = list(next(base for base in kind.__mro__ if base in _SEQUENCES).__iter__(thing))
        if not issubclass(kind, (tuple, frozenset)):
            self._note(thing, tuple(map(_held, items)), names, place)
        for number, item in enumerate(items):
            self.visit(item, names, place.item(number))
        self._object(thing, kind, place)

    def _other(self, thing: Any, kind: type, names: tuple[str, ...], place: _Place) -> None:
        for wrapper, parts in _PARTS:
            if issubclass(kind, wrapper):
                for part in parts:
                    self.visit(getattr(thing, part), names, place.item(part))
                return
        self._object(thing, kind, place)

    def _function(self, thing: types.FunctionType, names: tuple[str, ...], place: _Place) -> None:
        own = (*names, thing.__name__)
        for name, value in thing.__dict__.items():
            self._hold(name, value, (name,), place)
        self.visit(thing.__defaults__, own, place.item("defaults"))
        self.visit(thing.__kwdefaults__, own, place.item("kwdefaults"))
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or ()):
            try:
                self._hold("<%s>" % name, cell.cell_contents, (*own, name), place)
            except ValueError:  # an empty cell
                continue

    def _attributes(self, found: Any, place: _Place, *, module: bool) -> None:
        for name, value in list(found.items()):
            if type(name) is not str or name in _HIDDEN or name.startswith("@py"):
                continue
            if not (module and issubclass(type(value), types.ModuleType)):
                self._hold(name, value, (name,), place)

    def _object(self, thing: Any, kind: type, place: _Place) -> None:
        """Look at the attributes of an object, without asking itself for them."""
        if kind not in _SLOTS:
            _SLOTS[kind] = _slots(kind)
        slots = _SLOTS[kind]
        if slots is None:
            return
        try:
            found = object.__getattribute__(thing, "__dict__")
        except AttributeError:
            found = None
        if type(found) is dict:
            self._attributes(found, place, module=False)
        for name, slot in slots:
            try:
                self._hold(name, slot.__get__(thing), (name,), place)
            except AttributeError:  # nothing in it
                continue

    def _hold(self, name: str, value: Any, names: tuple[str, ...], place: _Place) -> None:
        self.seen[place.owner, place.way, name] = (names, _held(value))
        self.visit(value, names, place.item(name))

    def _note(self, thing: Any, held: Any, names: tuple[str, ...], place: _Place) -> None:
        key = (place.owner, place.way, "")
        self.seen[key] = (names, hash(held))
        self._noted[id(thing)] = key


def _differing(before: _Walk, now: _Walk) -> Iterator[tuple[str, ...]]:
    """Yield the names, together for each place, under which two looks found something else."""
    same = {owner for owner, ref in now.alive.items() if owner in before.alive and before.alive[owner]() is ref()}
    yield from _held_otherwise(before.seen, now.seen, same)
    yield from _come_or_gone(before.seen, now.seen, same)


def _held_otherwise(before: _Seen, now: _Seen, same: set[int]) -> Iterator[tuple[str, ...]]:
    for key, (names, held) in now.items():
        old = before.get(key)
        if old is not None and old[1] != held and key[0] in same:
            yield names


def _come_or_gone(before: _Seen, now: _Seen, same: set[int]) -> Iterator[tuple[str, ...]]:
    for key in now.keys() ^ before.keys():
        if key[0] in same and not key[1]:  # an attribute that is new, or gone
            yield (now.get(key) or before[key])[0]


_SLOTS: dict[type, list[tuple[str, Any]] | None] = {}


def _slots(kind: type) -> list[tuple[str, Any]] | None:
    """Return the slots of a type; None for one of those that belong to no project."""
    if str(type.__getattribute__(kind, "__module__")).startswith(_FOREIGN):
        return None
    found: list[tuple[str, Any]] = []
    for base in kind.__mro__:
        if base.__module__ != "builtins":
            found += [(n, s) for n, s in list(vars(base).items()) if type(s) is types.MemberDescriptorType]
    return found


def _items(thing: Any, kind: type) -> Any:
    """Return the items of a dictionary; what a mere look-up adds to one with defaults is nothing."""
    if not issubclass(kind, collections.defaultdict):
        return dict.items(thing)
    return [(key, value) for key, value in dict.items(thing) if type(value) not in _EMPTY or value]


def _pairs(items: Any) -> Iterator[int]:
    for key, value in items:
        yield _held(key)
        yield _held(value)


def _held(value: Any) -> int:
    """Return what stands for a value: its own hash where it cannot change, else which object it is."""
    return hash((type(value).__name__, value)) if type(value) in _PLAIN else id(value)
