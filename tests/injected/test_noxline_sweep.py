"""Attributes of lasting things that are looked at in turn: after which tests they held something else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from noxline.sessions.measure import INJECTED

CODE = """
import threading
class Thing:
    shared = None
    def __init__(self): self.own, self.other = [], 1
class Slotted:
    __slots__ = ("own",)
THING = Thing()
SLOTTED = Slotted()
SLOTTED.own = []
own = []
"""


@pytest.fixture
def module() -> Iterator[ModuleType]:
    made = ModuleType("swept")
    sys.modules["swept"] = made
    exec(CODE, made.__dict__)
    yield made
    del sys.modules["swept"]


@pytest.fixture
def injected(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(INJECTED))
    import _noxline_sweep

    monkeypatch.setattr(_noxline_sweep, "_SHARE", 1e9)
    return _noxline_sweep


def walk_of(module: ModuleType) -> Any:
    from _noxline_walk import Walk

    walk = Walk(lambda name: name == "swept", 10_000)
    walk.go("", [module])
    walk.close()
    return walk


def begun(injected: Any, module: ModuleType, *stored: str) -> tuple[Any, Any]:
    from _noxline_inside import KINDS

    KINDS.begin(lambda name: name == "swept", ())
    sweep, walk = injected.Sweep(), walk_of(module)
    sweep.begin(stored, walk)
    return sweep, walk


def key_of(walk: Any, thing: object, name: str) -> tuple[int, int, str]:
    from _noxline_inside import address

    key = (address(thing), 0, name)
    assert key in walk.seen
    return key


@pytest.mark.parametrize(("owner", "name"), [("THING", "own"), ("Thing", "shared"), ("", "own")])
def test_it_says_in_which_test_an_attribute_moved(injected: Any, module: ModuleType, owner: str, name: str) -> None:
    sweep, walk = begun(injected, module, "own", "shared")
    thing = vars(module)[owner] if owner else module
    sweep.after_test("a", time.process_time())
    setattr(thing, name, [1])
    sweep.after_test("b", time.process_time())
    sweep.after_test("c", time.process_time())
    assert list(sweep.of(key_of(walk, thing, name)).tests) == ["b"]


def test_what_was_not_reached_in_time_moved_in_any_test_since(
    injected: Any, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(injected, "_SHARE", 0.0)
    monkeypatch.setattr(injected, "_GRACE", 0.0)
    sweep, walk = begun(injected, module, "own")
    for test in "abc":
        sweep.after_test(test, time.process_time())
    module.THING.own = []
    assert list(sweep.of(key_of(walk, module.THING, "own")).tests) == ["a", "b", "c"]
    sweep.after_test("d", time.process_time())
    module.THING.own = []
    assert list(sweep.of(key_of(walk, module.THING, "own")).tests) == ["a", "b", "c", "d"]


def test_what_can_be_put_there_twice_moved_nobody_knows_when(injected: Any, module: ModuleType) -> None:
    sweep, walk = begun(injected, module, "own")
    module.THING.own = 5
    sweep.after_test("a", time.process_time())
    assert sweep.of(key_of(walk, module.THING, "own")).tests is None


def test_only_what_functions_store_is_looked_at_and_what_has_a_dictionary(injected: Any, module: ModuleType) -> None:
    sweep, walk = begun(injected, module, "own")
    assert sweep.of(key_of(walk, module.THING, "other")) is None
    assert sweep.of((1, 2, "own")) is None
    from _noxline_inside import address

    assert sweep.of((address(module.SLOTTED), 0, "own")) is None


def test_things_that_are_gone_are_passed_over_and_nothing_is_kept(injected: Any, module: ModuleType) -> None:
    import weakref

    sweep, _ = begun(injected, module, "own")
    thing = weakref.ref(module.THING)
    del module.THING
    assert thing() is None
    sweep.after_test("a", time.process_time())


def test_what_is_found_later_is_followed_from_then_on(injected: Any, module: ModuleType) -> None:
    sweep, _ = begun(injected, module, "own")
    sweep.after_test("a", time.process_time())
    module.LATER = module.Thing()
    walk = walk_of(module)
    sweep.follow(walk)
    module.LATER.own = []
    sweep.after_test("b", time.process_time())
    assert list(sweep.of(key_of(walk, module.LATER, "own")).tests) == ["b"]


def test_of_the_dead_it_says_nothing_and_they_do_not_pile_up(injected: Any, module: ModuleType) -> None:
    sweep, walk = begun(injected, module, "own")
    key = key_of(walk, module.THING, "own")
    module.THING = None
    assert sweep.of(key) is None
    for _ in range(5):
        module.MANY = [module.Thing() for _ in range(100)]
        sweep.follow(walk_of(module))
    assert len(sweep._turn) <= 210
