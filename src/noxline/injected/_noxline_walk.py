"""Walk through everything that can be reached from the project's modules, and note what it holds.

What is looked at: variables of modules, attributes of classes and of the objects that can be reached from there, what
containers hold, defaults and closures of functions, how full caches are. No code of the project is called.
"""

from __future__ import annotations

import collections
import re
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from _noxline_inside import (
    AGAIN,
    ATOMS,
    KINDS,
    PARTS,
    PLAIN,
    SLOTS,
    STATES,
    address,
    attributes_of,
    defaults_of,
    dictionary,
    filled,
    held,
    is_bare,
    is_its_own_value,
    items_of,
    keyed,
    pairs,
    slots_of,
)

_SEQUENCES = (list, tuple, set, frozenset, collections.deque)
# What has no state, or none that changes.
_STATELESS = frozenset(
    {object, range, slice, re.Pattern, types.GetSetDescriptorType, types.MemberDescriptorType}
    | {types.MethodDescriptorType, types.ClassMethodDescriptorType, types.MethodWrapperType}
)
EVERYWHERE = frozenset([""])  # more than test files lead there
# Their attributes are nobody's business: what they hold is known by their own names.
_CONTAINERS = frozenset(["weakref", "_weakrefset", "collections", "queue", "threading"])
_WEAK = frozenset([weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet])
_HIDDEN = frozenset(
    {"__builtins__", "__cached__", "__warningregistry__", "__pycache__", "_abc_impl", "__weakref__", "__slotnames__"}
)
TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.8 has no such types at run time
    # (id of the object to which it belongs, the way from there, name): under which names it is known, what it holds,
    # which files lead to it, and of which kind it is (_noxline_inside.py)
    Key = tuple[int, int, str]
    Seen = dict[Key, tuple[tuple[str, ...], int, frozenset[str], int]]
    # to which object something belongs, by its id, and by which way it is reached from there
    Place = tuple[int, int]


class Walk:
    """One look at everything; objects are told apart by weak references, so that ids of the dead confuse nobody."""

    def __init__(self, is_own: Callable[[str], bool], most: int, looked_up: frozenset[str] = frozenset()) -> None:
        """Begin; `looked_up` names dictionaries with weak keys in which things are looked up, and nothing else."""
        self.seen: Seen = {}
        self.alive: dict[int, Any] = {}
        self.over = False
        self.opaque = False  # something was met that nobody can look into
        self._is_own = is_own
        self._most = most
        self._looked_up = looked_up
        self.keyed: dict[
            int, Any
        ] = {}  # what is inside of these, by address: a weak reference to the one it belongs to
        self._waiting: collections.deque[tuple[Any, tuple[str, ...], Place]] = collections.deque()
        self._roots = EVERYWHERE
        # The objects are kept for the time of the walk: ids stay theirs.
        self._shared: dict[int, Any] = {}  # which the walk from everywhere found
        self._visited: dict[int, Any] = {}
        self._kept: list[dict[int, Any]] = []
        self._count = 0
        self._noted: dict[int, tuple[int, int, str]] = {}

    def visit(self, thing: Any, names: tuple[str, ...], place: Place, key: Any = None) -> None:
        """Look at a thing later, under these names; with a key it is an item of what is in this place."""
        if type(thing) in ATOMS:
            return
        here = address(thing)
        if type(thing) is types.FunctionType and is_bare(thing):
            self.alive[here] = weakref.ref(thing)
            return
        if here not in self._visited and here not in self._shared:
            self._visited[here] = thing
            self._count += 1
            self._waiting.append((thing, names, place if key is None else (place[0], hash((place[1], key)))))
        elif here in self._noted:
            known, state, roots, kind = self.seen[self._noted[here]]
            if not set(names) <= set(known):
                self.seen[self._noted[here]] = (known + names, state, roots, kind)

    def go(self, file: str, modules: Iterable[types.ModuleType]) -> None:
        """Look at all that these modules lead to, the nearest things first; of a test file only what is its own."""
        self._roots = frozenset([file])
        self._visited = {} if file else self._shared
        self._kept.append(self._visited)
        for module in modules:
            self.visit(module, (), (0, 0))
        self._go()

    def start(self, variables: Mapping[str, Any], owner: int) -> None:
        """Look at all that some variables of a module lead to."""
        self._kept.append(self._visited)
        try:
            for name, value in variables.items():
                self._hold(name, value, (name,), (owner, 0))
        except Exception:  # noqa: BLE001 - a thing whose class has ideas of its own
            self.opaque = True
        self._go()
        self.close()

    def is_same_as(self, before: Walk) -> bool:
        """Tell whether another look found the same things and these in the same state."""
        if self.seen.keys() != before.seen.keys() or self.alive.keys() != before.alive.keys():
            return False
        if self.seen != before.seen and any(self.seen[key][1] != before.seen[key][1] for key in self.seen):
            return False
        return all(before.alive[thing]() is ref() for thing, ref in self.alive.items())

    def lives(self, here: int) -> bool:
        """Tell whether something that was found still lives."""
        return here in self.alive and self.alive[here]() is not None

    def addresses(self) -> set[int]:
        """Return where everything is that was found."""
        return {here for found in self._kept for here in found}

    def close(self) -> None:
        """Forget the objects themselves."""
        self._waiting.clear()
        self._kept.clear()
        self._shared.clear()
        self._visited.clear()

    def _go(self) -> None:
        while self._waiting:
            if self._count > self._most:
                self.over = True
                break
            thing, names, place = self._waiting.popleft()
            # Always by the type: to ask the object for its class may run code of the project.
            kind = type(thing)
            try:
                way, has_references = _WAYS.get(kind) or _way_into(kind)
                if has_references:  # anything else goes with what it belongs to
                    self.alive[address(thing)] = weakref.ref(thing)
                    place = (address(thing), 0)
                way(self, thing, kind, names, place)
            except Exception:  # noqa: BLE001 - whatever it raises, it is a thing that nobody can look into
                self.opaque = True

    def _module(self, thing: Any, _kind: type, _names: tuple[str, ...], place: Place) -> None:
        self._attributes(types.ModuleType.__getattribute__(thing, "__dict__"), place, module=True)

    def _class(self, thing: Any, _kind: type, _names: tuple[str, ...], place: Place) -> None:
        if self._is_own(type.__getattribute__(thing, "__module__")):
            self._attributes(type.__dict__["__dict__"].__get__(thing), place, module=False)

    def _stateful(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
        self._note(thing, STATES[kind](thing), (*names, getattr(thing, "__name__", "")), place, AGAIN)
        self.visit(getattr(thing, "__wrapped__", None), names, place)
        for name, value in attributes_of(thing):
            self._hold(name, value, (name,), place)

    def _weak(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
        """Look into one of the library's containers of weak references, the notes left out that it keeps for itself."""
        found = dictionary(thing, kind)["data"]
        self._hold("data", found, names, place)

    def _dict(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
        weak = address(thing) in self.keyed
        items = keyed(thing, self.keyed[address(thing)]) if weak else list(items_of(thing, kind))
        # Where a key is its own value, the value follows from the key.
        values = [value for key, value in items if not (weak and is_its_own_value(key, value))]
        self._note(thing, tuple(pairs(items)), names, place, KINDS.of_all(values) if values or not items else 0)
        for key, value in items:
            self.visit(key, names, place, held(key))
            self.visit(value, names, place, (held(key),))
        if kind is not dict:
            self._object(thing, kind, names, place)

    def _sequence(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
        items = list(next(base for base in kind.__mro__ if base in _SEQUENCES).__iter__(thing))
        if not issubclass(kind, (tuple, frozenset)):
            self._note(thing, tuple(map(held, items)), names, place, KINDS.of_all(items))
        for number, item in enumerate(items):
            self.visit(item, names, place, number)
        if kind not in _SEQUENCES:
            self._object(thing, kind, names, place)

    def _other(self, thing: Any, kind: type, names: tuple[str, ...], place: Place) -> None:
        for wrapper, parts in PARTS:
            if issubclass(kind, wrapper):
                for part in parts:
                    self.visit(getattr(thing, part), names, place, part)
                return
        if issubclass(kind, weakref.ReferenceType):
            self._note(thing, address(thing()), names, place, 0)
        elif not self._object(thing, kind, names, place) and kind not in _STATELESS:
            self.opaque = True

    def _function(self, thing: types.FunctionType, _kind: type, names: tuple[str, ...], place: Place) -> None:
        own = (*names, thing.__name__)
        for name, value in thing.__dict__.items():
            self._hold(name, value, (name,), place)
        for part in defaults_of(thing):
            self.visit(part, own, place, type(part).__name__)
        closure = thing.__closure__
        if not closure:  # to ask for the code is an event of which all audit hooks hear
            return
        for name, cell in zip(thing.__code__.co_freevars, closure):
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
        if kind not in SLOTS:
            SLOTS[kind] = slots_of(kind)
        slots = SLOTS[kind]
        if slots is None:
            return False
        found = dictionary(thing, kind)
        for name, value in (*self._shown(found or {}), *filled(thing, slots)):
            self._hold(name, value, known if hidden else (*known, name), place)
        return found is not None or bool(slots)

    def _hold(self, name: str, value: Any, names: tuple[str, ...], place: Place) -> None:
        if type(value) is weakref.WeakKeyDictionary and name.strip("<>") in self._looked_up:
            self.keyed[address(vars(value)["data"])] = weakref.ref(value)
        kind = type(value)
        state = hash((kind.__name__, value)) if kind in PLAIN else address(value)  # as held() has it
        self._put((*place, name), names, state, KINDS.of(value))
        if kind not in ATOMS:
            self.visit(value, names, place, name)

    def _note(self, thing: Any, state: Any, names: tuple[str, ...], place: Place, kind: int) -> None:
        key = (*place, "")
        self._put(key, names, hash(state), kind)
        self._noted[address(thing)] = key

    def _put(self, key: Key, names: tuple[str, ...], state: int, kind: int) -> None:
        known = self.seen.get(key)
        roots = self._roots if known is None or known[2] is self._roots else known[2] | self._roots
        self.seen[key] = (names, state, roots, kind)


if TYPE_CHECKING:
    _Way = Callable[[Walk, Any, type, tuple[str, ...], Place], object]
_WAYS: dict[type, tuple[_Way, bool]] = {}  # how to look into a thing of a type, and whether one can refer to it weakly


def _way_into(kind: type) -> tuple[_Way, bool]:
    """Find, and keep, how to look into a thing."""
    ways: tuple[tuple[Any, _Way], ...] = (
        (types.ModuleType, Walk._module),
        (type, Walk._class),
        (types.FunctionType, Walk._function),
        (dict, Walk._dict),
        (_SEQUENCES, Walk._sequence),
    )
    exact = Walk._stateful if kind in STATES else Walk._weak if kind in _WEAK else None
    found = exact or next((way for base, way in ways if issubclass(kind, base)), Walk._other)
    _WAYS[kind] = (found, bool(type.__getattribute__(kind, "__weakrefoffset__")))
    return _WAYS[kind]


def is_looked_at_by_attributes(kind: type) -> bool:
    """Tell whether a walk looks at the attributes of things of a type, and at nothing else."""
    way, _ = _WAYS.get(kind) or _way_into(kind)
    return way is Walk._other and not issubclass(kind, (weakref.ReferenceType, *(wrapper for wrapper, _ in PARTS)))
