"""Walk through everything that can be reached from the project's modules, and note what it holds.

What is looked at: variables of modules, attributes of classes and of the objects that can be reached from there, what
containers hold, defaults and closures of functions, how full caches are. No code of the project is called.
"""

from __future__ import annotations

import collections
import functools
import itertools
import re
import types
import weakref
from _thread import _local
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

_PLAIN = frozenset({int, float, complex, str, bytes, bool, type(None)})
_ATOMS = _PLAIN | {type(...), types.CodeType, types.BuiltinFunctionType, types.WrapperDescriptorType}
_EMPTY = (list, dict, set, int)
_SEQUENCES = (list, tuple, set, frozenset, collections.deque)
# What has no state, or none that changes.
_STATELESS = frozenset(
    {object, range, slice, re.Pattern, types.GetSetDescriptorType, types.MemberDescriptorType}
    | {types.MethodDescriptorType, types.ClassMethodDescriptorType, types.MethodWrapperType}
)
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
EVERYWHERE = frozenset([""])  # more than test files lead there
# Their attributes are nobody's business: what they hold is known by their own names.
_CONTAINERS = frozenset(["weakref", "_weakrefset", "collections", "queue", "threading"])
_FOREIGN = ("_pytest", "pytest", "pluggy", "unittest", "coverage", "_noxline")
_HIDDEN = frozenset(
    {"__builtins__", "__cached__", "__warningregistry__", "__pycache__", "_abc_impl", "__weakref__", "__slotnames__"}
)
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    # (id of the object to which it belongs, the way from there, name): under which names it is known, what it holds,
    # and which files lead to it
    Seen = dict[tuple[int, int, str], tuple[tuple[str, ...], int, frozenset[str]]]


class Place(NamedTuple):
    """To which object something belongs, by its id, and by which way it is reached from there."""

    owner: int
    way: int

    def item(self, key: Any) -> Place:
        """Return the place of an item."""
        return Place(self.owner, hash((self.way, key)))


class Walk:
    """One look at everything; objects are told apart by weak references, so that ids of the dead confuse nobody."""

    def __init__(self, is_own: Callable[[str], bool], most: int) -> None:
        self.seen: Seen = {}
        self.alive: dict[int, Any] = {}
        self.over = False
        self.opaque = False  # something was met that nobody can look into
        self._is_own = is_own
        self._most = most
        self._waiting: collections.deque[tuple[Any, tuple[str, ...], Place]] = collections.deque()
        self._roots = EVERYWHERE
        # The objects are kept for the time of the walk: ids stay theirs.
        self._shared: dict[int, Any] = {}  # which the walk from everywhere found
        self._visited: dict[int, Any] = {}
        self._kept: list[dict[int, Any]] = []
        self._noted: dict[int, tuple[int, int, str]] = {}

    def visit(self, thing: Any, names: tuple[str, ...], place: Place) -> None:
        """Look at a thing later, under these names."""
        if type(thing) in _ATOMS:
            return
        if id(thing) not in self._visited and id(thing) not in self._shared:
            self._visited[id(thing)] = thing
            self._waiting.append((thing, names, place))
        elif id(thing) in self._noted:
            known, held, roots = self.seen[self._noted[id(thing)]]
            if not set(names) <= set(known):
                self.seen[self._noted[id(thing)]] = (known + names, held, roots)

    def go(self, file: str, modules: Iterable[types.ModuleType]) -> None:
        """Look at all that these modules lead to, the nearest things first; of a test file only what is its own."""
        self._roots = frozenset([file])
        self._visited = {} if file else self._shared
        self._kept.append(self._visited)
        for module in modules:
            self.visit(module, (), Place(0, 0))
        self._go()

    def start(self, variables: Mapping[str, Any], owner: int) -> None:
        """Look at all that some variables of a module lead to."""
        self._kept.append(self._visited)
        for name, value in variables.items():
            self._hold(name, value, (name,), Place(owner, 0))
        self._go()
        self.close()

    def is_same_as(self, before: Walk) -> bool:
        """Tell whether another look found the same things and these in the same state."""
        if self.seen.keys() != before.seen.keys() or self.alive.keys() != before.alive.keys():
            return False
        if any(self.seen[key][1] != before.seen[key][1] for key in self.seen):
            return False
        return all(before.alive[thing]() is ref() for thing, ref in self.alive.items())

    def close(self) -> None:
        """Forget the objects themselves."""
        self._kept.clear()
        self._shared.clear()
        self._visited.clear()

    def _go(self) -> None:
        while self._waiting:
            if sum(map(len, self._kept)) > self._most:
                self.over = True
                break
            thing, names, place = self._waiting.popleft()
            try:
                self.alive[id(thing)] = weakref.ref(thing)
                place = Place(id(thing), 0)
            except TypeError:  # it goes with what it belongs to
                pass
            try:
                self._enter(thing, type(thing), names, place)
            except Exception:  # noqa: BLE001 - whatever it raises, it is a thing that nobody can look into
                self.opaque = True

    # Always by the type: to ask the object for its class may run code of the project.
    def _enter(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
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
            self._object(thing, kind, names, place)
        elif issubclass(kind, _SEQUENCES):
            self._sequence(thing, kind, names, place)
        elif kind in _STATES:
            self._note(thing, _STATES[kind](thing), (*names, getattr(thing, "__name__", "")), place)
            self.visit(getattr(thing, "__wrapped__", None), names, place)
        else:
            self._other(thing, kind, names, place)

    def _sequence(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
        items = list(next(base for base in kind.__mro__ if base in _SEQUENCES).__iter__(thing))
        if not issubclass(kind, (tuple, frozenset)):
            self._note(thing, tuple(map(_held, items)), names, place)
        for number, item in enumerate(items):
            self.visit(item, names, place.item(number))
        self._object(thing, kind, names, place)

    def _other(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
        for wrapper, parts in _PARTS:
            if issubclass(kind, wrapper):
                for part in parts:
                    self.visit(getattr(thing, part), names, place.item(part))
                return
        if issubclass(kind, weakref.ReferenceType):
            self._note(thing, id(thing()), names, place)
        elif not self._object(thing, kind, names, place) and kind not in _STATELESS:
            self.opaque = True

    def _function(self, thing: types.FunctionType, names: tuple[str, ...], place: Place) -> None:
        own = (*names, thing.__name__)
        for name, value in thing.__dict__.items():
            self._hold(name, value, (name,), place)
        self.visit(thing.__defaults__, own, place.item("defaults"))
        self.visit(thing.__kwdefaults__, own, place.item("kwdefaults"))
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or ()):
            try:
                self._hold("<%s>" % name, cell.cell_contents, (name,), place)  # its functions mention it
            except ValueError:  # an empty cell
                continue

    def _attributes(self, found: Any, place: Place, *, module: bool) -> None:
        for name, value in self._shown(found):
            if not (module and issubclass(type(value), types.ModuleType)):
                self._hold(name, value, (name,), place)

    @staticmethod
    def _shown(found: Any) -> Iterator[tuple[str, Any]]:
        for name, value in list(found.items()):
            if type(name) is str and name not in _HIDDEN and not name.startswith("@py"):
                yield name, value

    def _object(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> bool:
        """Look at the attributes of an object, without asking itself for them; return whether it can have any.

        Whoever reads one mentions it; of an object that is not of the project's own kind, its methods may do so.
        """
        module = type.__getattribute__(kind, "__module__")
        known = () if self._is_own(module) else names
        hidden = bool(known) and module in _CONTAINERS
        if kind not in _SLOTS:
            _SLOTS[kind] = _slots(kind)
        slots = _SLOTS[kind]
        if slots is None:
            return False
        found = _dictionary(thing, kind)
        for name, value in (*self._shown(found or {}), *_filled(thing, slots)):
            self._hold(name, value, known if hidden else (*known, name), place)
        return found is not None or bool(slots)

    def _hold(self, name: str, value: Any, names: tuple[str, ...], place: Place) -> None:
        self._put((place.owner, place.way, name), names, _held(value))
        self.visit(value, names, place.item(name))

    def _note(self, thing: Any, held: Any, names: tuple[str, ...], place: Place) -> None:
        key = (place.owner, place.way, "")
        self._put(key, names, hash(held))
        self._noted[id(thing)] = key

    def _put(self, key: tuple[int, int, str], names: tuple[str, ...], held: int) -> None:
        known = self.seen.get(key)
        roots = self._roots if known is None or known[2] is self._roots else known[2] | self._roots
        self.seen[key] = (names, held, roots)


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


def _dictionary(thing: Any, kind: type) -> Any:
    """Return the attributes of an object, of one that each thread sees in its own way those of this thread."""
    try:
        ask = _local.__getattribute__ if issubclass(kind, _local) else object.__getattribute__
        found = ask(thing, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def _filled(thing: Any, slots: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the slots in which something is."""
    for name, slot in slots:
        try:
            yield name, slot.__get__(thing)
        except AttributeError:  # nothing in it
            continue


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
