"""A glance may be wrong in saying that something moved, never in saying that nothing did: a walk says what is right."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noxline.sessions.measure import INJECTED

CODE = """
import collections, functools, io, itertools, threading, weakref
LOCAL = threading.local()
NESTED = {"a": [[1], {2: (3, [4])}], 5: {6}}
NUMBER = 1000
WEAK = weakref.WeakKeyDictionary()
VALUES = weakref.WeakValueDictionary()
class Thing:
    def __init__(self): self.own = []
class Slotted:
    __slots__ = ("slot",)
class Stream(io.StringIO): pass
THING = Thing()
STREAM = Stream()
def closing():
    hidden, function = [], None
    def inner(more={}): return hidden, more, function
    return inner
INNER = closing()
REF = weakref.ref(THING)
@functools.lru_cache(maxsize=None)
def cached(number): return []
cached(0)
BYTES = bytearray(b"a")
COUNT = itertools.count()
LOCAL.items = [THING]
"""
NAMES = ("LOCAL", "NESTED", "NUMBER", "WEAK", "VALUES", "THING", "STREAM", "INNER", "REF", "cached", "BYTES", "COUNT")
CHANGES = (
    "LOCAL.items.append(1)",
    "LOCAL.more = 2",
    "NESTED['a'][0].append(1)",
    "NESTED['a'][1][2][1].append(NUMBER)",
    "NESTED[5].add(object())",
    "NESTED['new'] = None",
    "NUMBER += 1",
    "WEAK[THING] = [1]",
    "VALUES['x'] = THING",
    "THING = Thing()",
    "THING.own = []",
    "THING.own.append(THING)",
    "STREAM.label = 1",
    "INNER()[0].append(1)",
    "INNER.attribute = 1",
    "INNER()[1]['k'] = 1",
    "INNER = closing()",
    "REF = weakref.ref(Thing)",
    "REF = None",
    "cached(NUMBER)",
    "cached.cache_clear()",
    "getattr(cached, '__wrapped__', cached).label = 1",
    "cached.label = [1]",
    "cached.__wrapped__ = closing()",
    "cached.__dict__.pop('__wrapped__', None)",
    "cached = functools.lru_cache(closing())",
    "cached = functools.lru_cache(lambda number: [])",
    "BYTES.append(1)",
    "next(COUNT)",
)


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    monkeypatch.syspath_prepend(str(INJECTED))
    import _noxline_glance
    import _noxline_walk

    return _noxline_glance, _noxline_walk


def fresh() -> ModuleType:
    module = ModuleType("glanced_at")
    exec(CODE, module.__dict__)
    return module


class Looks:
    """Both ways to look at the variables of a module."""

    def __init__(self, modules: tuple[Any, Any], module: ModuleType) -> None:
        self._glance, self._walk = modules
        self._module = module

    def walk(self) -> Any:
        found = self._walk.Walk(lambda name: name == "glanced_at", 10_000)
        found.start({name: vars(self._module)[name] for name in NAMES}, id(self._module))
        assert not found.opaque
        return found

    def glance(self) -> Any:
        return self._glance.glance([vars(self._module)[name] for name in NAMES], {})


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.sampled_from(CHANGES), max_size=4))
def test_whatever_a_walk_sees_a_glance_sees(changes: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(INJECTED))
        import _noxline_glance
        import _noxline_walk

        module = fresh()
        looks = Looks((_noxline_glance, _noxline_walk), module)
        before, seen = looks.walk(), looks.glance()
        assert seen is not None
        assert seen == looks.glance()
        whole = _noxline_glance.Glance([(module.__dict__, NAMES, before)])
        assert whole.is_same()
        for change in changes:
            exec(change, module.__dict__)
        moved = not looks.walk().is_same_as(before)
        living = all(ref() is not None for ref in before.alive.values())
        assert not moved or looks.glance() != seen or not living
        assert not moved or not whole.is_same()
        if not changes:
            assert not moved


@pytest.mark.parametrize("change", CHANGES)
def test_each_of_these_changes_is_seen_by_both(modules: tuple[Any, Any], change: str) -> None:
    module = fresh()
    looks = Looks(modules, module)
    before, seen = looks.walk(), looks.glance()
    exec(change, module.__dict__)
    assert not looks.walk().is_same_as(before)
    assert looks.glance() != seen


@pytest.mark.parametrize(
    "value",
    ["collections.deque()", "functools.partial(len)", "Slotted()", "Thing", "threading"],
)
def test_what_is_not_seen_at_a_glance_is_left_to_a_walk(modules: tuple[Any, Any], value: str) -> None:
    module = fresh()
    found = eval(value, module.__dict__)
    assert modules[0].glance([[found]], {}) is None


def test_more_than_is_looked_at_is_left_to_a_walk(modules: tuple[Any, Any]) -> None:
    assert modules[0].glance([[[number] for number in range(1000)]], {}) is None


def test_an_empty_cell_is_left_to_a_walk(modules: tuple[Any, Any]) -> None:
    def around() -> Callable[[], object]:
        def inner() -> object:
            return later

        if random.random() < 0:
            later = 1
        return inner

    assert modules[0].glance([around()], {}) is None


def test_nobody_hears_of_a_second_glance(modules: tuple[Any, Any]) -> None:
    looks = Looks(modules, fresh())
    heard: list[str] = []
    listening = [False]

    def hear(event: str, _args: tuple[Any, ...]) -> None:
        if listening[0]:
            heard.append(event)

    looks.glance()
    sys.addaudithook(hear)
    gc.disable()
    listening[0] = True
    looks.glance()
    listening[0] = False
    gc.enable()
    assert [event for event in heard if event != "object.__getattr__"] == []
    assert len(heard) <= 2  # one function has defaults, which are asked for each time


def test_something_else_where_a_cache_was_is_no_cache(
    modules: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import _noxline_caches

    module = fresh()
    caches = _noxline_caches.Caches([(module.__dict__, "cached")])
    assert caches.are_same()
    monkeypatch.setattr(_noxline_caches, "address", lambda _thing: caches._caches[0])
    module.cached = module.THING
    module.THING.__wrapped__ = None
    assert not caches.are_same()
